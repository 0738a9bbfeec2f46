import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import {
  type CloseReason,
  closeReasons,
  type ErrorCode,
  limits,
  ServiceError,
} from "../../../../core/base/mod.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import { Registry } from "../../../../core/connection/mod.ts";
import { EventStream } from "../../../../core/events/event-stream.ts";
import type { EventChannel } from "../../../../core/ports/mod.ts";
import { GatewayMetrics } from "../../../../core/telemetry/gateway-metrics.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { ManualClock, MemoryLogger, MemoryMetrics } from "../../../support/memory/mod.ts";
import { smallOptions } from "../../../vectors/codecs.ts";

interface RigOptions {
  readonly bytesMax?: number;
  readonly itemsMax?: number;
  /** The transport confirms, as in open mode. */
  readonly partition?: boolean;
  /** It tells where nobody subscribes, as with MQTT 5. */
  readonly knowsSubscribers?: boolean;
  readonly batchBytesTarget?: number;
}

/** One stream, what it publishes, and an origin's and a broker's answers by hand. */
class Rig {
  readonly clock = new ManualClock();
  readonly metrics = new MemoryMetrics();
  /** Published batches, as `FIRST+COUNT`. */
  readonly sent: string[] = [];
  readonly logger = new MemoryLogger();
  readonly stream: EventStream;
  readonly #unanswered: ((error?: ServiceError) => void)[] = [];

  constructor({
    bytesMax = 1e6,
    itemsMax = 1e6,
    partition = false,
    knowsSubscribers = false,
    batchBytesTarget = 65_536,
  }: RigOptions = {}) {
    const codec = createReferenceCodec({ ...smallOptions, batchBytesTarget });
    const channel: EventChannel = {
      batchBytesMax: 1e6,
      knowsSubscribers,
      start: async () => {},
      stop: async () => {},
      publish: (_, batch, confirmed) => {
        const [, , first, items] = decode(batch) as [number, string, number, unknown[]];
        this.sent.push(`${first}+${items.length}`);
        this.#unanswered.push(confirmed);
      },
      publishAtMostOnce: (destination, batch, sent) => channel.publish(destination, batch, sent),
    };
    this.stream = new EventStream(
      {
        ...codec,
        channel,
        clock: this.clock,
        metrics: new GatewayMetrics(this.metrics),
        logger: this.logger,
        registry: new Registry(1).of("a"),
      },
      {
        name: "s",
        destination: partition ? { app: "a", partition: 0 } : { app: "a", origin: "o" },
        json: false,
        windowBytesMax: bytesMax,
        windowItemsMax: itemsMax,
      },
    );
    codec.events.bind(0, `n.${"A".repeat(26)}`, this.stream.buffer);
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
}

test("past the window nothing new goes out, by its bytes and by its items", () => {
  for (const options of [{ bytesMax: 100 }, { itemsMax: 3 }]) {
    const rig = new Rig(options);
    rig.write(10, "x".repeat(20));
    const sent = rig.take().length;
    assert.ok(sent >= 1 && sent <= 3, `${sent} batches`);
    assert.equal(rig.stream.windowFull, true);
    assert.equal(rig.stream.acknowledge(sent), false);
    assert.equal(rig.take().length, 1, "then the rest, as one");
  }
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

type FakeConnection = Connection & { readonly reads: boolean; readonly closed: CloseReason[] };

/** A connection whose runtime can pause its socket, or cannot. */
function connection(canPause: boolean): FakeConnection {
  const made = {
    paused: false,
    shareBytes: 0,
    shareItem: 0,
    lastItem: 0,
    closing: undefined,
    reads: true,
    closed: [] as CloseReason[],
    close: (reason: CloseReason) => made.closed.push(reason),
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
  return made as unknown as FakeConnection;
}

test("past the window whoever talks is not read, until there is room again", () => {
  const rig = new Rig({ bytesMax: 100 });
  const talks = connection(true);
  rig.stream.pauseIfFull(talks);
  assert.equal(talks.reads, true, "there is room");
  rig.write(10, "x".repeat(20));
  rig.stream.pauseIfFull(talks);
  assert.deepEqual([talks.reads, rig.stream.pausedConnections], [false, 1]);
  assert.equal(rig.metrics.value("wss_reading_paused_total"), 1);
  rig.answer();
  while (rig.stream.acknowledged < 10) {
    const before = rig.stream.acknowledged;
    const [last = ""] = rig.take().slice(-1);
    const [first = 0, count = 0] = last.split("+").map(Number);
    rig.stream.acknowledge(first + count);
    rig.answer();
    assert.ok(rig.stream.acknowledged > before);
  }
  assert.deepEqual([talks.reads, rig.stream.pausedConnections], [true, 0]);
  assert.deepEqual(talks.closed, []);
});

test("who cannot be paused is closed at twice the window, not before", () => {
  const rig = new Rig({ bytesMax: 200 });
  const talks = connection(false);
  for (let message = 0; message < 30; message++) {
    rig.write(1, "x".repeat(20));
    rig.stream.pauseIfFull(talks);
    const over = rig.stream.unconfirmedBytes > 400;
    assert.equal(
      talks.closed[0] === closeReasons.windowFull,
      over,
      `${rig.stream.unconfirmedBytes} bytes`,
    );
    if (over) return;
  }
  assert.fail("it never was");
});

/** A message of this connection, in a batch of its own. */
function say(rig: Rig, talks: FakeConnection, bytes = 1_000): void {
  rig.write(1);
  talks.lastItem = rig.stream.next;
  rig.stream.received(talks, 1, bytes);
}

test("a connection is not read past its share of the window, while others still are", () => {
  const rig = new Rig({ bytesMax: 16 * 100_000, itemsMax: 16 * 100 });
  const [hangs, talks] = [connection(true), connection(true)];
  say(rig, hangs);
  say(rig, talks);
  rig.stream.acknowledge(0, undefined, [[1, 2]]);
  // 100 KB are 100 messages; while others hang it is an eighth.
  for (let count = 0; hangs.reads && count < 100; count++) say(rig, hangs);
  assert.ok(rig.stream.next > 10 && rig.stream.next < 30, `${rig.stream.next} items`);
  assert.deepEqual([hangs.reads, rig.stream.windowFull, talks.reads], [false, false, true]);
  assert.equal(rig.metrics.value("wss_reading_paused_total"), 1);
  for (let count = 0; count < 2_000; count++) {
    say(rig, talks);
    const { next } = rig.stream;
    rig.stream.acknowledge(0, undefined, [[next - 1, next]]);
  }
  assert.deepEqual([hangs.reads, rig.stream.windowFull, talks.reads], [false, false, true]);
  rig.stream.acknowledge(rig.stream.next);
  assert.deepEqual([hangs.reads, rig.stream.pausedConnections], [true, 0]);
  assert.deepEqual(hangs.closed, []);
});

test("while nobody hangs a connection has a sixteenth of the window, in bytes or items", () => {
  for (const [bytesMax, itemsMax, messages, bytes] of [
    [16 * 100_000, 1e9, 99, 1_000],
    [1e9, 16 * 100, 99, 1_000],
    // The least that it has.
    [1e6, 200, 63, 10],
  ] as const) {
    const rig = new Rig({ bytesMax, itemsMax });
    const talks = connection(true);
    let said = 0;
    for (; talks.reads && said < 1_000; said++) say(rig, talks, bytes);
    // Its first share is forgotten, because nothing was before it.
    assert.ok(said > messages && said <= 2 * messages + 2, `${said} messages of ${messages}`);
  }
});

test("a partition's batches are confirmed by the broker, and lost where it refuses them", () => {
  const rig = new Rig({ partition: true });
  rig.write(2);
  assert.deepEqual([rig.stream.acknowledged, rig.stream.unconfirmedBytes], [2, 0]);
  rig.stream.append(["message", "n.1", 3, "x"]);
  rig.clock.turn();
  rig.answer("publish-refused");
  assert.equal(rig.stream.acknowledged, 3);
  const found = rig.logger.records.map(({ event, fields }) => [event, fields.code]);
  assert.deepEqual(found, [["events-lost", "publish-refused"]]);
});

test("the lag goes on while the broker is away, for what it has and for what waits", () => {
  const rig = new Rig();
  rig.write(1);
  rig.stream.connected(false);
  rig.clock.advance(5_000);
  assert.equal(rig.stream.lagMs, 5_000, "the broker has it, and nobody acknowledges it");
  rig.stream.acknowledge(1, -1);
  rig.stream.append(["message", "n.1", 1, "x"]);
  rig.clock.advance(2_000);
  assert.equal(rig.stream.lagMs, 2_000, "it waits for the broker");
});

/** A stream of open mode that has three batches on their way when its broker goes. */
function cutOff(knowsSubscribers: boolean): Rig {
  const rig = new Rig({ partition: true, knowsSubscribers });
  for (let batch = 0; batch < 3; batch++) {
    rig.stream.append(["message", "n.1", batch, "x"]);
    rig.stream.bufferFull();
  }
  assert.deepEqual(rig.take(), ["0+1", "1+1", "2+1"]);
  rig.answer("broker-lost");
  rig.stream.connected(false);
  rig.clock.advance(60_000);
  assert.deepEqual([rig.take(), rig.stream.acknowledged], [[], 0]);
  rig.stream.connected(true);
  return rig;
}

test("a partition's batches are published again half a second after an outage", () => {
  const rig = cutOff(false);
  rig.clock.advance(limits.resubscribeMs - 1);
  assert.deepEqual(rig.take(), []);
  rig.clock.advance(1);
  assert.deepEqual(rig.take(), ["0+1", "1+1", "2+1"]);
  rig.answer();
  assert.equal(rig.stream.acknowledged, 3);
  assert.deepEqual(rig.logger.records, [], "nothing is lost");
});

test("where the broker knows subscribers, one batch asks for them until there is one", () => {
  const rig = cutOff(true);
  assert.deepEqual(rig.take(), ["0+1"], "the oldest alone");
  rig.answer("no-subscriber");
  rig.clock.advance(limits.resubscribeEveryMs);
  assert.deepEqual(rig.take(), ["0+1"]);
  rig.stream.append(["message", "n.1", 3, "x"]);
  rig.clock.turn();
  assert.deepEqual(rig.take(), [], "what is new waits too");
  rig.answer();
  assert.deepEqual(rig.take(), ["1+1", "2+1"]);
  rig.answer();
  assert.deepEqual(rig.take(), ["3+1"]);
  assert.deepEqual(rig.logger.records, []);
});

test("nobody subscribes for 5 s: what is there goes out, and is told as lost", () => {
  const rig = cutOff(true);
  for (let ms = 0; ms < limits.resubscribeMsMax; ms += limits.resubscribeEveryMs) {
    assert.deepEqual(rig.take(), ["0+1"]);
    rig.answer("no-subscriber");
    rig.clock.advance(limits.resubscribeEveryMs);
  }
  assert.deepEqual(rig.take(), ["0+1"]);
  rig.answer("no-subscriber");
  assert.deepEqual(rig.take(), ["1+1", "2+1"]);
  assert.equal(rig.metrics.value("wss_errors_total", { code: "no-subscriber" }), 1);
});

test("a message that finds the batch buffer full goes into the next batch", () => {
  const rig = new Rig({ batchBytesTarget: 100 });
  for (let message = 0; message < 4; message++) {
    assert.equal(rig.stream.writeText(0, "ä".repeat(20)), 40);
    rig.stream.writeBytes(0, 2, new Uint8Array(40));
  }
  rig.stream.written();
  rig.clock.turn();
  while (rig.stream.acknowledged < 8) {
    const [last = ""] = rig.sent.slice(-1);
    const [first = 0, count = 0] = last.split("+").map(Number);
    rig.answer();
    rig.stream.acknowledge(first + count);
  }
  assert.ok(rig.take().length >= 4);
});
