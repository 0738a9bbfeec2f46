import assert from "node:assert/strict";
import { test } from "node:test";
import { originLimits } from "../../adapters/origin/base/mod.ts";
import { OriginConnection } from "../../adapters/origin/connections/mod.ts";
import { Dispatcher } from "../../adapters/origin/dispatch/dispatcher.ts";
import type { OriginEvent } from "../../adapters/origin/mod.ts";
import { EventReceiver } from "../../adapters/origin/receive/event-receiver.ts";
import type { ConnectionSender } from "../../adapters/origin/send/connection-sender.ts";
import { ManualClock } from "../support/memory/mod.ts";
import type { Dice } from "../vectors/dice.ts";
import { toHex } from "../vectors/hex.ts";
import { casesOf, diceOf, fuzz, seed } from "./rig/fuzz-run.ts";
import { heapLevel } from "./rig/levels.ts";
import { type EventBatch, EventScripts } from "./scripts/event-script.ts";

const cases = casesOf(60_000);

/** An origin's receiving side, with handlers that now and then take their time. */
class Listener {
  readonly #dice: Dice;
  readonly dispatcher: Dispatcher = new Dispatcher();
  readonly receiver: EventReceiver;
  readonly scripts: EventScripts;
  /** What the handlers were told of each good connection. */
  readonly #events: Map<string, unknown[]> = new Map();
  /** How far the streams are confirmed. */
  readonly confirmed: Map<string, number> = new Map();
  readonly #strangers = new Set<string>();
  errors = 0;
  closed = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
    this.scripts = new EventScripts(dice);
    const nothing = (): void => {};
    const commands = { close: nothing } as unknown as ConnectionSender;
    this.receiver = new EventReceiver(new ManualClock(), this.dispatcher, commands, {
      replied: nothing,
      acknowledged: nothing,
      ackDue: (_node, [, stream, handled]) => this.#confirm(stream, handled),
      released: nothing,
      revived: nothing,
      connecting: () => undefined,
    });
    this.dispatcher.on("error", () => {
      this.errors++;
    });
    this.dispatcher.on("open", (event) => this.#told(event, event.connection.id, "open"));
    this.dispatcher.on("message", (event) => this.#told(event, event.connection.id, event.data));
    this.dispatcher.on("close", (event) => this.#told(event, event.connection.id, "close"));
  }

  receive({ topic, node, payload, assigned }: EventBatch): void {
    this.receiver.receive(topic, node, payload, assigned);
  }

  /** Closes those whose node nobody knows: with time there would be more and more of them. */
  forgetStrangers(incarnation: string): void {
    for (const node of this.#strangers) this.receiver.nodeLost(node, incarnation);
    this.#strangers.clear();
  }

  /** A good connection that has come to its end was told of as it was. */
  compare(): void {
    for (const [id, events] of this.#events) {
      const told = this.scripts.told.get(id)!;
      assert.deepEqual(events, told.slice(0, events.length), `events of ${id}`);
      if (events.at(-1) !== "close" || events.length !== told.length) continue;
      this.#events.delete(id);
      this.scripts.told.delete(id);
      this.closed++;
    }
  }

  /** A message that alone fills the limit of bytes may wait. To be called last. */
  assertNothingWaits(): void {
    const connection = new OriginConnection(`n.${"A".repeat(26)}`, undefined as never);
    this.dispatcher.on("message", () => new Promise(() => {}));
    for (const bytes of [1, originLimits.waitingBytesMax]) {
      const data = { length: bytes } as unknown as Uint8Array;
      const event = { type: "message", connection, data, seq: 1, state: undefined } as const;
      this.dispatcher.dispatch(connection, event);
    }
  }

  #confirm(stream: string, count: number): void {
    if (!stream.startsWith("good")) return;
    assert.ok(count >= (this.confirmed.get(stream) ?? 0), "a confirmation goes back");
    this.confirmed.set(stream, count);
  }

  #told({ type }: OriginEvent, id: string, what: unknown): void | Promise<void> {
    assert.ok(type !== "alive");
    if (!id.startsWith("good")) {
      this.#strangers.add(id.slice(0, id.indexOf(".")));
    } else {
      const events = this.#events.get(id) ?? [];
      this.#events.set(id, events);
      events.push(what);
    }
    return this.#dice.chance(10) ? Promise.resolve() : undefined;
  }
}

test(`${cases} batches of events, and garbage between them (FUZZ_SEED=${seed})`, async () => {
  const dice = diceOf(41);
  const listener = new Listener(dice);
  let payload: Uint8Array = new Uint8Array(0);
  const one = async (index: number): Promise<void> => {
    const batch = listener.scripts.next();
    payload = batch.payload;
    const before = listener.errors;
    listener.receive(batch);
    if (batch.node !== "bad") assert.equal(listener.errors, before, "a good batch is refused");
    if (index % 8 !== 0) return;
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    listener.compare();
    if (index % 512 === 0) listener.forgetStrangers(`i${index}`);
  };
  await fuzz(one, { cases, levels: [heapLevel()], shown: () => toHex(payload) });
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
  listener.compare();
  listener.assertNothingWaits();
  for (const [name, items] of listener.scripts.assigned()) {
    assert.equal(listener.confirmed.get(name), items, `${name} is confirmed to its end`);
  }
  for (const [id, told] of listener.scripts.told)
    assert.ok(told.at(-1) !== "close", `open: ${id}`);
  listener.forgetStrangers("end");
  assert.equal(listener.receiver.connections, listener.scripts.told.size);
  console.log(`${listener.closed} connections, ${listener.errors} errors`);
  assert.ok(listener.errors > cases / 20 && listener.closed > cases / 50, "the dice are loaded");
});
