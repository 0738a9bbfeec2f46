import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import {
  type Acknowledgement,
  Acknowledgements,
  HandledItems,
  PresenceMonitor,
  ReliableReceiver,
  StreamMemory,
} from "../../../../core/streams/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

test("what was received is dropped, and nothing past a gap is accepted", () => {
  const receiver = new ReliableReceiver();
  assert.deepEqual(receiver.accept(10, 5), { skip: 0, gap: 0, next: 15 });
  assert.deepEqual(receiver.accept(10, 5), { skip: 5, gap: 0, next: 15 });
  assert.deepEqual(receiver.accept(13, 4), { skip: 2, gap: 0, next: 17 });
  assert.deepEqual(receiver.accept(20, 1), { skip: 0, gap: 3, next: 17 });
  assert.deepEqual(receiver.accept(17, 4), { skip: 0, gap: 0, next: 21 });
});

test("a stream whose first batch was lost begins where its sender can still begin", () => {
  const receiver = new ReliableReceiver();
  assert.deepEqual(receiver.accept(5, 5, 2), { skip: 0, gap: 3, next: 2 });
  assert.deepEqual(receiver.accept(10, 1, 2), { skip: 0, gap: 8, next: 2 });
  assert.deepEqual(receiver.accept(2, 3, 2), { skip: 0, gap: 0, next: 5 });
  assert.deepEqual(receiver.accept(5, 5, 2), { skip: 0, gap: 0, next: 10 });
  // Whatever its sender keeps by now: the stream is known.
  assert.deepEqual(receiver.accept(12, 1, 11), { skip: 0, gap: 2, next: 10 });
});

test("what a sender gave up meanwhile is not waited for", () => {
  const receiver = new ReliableReceiver();
  assert.deepEqual(receiver.accept(5, 5, 2), { skip: 0, gap: 3, next: 2 });
  assert.deepEqual(receiver.accept(10, 1, 10), { skip: 0, gap: 0, next: 11 });
});

test("an oldest item above the first is nonsense, and harms nobody", () => {
  assert.deepEqual(new ReliableReceiver().accept(5, 5, 8), { skip: 0, gap: 0, next: 10 });
});

test("where nobody repeats what is missing the stream goes on behind it", () => {
  const receiver = new ReliableReceiver();
  receiver.accept(0, 2);
  receiver.skipTo(5);
  assert.deepEqual(receiver.accept(5, 1), { skip: 0, gap: 0, next: 6 });
});

const limited = { perSenderMax: 3, streamsMax: 6, senderSilentMs: 1_000 };

test("streams of one name are two streams, where two senders have them", () => {
  const memory = new StreamMemory<number>(new ManualClock(), limited);
  memory.add("me", "s", 1);
  assert.equal(memory.get("other", "s"), undefined);
  memory.add("other", "s", 2);
  assert.deepEqual([memory.get("me", "s"), memory.get("other", "s")], [1, 2]);
  assert.deepEqual([...memory.values()], [1, 2]);
});

test("a sender's own streams that are not used are forgotten, the oldest first", () => {
  const memory = new StreamMemory<number>(new ManualClock(), limited);
  for (let index = 0; index < 3; index++) memory.add("me", `s${index}`, index);
  memory.get("me", "s0");
  memory.add("me", "s3", 3);
  const found = ["s0", "s1", "s2", "s3"].map((name) => memory.get("me", name));
  assert.deepEqual(found, [0, undefined, 2, 3]);
});

test("where all places are taken a new sender is refused, until one was silent for long", () => {
  const clock = new ManualClock();
  const memory = new StreamMemory<number>(clock, limited);
  for (let index = 0; index < 6; index++) memory.add(`sender${index}`, "s", index);
  assert.equal(memory.add("new", "s", 7), false);
  assert.equal(memory.add("sender0", "another", 8), true, "in place of its own first");
  assert.equal(memory.get("sender0", "s"), undefined);
  clock.advance(limited.senderSilentMs - 1);
  assert.equal(memory.add("new", "s", 7), false);
  memory.get("sender1", "s");
  clock.advance(1);
  assert.equal(memory.add("new", "s", 7), true);
  assert.equal(memory.get("sender1", "s"), 1, "a sender that was used is remembered");
  assert.equal(memory.get("sender2", "s"), undefined, "who was silent is not");
});

test("acknowledgements wait for one another; one of a gap goes at once, with the others", () => {
  const clock = new ManualClock();
  const sent: [sender: string, acks: readonly Acknowledgement[], json: boolean][] = [];
  const acks = new Acknowledgements(clock, (...given) => sent.push(given));
  acks.note("me", ["ack", "a", 1]);
  acks.note("me", ["ack", "b", 1]);
  acks.note("other", ["ack", "a", 5], true);
  acks.note("me", ["ack", "a", 2]);
  clock.advance(limits.ackDelayMs - 1);
  assert.deepEqual(sent, []);
  clock.advance(1);
  assert.deepEqual(sent.splice(0), [
    [
      "me",
      [
        ["ack", "a", 2],
        ["ack", "b", 1],
      ],
      false,
    ],
    ["other", [["ack", "a", 5]], true],
  ]);
  acks.note("me", ["ack", "b", 3]);
  acks.note("me", ["ack", "a", 2, 2]);
  assert.deepEqual(sent, [
    [
      "me",
      [
        ["ack", "b", 3],
        ["ack", "a", 2, 2],
      ],
      false,
    ],
  ]);
  clock.advance(limits.ackDelayMs);
  assert.equal(sent.length, 1);
});

/** Acknowledgements of a stream that goes on for `ms`, a batch each ms; when they were sent. */
function ackTimes(ms: number, bytes: number, waitsMax?: number): string[] {
  const clock = new ManualClock();
  const begun = clock.now();
  const sent: string[] = [];
  const acks = new Acknowledgements(
    clock,
    (_sender, [ack]) => sent.push(`${ack?.[2]} at ${clock.now() - begun}`),
    waitsMax,
  );
  for (let batch = 1; batch <= ms; batch++) {
    acks.received(bytes);
    acks.note("me", ["ack", "a", batch]);
    clock.advance(1);
  }
  clock.advance(1_000);
  return sent;
}

test("an acknowledgement goes after 10 ms, and waits for others up to 50", () => {
  assert.deepEqual(ackTimes(1, 100), ["1 at 10"]);
  assert.deepEqual(ackTimes(5, 100), ["5 at 20"], "10 ms without another one");
  assert.deepEqual(ackTimes(120, 100), ["50 at 50", "100 at 100", "120 at 130"]);
  assert.deepEqual(ackTimes(120, 500), ["50 at 50", "100 at 100", "120 at 130"]);
});

test("it waits no longer than 10 ms if the batches may fill a window", () => {
  const half = limits.ackBytes >> 1;
  assert.deepEqual(ackTimes(30, half), ["10 at 10", "20 at 20", "30 at 30"]);
  assert.deepEqual(ackTimes(12, limits.ackBytes / 12), ["12 at 20"], "only the last made it so");
  assert.deepEqual(ackTimes(30, 100, 1), ["10 at 10", "20 at 20", "30 at 30"]);
});

test("what made one acknowledgement go says nothing of the next", () => {
  const clock = new ManualClock();
  const begun = clock.now();
  const sent: string[] = [];
  const acks = new Acknowledgements(clock, (_sender, given) => {
    for (const [, , count, received] of given) {
      sent.push(`${count} ${received ?? ""} at ${clock.now() - begun}`);
    }
  });
  const batches = (from: number, to: number): string[] => {
    for (let batch = from; batch < to; batch++) {
      acks.note("me", ["ack", "a", batch]);
      clock.advance(1);
    }
    return sent.splice(0);
  };
  acks.received(limits.ackBytes);
  assert.deepEqual(batches(0, 61), ["9  at 10", "59  at 60"], "much, and then little");
  assert.deepEqual(batches(61, 110), ["109  at 110"]);
  clock.advance(10);
  acks.note("me", ["ack", "a", 120]);
  clock.advance(20);
  assert.deepEqual(
    sent.splice(0),
    ["120  at 130"],
    "one alone, behind one that waited for others",
  );
  acks.note("me", ["ack", "b", 1, 1]);
  acks.note("me", ["ack", "b", 1, 1]);
  assert.deepEqual(batches(140, 170), ["1 1 at 140", "1 1 at 150", "149  at 150"]);
});

test("hundreds of batches behind one gap ask once, and once more after 10 ms", () => {
  const clock = new ManualClock();
  const sent: (readonly Acknowledgement[])[] = [];
  const acks = new Acknowledgements(clock, (_sender, given) => sent.push(given));
  for (let batch = 0; batch < 300; batch++) acks.note("me", ["ack", "a", 1, 2]);
  assert.deepEqual(sent, [[["ack", "a", 1, 2]]]);
  clock.advance(limits.ackDelayMs);
  assert.deepEqual(sent, Array(2).fill([["ack", "a", 1, 2]]));
  acks.note("me", ["ack", "a", 1, 2]);
  assert.equal(sent.length, 3, "a later one goes at once again");
});

test("what is asked for stays asked for, until items behind it are handled", () => {
  const clock = new ManualClock();
  const sent: (readonly Acknowledgement[])[] = [];
  const acks = new Acknowledgements(clock, (_sender, given) => sent.push(given));
  const flush = (): (readonly Acknowledgement[])[] => {
    clock.advance(limits.ackDelayMs - 1);
    clock.advance(1);
    return sent.splice(0);
  };
  for (const received of [8, 9]) acks.note("me", ["ack", "a", 5, received]);
  acks.note("me", ["ack", "a", 7]);
  assert.deepEqual(flush(), [[["ack", "a", 5, 8]], [["ack", "a", 7, 9]]]);
  for (const received of [8, 9]) acks.note("me", ["ack", "a", 5, received]);
  acks.note("me", ["ack", "a", 12]);
  assert.deepEqual(flush(), [[["ack", "a", 5, 8]], [["ack", "a", 12]]]);
});

test("what is handled behind a batch that takes long is told as ranges", () => {
  const told: unknown[] = [];
  const items = new HandledItems("s", () => {
    told.push([items.handled, items.beyond.map((range) => [...range])]);
  });
  const [a, b, c, d, e] = [2, 3, 6, 7, 9].map((end) => items.begin(end));
  items.settle(d!);
  items.settle(b!);
  items.settle(c!);
  items.settle(a!);
  items.settle(e!);
  assert.deepEqual(told, [
    [0, [[6, 7]]],
    [
      0,
      [
        [2, 3],
        [6, 7],
      ],
    ],
    [0, [[2, 7]]],
    [7, []],
    [9, []],
  ]);
});

test("ranges grow on either side, and stay where a batch between is handled last", () => {
  const items = new HandledItems("s", () => {});
  const records = [1, 2, 3, 4, 5, 6, 7, 8].map((end) => items.begin(end));
  for (const index of [4, 5, 3, 7]) items.settle(records[index]!);
  assert.deepEqual(items.beyond, [
    [3, 6],
    [7, 8],
  ]);
  for (const index of [0, 2, 1]) items.settle(records[index]!);
  assert.deepEqual([items.handled, items.beyond], [6, [[7, 8]]]);
  items.settle(records[6]!);
  assert.deepEqual([items.handled, items.beyond], [8, []]);
});

test("a batch is handled when it is read and each of its events is", () => {
  const items = new HandledItems("s", () => {});
  const record = items.begin(3);
  record.pending += 2;
  items.settle(record);
  items.settle(record);
  assert.equal(items.handled, 0);
  items.settle(record);
  assert.equal(items.handled, 3);
});

function watching(): { clock: ManualClock; monitor: PresenceMonitor; gone: string[] } {
  const clock = new ManualClock();
  const gone: string[] = [];
  return { clock, gone, monitor: new PresenceMonitor(clock, (name) => void gone.push(name)) };
}

test("a name expires once, when three heartbeats are missing", () => {
  const { clock, monitor, gone } = watching();
  monitor.heartbeat("a", 1_000);
  clock.advance(2_999);
  monitor.heartbeat("a", 1_000);
  clock.advance(2_999);
  assert.deepEqual(gone, []);
  clock.advance(1);
  monitor.cleared("a", 1);
  clock.advance(10_000);
  assert.deepEqual(gone, ["a"]);
  assert.equal(clock.pendingTimers, 0);
});

test("a cleared presence has its grace, and one that was forgotten never expires", () => {
  const { clock, monitor, gone } = watching();
  for (const name of ["a", "b", "c"]) monitor.heartbeat(name, 1_000);
  for (const name of ["a", "b"]) monitor.cleared(name, 250);
  monitor.forget("c");
  clock.advance(249);
  monitor.heartbeat("b", 1_000);
  clock.advance(1);
  assert.deepEqual(gone, ["a"]);
  clock.advance(10_000);
  assert.deepEqual(gone, ["a", "b"]);
});
