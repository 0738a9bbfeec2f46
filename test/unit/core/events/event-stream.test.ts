import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { ManualClock, MemoryMetrics } from "../../../../adapters/memory/mod.ts";
import { type ErrorCode, limits, ServiceError } from "../../../../core/base/mod.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import { AckMonitor } from "../../../../core/events/ack-monitor.ts";
import { EventStream } from "../../../../core/events/event-stream.ts";
import type { EventChannel } from "../../../../core/ports/mod.ts";
import { GatewayMetrics } from "../../../../core/telemetry/gateway-metrics.ts";
import { createReferenceCodec } from "../../../../wasm/reference/mod.ts";

interface RigOptions {
  readonly bytesMax?: number;
  readonly itemsMax?: number;
  /** The transport confirms, as in open mode. */
  readonly partition?: boolean;
}

/** One stream, what it publishes, and an origin's and a broker's answers by hand. */
class Rig {
  readonly clock = new ManualClock();
  readonly metrics = new MemoryMetrics();
  /** Published batches, as `FIRST+COUNT`. */
  readonly sent: string[] = [];
  readonly overloaded: Connection[] = [];
  readonly lost: string[] = [];
  readonly stream: EventStream;
  readonly assigned: AckMonitor;
  readonly #unanswered: ((error?: ServiceError) => void)[] = [];

  constructor({ bytesMax = 1e6, itemsMax = 1e6, partition = false }: RigOptions = {}) {
    const codec = createReferenceCodec({
      ...{ node: "n", messageBytesMax: 1_000, batchBytesTarget: 65_536, partialBytesMax: 1_000 },
    });
    const channel: EventChannel = {
      batchBytesMax: 1e6,
      start: async () => {},
      stop: async () => {},
      publish: (_, batch, confirmed) => {
        const [, , first, items] = decode(batch) as [number, string, number, unknown[]];
        this.sent.push(`${first}+${items.length}`);
        this.#unanswered.push(confirmed);
      },
    };
    this.stream = new EventStream(
      { codec, channel, clock: this.clock, metrics: new GatewayMetrics(this.metrics) },
      {
        ...{ stream: "s", json: false, windowBytesMax: bytesMax, windowItemsMax: itemsMax },
        destination: partition ? { app: "a", partition: 0 } : { app: "a", origin: "o" },
        overload: (connection) => this.overloaded.push(connection),
        ...{ unfit: () => {}, lost: (code) => this.lost.push(code) },
      },
    );
    const presence = { v: 1, incarnation: "i", at: 0, every: 1_000 } as const;
    this.assigned = new AckMonitor({ name: "o", presence }, this.stream, this.clock);
    this.stream.connected(true);
  }

  /** Batches of one event each; the broker has them. */
  write(batches: number, text = "x"): void {
    for (let batch = 0; batch < batches; batch++) {
      this.stream.append(["message", "n.1", batch, text]);
      this.clock.turn();
      this.answer();
    }
  }

  answer(code?: ErrorCode): void {
    const error = code === undefined ? undefined : new ServiceError(code, "by hand");
    for (const confirmed of this.#unanswered.splice(0)) confirmed(error);
  }

  /** What was published since the last time. */
  take(): string[] {
    return this.sent.splice(0);
  }

  /** A look at the stream every second; the seconds in which something was published. */
  look(seconds: number): number[] {
    const at: number[] = [];
    for (let second = 1; second <= seconds; second++) {
      this.clock.advance(1_000);
      this.assigned.check(1e9);
      if (this.take().length > 0) at.push(second);
      this.answer();
    }
    return at;
  }
}

test("what an origin misses is published again from there, at most once in 100 ms", () => {
  const rig = new Rig();
  rig.write(4);
  assert.deepEqual(rig.take(), ["0+1", "1+1", "2+1", "3+1"]);
  rig.clock.advance(1_000);
  assert.equal(rig.assigned.acknowledge(1, 2), true);
  assert.deepEqual(rig.take(), ["2+1", "3+1"]);
  rig.clock.advance(limits.repeatMs - 1);
  assert.equal(rig.assigned.acknowledge(1, 2), false);
  assert.deepEqual(rig.take(), []);
  rig.clock.advance(1);
  assert.equal(rig.assigned.acknowledge(1, 2), true);
  assert.deepEqual(rig.take(), ["2+1", "3+1"]);
  rig.clock.advance(1_000);
  assert.equal(rig.assigned.acknowledge(1, 4), false, "it has all that was published");
  assert.equal(rig.assigned.acknowledge(2, undefined), false, "it is only slow");
  assert.deepEqual(rig.take(), []);
});

test("a silent origin is probed with the oldest batch after 2, 4, 8, 16, then 30 s", () => {
  const rig = new Rig();
  rig.write(3);
  assert.deepEqual(rig.take(), ["0+1", "1+1", "2+1"]);
  assert.deepEqual(rig.look(91), [2, 6, 14, 30, 60, 90]);
  rig.clock.advance(30_000);
  rig.assigned.check(1e9);
  assert.deepEqual(rig.take(), ["0+1"], "the oldest alone");
  rig.answer();
  rig.assigned.acknowledge(2, undefined);
  rig.take();
  assert.deepEqual(rig.look(7), [2, 6], "what was confirmed begins the wait anew");
});

test("a probe that was taken as new: what was published after it comes again at once", () => {
  const rig = new Rig();
  rig.write(3);
  rig.clock.advance(2_000);
  rig.assigned.check(1e9);
  assert.deepEqual(rig.take(), ["0+1", "1+1", "2+1", "0+1"]);
  assert.equal(rig.assigned.acknowledge(1, undefined), true);
  assert.deepEqual(rig.take(), ["1+1", "2+1"]);
});

test("where the node's broker is back, all from `confirmed` on is published again", () => {
  const rig = new Rig();
  rig.write(4);
  rig.assigned.acknowledge(2, undefined);
  rig.take();
  rig.stream.connected(false);
  rig.stream.append(["message", "n.1", 9, "new"]);
  rig.clock.turn();
  assert.deepEqual(rig.take(), []);
  rig.stream.connected(true);
  rig.answer("broker-lost");
  rig.answer();
  assert.deepEqual(rig.take(), ["2+1", "3+1", "4+1"]);
});

test("past the window nothing new goes out, by its bytes and by its items", () => {
  for (const options of [{ bytesMax: 100 }, { itemsMax: 3 }]) {
    const rig = new Rig(options);
    rig.write(10, "x".repeat(20));
    const sent = rig.take().length;
    assert.ok(sent >= 1 && sent <= 3, `${sent} batches`);
    assert.equal(rig.stream.windowFull, true);
    assert.equal(rig.assigned.acknowledge(sent, undefined), false);
    assert.equal(rig.take().length, 1, "then the rest, as one");
  }
});

test("no more than 64 batches are published without an answer of the broker", () => {
  const rig = new Rig();
  // The batch buffer is full each time, so that each is a batch of its own.
  for (let batch = 0; batch < 100; batch++) {
    rig.stream.append(["message", "n.1", batch, "x"]);
    rig.stream.bufferFull();
  }
  assert.equal(rig.take().length, limits.eventWindowBatchesMax);
  rig.answer();
  assert.equal(rig.take().length, 36);
});

test("a batch in the making is closed before it passes 64 KiB", () => {
  const rig = new Rig();
  const big = "x".repeat(20_000);
  for (let seq = 0; seq < 10; seq++) rig.stream.append(["close", "n.1", seq, 1_000, big]);
  rig.clock.turn();
  assert.deepEqual(rig.take(), ["0+3", "3+3", "6+3"], "what is whole goes out at once");
  rig.answer();
  assert.deepEqual(rig.take(), ["9+1"]);
});

/** A connection whose runtime can pause its socket, or cannot. */
function connection(canPause: boolean): Connection & { reads: boolean } {
  const made = {
    ...{ paused: false, closing: undefined, reads: true },
    socket: {
      pause: () => {
        if (canPause) made.reads = false;
        return canPause;
      },
      resume: () => {
        made.reads = true;
      },
    },
  };
  return made as unknown as Connection & { reads: boolean };
}

test("past the window whoever talks is not read, until there is room again", () => {
  const rig = new Rig({ bytesMax: 100 });
  const talks = connection(true);
  rig.stream.hold(talks);
  assert.equal(talks.reads, true, "there is room");
  rig.write(10, "x".repeat(20));
  rig.stream.hold(talks);
  assert.deepEqual([talks.reads, rig.stream.pausedConnections], [false, 1]);
  assert.equal(rig.metrics.value("wss_reading_paused_total"), 1);
  rig.answer();
  while (rig.stream.window.confirmed < 10) {
    const before = rig.stream.window.confirmed;
    rig.assigned.acknowledge(rig.stream.window.published, undefined);
    rig.answer();
    assert.ok(rig.stream.window.confirmed > before);
  }
  assert.deepEqual([talks.reads, rig.stream.pausedConnections], [true, 0]);
  assert.deepEqual(rig.overloaded, []);
});

test("who cannot be paused is closed at twice the window, not before", () => {
  const rig = new Rig({ bytesMax: 200 });
  const talks = connection(false);
  for (let message = 0; message < 30; message++) {
    rig.write(1, "x".repeat(20));
    rig.stream.hold(talks);
    const over = rig.stream.unconfirmedBytes > 400;
    assert.equal(rig.overloaded.length > 0, over, `${rig.stream.unconfirmedBytes} bytes`);
    if (over) return;
  }
  assert.fail("it never was");
});

test("a partition's batches are confirmed by the broker, and lost where it refuses them", () => {
  const rig = new Rig({ partition: true });
  rig.write(2);
  assert.deepEqual([rig.stream.window.confirmed, rig.stream.unconfirmedBytes], [2, 0]);
  rig.stream.append(["message", "n.1", 3, "x"]);
  rig.clock.turn();
  rig.answer("publish-refused");
  assert.deepEqual([rig.stream.window.confirmed, rig.lost], [3, ["publish-refused"]]);
});
