import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../core/base/mod.ts";
import { type Admission, CommandStreams } from "../../core/command-streams.ts";

/** What becomes of a batch of a stream that says no base, or says one. */
function admitTo(streams: CommandStreams): (...numbers: readonly number[]) => Admission {
  return (first = 0, items = 0, base = -1) => streams.admit("s", { first, items, base });
}

test("a numbered stream drops what was seen, and handles nothing past a gap", () => {
  const admit = admitTo(new CommandStreams());
  assert.deepEqual(admit(10, 5), { skip: 0, gap: 0, next: 15 });
  assert.deepEqual(admit(10, 5), { skip: 5, gap: 0, next: 15 });
  assert.deepEqual(admit(13, 4), { skip: 2, gap: 0, next: 17 });
  assert.deepEqual(admit(20, 1), { skip: 0, gap: 3, next: 17 });
  assert.deepEqual(admit(17, 4), { skip: 0, gap: 0, next: 21 });
});

test("a stream whose head was lost begins where its sender can still begin", () => {
  const admit = admitTo(new CommandStreams());
  assert.deepEqual(admit(5, 5, 2), { skip: 0, gap: 3, next: 2 });
  assert.deepEqual(admit(10, 1, 2), { skip: 0, gap: 8, next: 2 });
  assert.deepEqual(admit(2, 3, 2), { skip: 0, gap: 0, next: 5 });
  assert.deepEqual(admit(5, 5, 2), { skip: 0, gap: 0, next: 10 });
  // Whatever its sender keeps by now: the stream is known.
  assert.deepEqual(admit(12, 1, 11), { skip: 0, gap: 2, next: 10 });
});

test("what a sender gave up meanwhile is not waited for", () => {
  const admit = admitTo(new CommandStreams());
  assert.deepEqual(admit(5, 5, 2), { skip: 0, gap: 3, next: 2 });
  assert.deepEqual(admit(10, 1, 10), { skip: 0, gap: 0, next: 11 });
});

test("a base above the first item is nonsense, and harms nobody", () => {
  assert.deepEqual(admitTo(new CommandStreams())(5, 5, 8), { skip: 0, gap: 0, next: 10 });
});

test("streams that are not used are forgotten, the oldest first", () => {
  const streams = new CommandStreams();
  const admit = (stream: string, first: number): number =>
    streams.admit(stream, { first, items: 1, base: -1 }).next;
  admit("kept", 0);
  admit("oldest", 0);
  for (let index = 0; index < limits.commandStreamsMax - 1; index++) {
    admit("kept", index + 1);
    admit(`s${index}`, 0);
  }
  assert.equal(admit("oldest", 7), 8, "taken from where it stands");
  assert.deepEqual(streams.admit("kept", { first: 0, items: 1, base: -1 }), {
    skip: 1,
    gap: 0,
    next: limits.commandStreamsMax,
  });
});
