import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ServiceError } from "../../../../core/base/mod.ts";
import {
  type Acknowledgement,
  Acknowledgements,
  HandledItems,
  type NumberedBatch,
  type PublishAnswer,
  ReliableReceiver,
  ReliableSender,
} from "../../../../core/streams/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

/** What happens next in the simulated world. */
type Step =
  | readonly ["write", items: number]
  | readonly ["deliver" | "lose" | "twice" | "late" | "confirm" | "forget" | "stale"]
  | readonly ["down" | "up" | "handle" | "restart" | "anew"]
  | readonly ["handle-later", index: number]
  | readonly ["wait", ms: number];

const plain = (name: Exclude<Step[0], "write" | "wait" | "handle-later">): fc.Arbitrary<Step> =>
  fc.constant([name] as Step);
const common = [
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constant("write" as const), fc.integer({ min: 1, max: 4 })),
  },
  { weight: 8, arbitrary: plain("deliver") },
  { weight: 2, arbitrary: plain("twice") },
  { weight: 6, arbitrary: plain("confirm") },
  { weight: 1, arbitrary: plain("down") },
  { weight: 2, arbitrary: plain("up") },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constant("wait" as const), fc.integer({ min: 1, max: 5_000 })),
  },
] as const;
const handleLater = fc.tuple(fc.constant("handle-later" as const), fc.integer({ min: 1, max: 5 }));
const losses = [
  { weight: 3, arbitrary: plain("lose") },
  { weight: 2, arbitrary: plain("late") },
  { weight: 2, arbitrary: plain("forget") },
  { weight: 2, arbitrary: plain("stale") },
  { weight: 5, arbitrary: plain("handle") },
  { weight: 5, arbitrary: handleLater },
  { weight: 1, arbitrary: plain("restart") },
  { weight: 1, arbitrary: plain("anew") },
] as const;

interface Sent {
  readonly stream: string;
  readonly first: number;
  readonly count: number;
  readonly oldestAvailable: number;
}

/** A receiver, from one of its starts to the next. */
class Receiver {
  readonly handled: Map<string, number[]> = new Map();
  readonly #streams: Map<string, { receiver: ReliableReceiver; handled: HandledItems }> =
    new Map();
  readonly #acks: Acknowledgements;
  readonly #unsettled: (() => void)[] = [];

  constructor(acks: Acknowledgements) {
    this.#acks = acks;
  }

  receive({ stream, first, count, oldestAvailable }: Sent): void {
    const known = this.#streams.get(stream);
    const state = known ?? { receiver: new ReliableReceiver(), handled: this.#handled(stream) };
    const { skip, gap, next } = state.receiver.accept(first, count, oldestAvailable);
    assert.ok(skip >= 0 && gap >= 0);
    if (gap > 0 || skip === count) {
      this.#acks.note("me", ["ack", stream, known?.handled.handled ?? next, next]);
      return;
    }
    this.#streams.set(stream, state);
    const items = this.handled.get(stream) ?? [];
    this.handled.set(stream, items);
    for (let item = first + skip; item < first + count; item++) items.push(item);
    const record = state.handled.begin(next);
    this.#unsettled.push(() => state.handled.settle(record));
  }

  /** A handler has finished: that of the batch which came first, or of one behind it. */
  handle(index = 0): boolean {
    const [settle] = this.#unsettled.splice(index, 1);
    settle?.();
    return settle !== undefined;
  }

  #handled(stream: string): HandledItems {
    const handled: HandledItems = new HandledItems(stream, () =>
      this.#acks.note("me", ["ack", stream, handled.handled, undefined, [...handled.beyond]]),
    );
    return handled;
  }
}

/** One sender and one receiver over a transport that does what the steps say. */
class World {
  readonly clock = new ManualClock();
  /** What was written, by stream; the last stream is the living sender's. */
  readonly written: Map<string, number> = new Map();
  readonly receivers: Receiver[] = [];
  readonly #acknowledgedBy: "transport" | "receiver";
  #stream = "";
  #sender: ReliableSender<NumberedBatch> | undefined;
  #items = 0;
  #up = true;
  #network: Sent[] = [];
  #unanswered: { readonly sent: Sent; readonly answered: PublishAnswer }[] = [];
  #acks: readonly unknown[][] = [];
  /** An acknowledgement that comes again. */
  #stale: readonly unknown[] | undefined;
  /** The transport has confirmed a batch since it was connected. */
  #proven = false;
  /** Batches that were sent so that the transport may lose them. */
  atMostOnce = 0;
  /** How often batches were acknowledged ahead of others. */
  sparse = 0;

  constructor(acknowledgedBy: "transport" | "receiver") {
    this.#acknowledgedBy = acknowledgedBy;
    this.#begin();
    this.#restart();
  }

  step(step: Step): void {
    if (step[0] === "write") this.#write(step[1]);
    else if (step[0] === "wait") this.#wait(step[1]);
    else if (step[0] === "deliver") this.#deliver(this.#network.shift());
    else if (step[0] === "twice") this.#deliver(this.#network[0]);
    else if (step[0] === "late") this.#deliver(this.#network.splice(1, 1)[0]);
    else if (step[0] === "lose") this.#network.shift();
    else if (step[0] === "confirm") this.#answer();
    else if (step[0] === "forget") this.#acks = [];
    else if (step[0] === "stale" && this.#stale) this.#acks = [...this.#acks, [...this.#stale]];
    else if (step[0] === "down" && this.#up) this.#down();
    else if (step[0] === "up" && !this.#up) this.#connect();
    else if (step[0] === "handle") this.#receiver.handle();
    else if (step[0] === "handle-later") this.#receiver.handle(step[1]);
    else if (step[0] === "restart") {
      // What is acknowledged ahead of others a new receiver waits for in vain. The sender sees
      // the restart, and begins another stream.
      if (this.#living.sparse) this.#begin();
      this.#restart();
    } else if (step[0] === "anew") this.#begin();
    this.#check();
  }

  /** Nothing goes wrong any more: everything has to arrive. */
  calm(): void {
    if (!this.#up) this.#connect();
    for (let round = 0; round < 300 && this.#living.bytes + this.#items > 0; round++) {
      while (this.#unanswered.length > 0) this.#answer();
      while (this.#network.length > 0) this.#deliver(this.#network.shift());
      while (this.#receiver.handle()) {}
      this.#wait(1_000);
    }
    this.#check();
    assert.equal(this.#living.bytes, 0, "everything is acknowledged");
    assert.equal(this.#living.acknowledged, this.written.get(this.#stream));
    const seen = new Set(this.receivers.flatMap(({ handled }) => handled.get(this.#stream) ?? []));
    assert.equal(seen.size, this.written.get(this.#stream), "everything was received");
  }

  get #living(): ReliableSender<NumberedBatch> {
    assert.ok(this.#sender !== undefined);
    return this.#sender;
  }

  get #receiver(): Receiver {
    return this.receivers.at(-1) as Receiver;
  }

  /** The sender's process starts, with a stream of its own. */
  #begin(): void {
    this.#sender?.takeUnacknowledged();
    this.#stream = `s${this.written.size}`;
    this.written.set(this.#stream, 0);
    this.#items = 0;
    this.#proven = false;
    this.#stale = undefined;
    const stream = this.#stream;
    const sender: ReliableSender<NumberedBatch> = new ReliableSender(
      this.clock,
      {
        take: () => this.#take(),
        publish: ({ first, count }, answered, atMostOnce) => {
          assert.ok(this.#up, "nothing is published while the transport is away");
          const { oldestAvailable } = sender;
          assert.ok(oldestAvailable <= first);
          const sent = { stream, first, count, oldestAvailable };
          this.#network.push(sent);
          if (!atMostOnce) {
            this.#unanswered.push({ sent, answered });
            return;
          }
          assert.ok(this.#proven && this.#acknowledgedBy === "receiver");
          this.atMostOnce++;
          answered();
        },
        progressed: () => {},
      },
      this.#acknowledgedBy,
    );
    this.#sender = sender;
    // So few that it matters in these short lives.
    if (this.written.size % 2 === 1) sender.repeatMax = 2;
    sender.connected(this.#up);
  }

  /**
   * What was on its way from and to the former receiver is lost with its connection. Otherwise the
   * new one could wait for items that nobody keeps, until the sender notices the restart and
   * begins another stream.
   */
  #restart(): void {
    this.#acks = [];
    this.#network = [];
    this.#stale = undefined;
    const life = this.receivers.length;
    const acks = new Acknowledgements(this.clock, (_sender, items) => {
      if (this.#acknowledgedBy === "receiver" && life === this.receivers.length - 1)
        this.#acks = [...this.#acks, ...items.map((item) => [...item])];
    });
    this.receivers.push(new Receiver(acks));
  }

  #write(items: number): void {
    this.#items += items;
    this.written.set(this.#stream, (this.written.get(this.#stream) ?? 0) + items);
    this.#living.pump();
  }

  #take(): NumberedBatch | undefined {
    const count = this.#items;
    if (count === 0) return undefined;
    this.#items = 0;
    return { first: this.#living.next, count, payload: new Uint8Array(count) };
  }

  #wait(ms: number): void {
    this.clock.advance(ms);
    const acks = this.#acks;
    this.#acks = [];
    for (const ack of acks) {
      const [, stream, count, received, beyond] = ack as unknown as Acknowledgement;
      if (stream !== this.#stream) continue;
      this.#stale ??= ack;
      this.#living.acknowledge(count, received, beyond);
      if (this.#living.sparse) this.sparse++;
    }
    if (this.#acknowledgedBy === "receiver") this.#living.probe();
  }

  #deliver(sent: Sent | undefined): void {
    if (sent !== undefined) this.#receiver.receive(sent);
  }

  /** The transport has a batch; where its word is all that counts, it also delivers it. */
  #answer(): void {
    const next = this.#unanswered.shift();
    if (this.#acknowledgedBy === "transport") this.#deliver(next?.sent);
    if (next === undefined) return;
    // A stream of its own begins with a question of its own.
    this.#proven ||= next.sent.stream === this.#stream;
    next.answered();
  }

  /** What the transport had not delivered is lost with it. */
  #down(): void {
    this.#up = false;
    this.#proven = false;
    this.#network = [];
    const lost = new ServiceError("broker-lost", "the transport is away");
    for (const { answered } of this.#unanswered.splice(0)) answered(lost);
    this.#living.connected(false);
  }

  #connect(): void {
    this.#up = true;
    this.#living.connected(true);
  }

  /** Each receiver has handled each stream in order, without a gap and nothing twice. */
  #check(): void {
    for (const { handled } of this.receivers) {
      for (const [stream, items] of handled) {
        const [start = 0] = items;
        assert.deepEqual(
          items,
          Array.from(items, (_, index) => start + index),
          stream,
        );
      }
    }
  }
}

/** Lives of so many steps: each ends with all that was written. */
function live(
  by: "transport" | "receiver",
  numRuns: number,
  steps: readonly fc.MaybeWeightedArbitrary<Step>[],
  judge: (world: World) => void,
): void {
  const length = { minLength: 1, maxLength: 200, size: "max" } as const;
  fc.assert(
    fc.property(fc.array(fc.oneof(...steps), length), (taken) => {
      const world = new World(by);
      for (const step of taken) world.step(step);
      world.calm();
      judge(world);
    }),
    { numRuns },
  );
}

test("over a receiver's acknowledgements items are handled in order, once a receiver", () => {
  let atMostOnce = 0;
  live("receiver", 500, [...common, ...losses], (world) => {
    atMostOnce += world.atMostOnce;
  });
  assert.ok(atMostOnce > 2_000, `${atMostOnce} batches that the transport might lose`);
});

test("what is acknowledged ahead of others is not repeated, and nothing else is lost", () => {
  const more = [handleLater, fc.constant(["wait", 20] as const)];
  const usual = losses.filter(({ weight }) => weight > 1);
  const steps = [...common, ...usual, ...more.map((arbitrary) => ({ weight: 8, arbitrary }))];
  let sparse = 0;
  live("receiver", 300, steps, (world) => {
    sparse += world.sparse;
  });
  assert.ok(sparse > 40, `${sparse} acknowledgements ahead of others`);
});

test("over a transport's acknowledgements every item arrives, in order, across outages", () =>
  live("transport", 500, common, (world) => {
    const [only] = world.receivers;
    const written = world.written.get("s0") ?? 0;
    assert.deepEqual(only?.handled.get("s0") ?? [], [...Array(written).keys()]);
  }));
