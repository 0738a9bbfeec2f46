import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../../adapters/memory/mod.ts";
import { limits } from "../../../../core/base/mod.ts";
import { type Admission, CommandStreams } from "../../../../core/commands/command-streams.ts";

/** What becomes of a batch of a stream that says no base, or says one. */
function admitTo(streams: CommandStreams): (...numbers: readonly number[]) => Admission {
  return (first = 0, items = 0, base = -1) => {
    const admission = streams.admit("me", { stream: "s", first, items, base });
    assert.ok(admission !== undefined);
    return admission;
  };
}

test("a numbered stream drops what was seen, and handles nothing past a gap", () => {
  const admit = admitTo(new CommandStreams(new ManualClock()));
  assert.deepEqual(admit(10, 5), { skip: 0, gap: 0, next: 15 });
  assert.deepEqual(admit(10, 5), { skip: 5, gap: 0, next: 15 });
  assert.deepEqual(admit(13, 4), { skip: 2, gap: 0, next: 17 });
  assert.deepEqual(admit(20, 1), { skip: 0, gap: 3, next: 17 });
  assert.deepEqual(admit(17, 4), { skip: 0, gap: 0, next: 21 });
});

test("a stream whose head was lost begins where its sender can still begin", () => {
  const admit = admitTo(new CommandStreams(new ManualClock()));
  assert.deepEqual(admit(5, 5, 2), { skip: 0, gap: 3, next: 2 });
  assert.deepEqual(admit(10, 1, 2), { skip: 0, gap: 8, next: 2 });
  assert.deepEqual(admit(2, 3, 2), { skip: 0, gap: 0, next: 5 });
  assert.deepEqual(admit(5, 5, 2), { skip: 0, gap: 0, next: 10 });
  // Whatever its sender keeps by now: the stream is known.
  assert.deepEqual(admit(12, 1, 11), { skip: 0, gap: 2, next: 10 });
});

test("what a sender gave up meanwhile is not waited for", () => {
  const admit = admitTo(new CommandStreams(new ManualClock()));
  assert.deepEqual(admit(5, 5, 2), { skip: 0, gap: 3, next: 2 });
  assert.deepEqual(admit(10, 1, 10), { skip: 0, gap: 0, next: 11 });
});

test("a base above the first item is nonsense, and harms nobody", () => {
  assert.deepEqual(admitTo(new CommandStreams(new ManualClock()))(5, 5, 8), {
    skip: 0,
    gap: 0,
    next: 10,
  });
});

/** Takes one item of a stream that says no base. */
function take(streams: CommandStreams, sender: string, stream: string, first = 0): Admission {
  const admission = streams.admit(sender, { stream, first, items: 1, base: -1 });
  assert.ok(admission !== undefined);
  return admission;
}

test("streams of one name are two streams, where two senders have them", () => {
  const streams = new CommandStreams(new ManualClock());
  take(streams, "me", "s", 5);
  assert.deepEqual(take(streams, "other", "s", 0), { skip: 0, gap: 0, next: 1 });
  assert.deepEqual(take(streams, "me", "s", 6), { skip: 0, gap: 0, next: 7 });
  assert.deepEqual(take(streams, "other", "s", 0), { skip: 1, gap: 0, next: 1 });
});

test("a sender's own streams that are not used are forgotten, the oldest first", () => {
  const streams = new CommandStreams(new ManualClock());
  take(streams, "me", "kept");
  take(streams, "me", "oldest");
  for (let index = 0; index < limits.commandStreamsPerSenderMax - 1; index++) {
    take(streams, "me", "kept", index + 1);
    take(streams, "me", `s${index}`);
  }
  assert.equal(take(streams, "me", "oldest", 7).skip, 0, "taken from where it stands");
  assert.equal(take(streams, "me", "kept", 0).skip, 1);
});

test("whoever has many streams makes the node forget none of another sender", () => {
  const streams = new CommandStreams(new ManualClock());
  take(streams, "quiet", "s");
  for (let index = 0; index < 2 * limits.commandStreamsMax; index++) {
    take(streams, "loud", `s${index}`);
  }
  assert.equal(take(streams, "quiet", "s").skip, 1);
});

/** As many senders, with one stream each, as there is room for. */
function fill(streams: CommandStreams): void {
  for (let index = 0; index < limits.commandStreamsMax; index++) {
    take(streams, `sender${index}`, "s");
  }
}

test("where all streams are taken a new sender is refused, and the others are remembered", () => {
  const clock = new ManualClock();
  const streams = new CommandStreams(clock);
  fill(streams);
  const batch = { stream: "s", first: 0, items: 1, base: -1 };
  assert.equal(streams.admit("new", batch), undefined);
  assert.equal(take(streams, "sender0", "s").skip, 1);
  assert.equal(take(streams, "sender0", "another").skip, 0, "in place of its own first");
  assert.equal(take(streams, "sender0", "s").skip, 0);
  clock.advance(limits.commandSenderSilentMs - 1);
  assert.equal(streams.admit("new", batch), undefined);
  take(streams, "sender1", "s");
  clock.advance(1);
  assert.deepEqual(streams.admit("new", batch), { skip: 0, gap: 0, next: 1 });
  assert.equal(take(streams, "sender1", "s").skip, 1, "who was heard of is remembered");
  assert.equal(take(streams, "sender2", "s").skip, 0, "who was silent is not");
});
