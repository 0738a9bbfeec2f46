import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { limits } from "../../core/base/mod.ts";
import { type MemoryDelivery, MemorySocket } from "../support/memory/mod.ts";
import type { Dice } from "../vectors/dice.ts";
import { toHex } from "../vectors/hex.ts";
import { casesOf, diceOf, fuzz, seed } from "./rig/fuzz-run.ts";
import { codecOptions, codecs, GatewayRig } from "./rig/gateway-rig.ts";
import { heapLevel, type Level, wasmLevel } from "./rig/levels.ts";
import type { Data } from "./scripts/client-script.ts";
import { monsters } from "./scripts/command-monsters.ts";
import { type BatchScript, CommandScripts, type ScriptItem } from "./scripts/command-script.ts";

/** A case is one batch. */
const cases = casesOf(30_000);
const connectionsMax = 12;

/** Carries batches out against connections whose clients read all that comes. */
class BroadcastTarget {
  readonly #rig: GatewayRig;
  readonly #dice: Dice;
  readonly #scripts: CommandScripts;
  readonly #sockets: Map<string, MemorySocket> = new Map();
  /** Those whose close the origin has still to be told of. */
  readonly #closed: Set<string> = new Set();
  payload: Uint8Array = new Uint8Array(0);
  known = 0;
  sent = 0;

  constructor(rig: GatewayRig, dice: Dice) {
    this.#rig = rig;
    this.#dice = dice;
    this.#scripts = new CommandScripts(dice);
  }

  async step(): Promise<void> {
    const { metrics } = this.#rig;
    while (this.#sockets.size < connectionsMax) this.#connect();
    const script = this.#scripts.next([...this.#sockets.keys()]);
    this.payload = script.payload;
    const batches = metrics.value("wss_command_batches_received_total")!;
    const errors = this.#rig.errors;
    const named = await this.#deliver(script.payload);
    assert.equal(metrics.value("wss_command_batches_received_total")! - batches, 1);
    // Sockets are flushed once a turn.
    this.#rig.clock.turn();
    if (script.known) this.#compare(script, this.#rig.errors - errors, named);
    else for (const socket of this.#sockets.values()) checkTexts(socket.delivered);
    await this.#rig.turn();
    this.#forgetClosed();
    if (this.#dice.chance(5)) this.#rig.clock.advance(this.#dice.below(40));
  }

  end(): void {
    for (const socket of this.#sockets.values()) socket.cut();
  }

  #connect(): void {
    const admission = { accepted: true, app: "default", deflate: false } as const;
    const more = { subprotocol: undefined, info: { ip: "127.0.0.1" } };
    const socket = new MemorySocket(this.#rig.handler, { ...admission, ...more });
    this.#sockets.set(this.#rig.handler.takeLatest().id, socket);
  }

  /** From inside the process, or by the broker: true where it was addressed to this node. */
  async #deliver(payload: Uint8Array): Promise<boolean> {
    const { bus, broker } = this.#rig;
    const way = this.#dice.below(4);
    if (way > 1) bus.local("default", "o1", payload);
    else broker.command("default", "o1", way === 1 ? codecOptions.node : undefined, payload);
    await Promise.resolve();
    return way === 1;
  }

  /** Every valid item was carried out, in order, whatever stood between them. */
  #compare({ items }: BatchScript, errors: number, named: boolean): void {
    this.known++;
    const { expected, closed } = outcomeOf(items, [...this.#sockets.keys()]);
    let errorsExpected = 0;
    for (const item of items) errorsExpected += item.errors + (named ? (item.foreign ?? 0) : 0);
    // Bytes changed at random can be a `renew`, by which the connection ends a little later.
    const expired = [...this.#sockets.values()].filter((one) => one.delivered.some(isExpiry));
    // Commands for one that has ended count as errors.
    if (expired.length === 0) {
      assert.equal(errors, errorsExpected, "errors that were counted");
    }
    for (const [id, socket] of this.#sockets) {
      if (socket.delivered.length === 0 && !expected.has(id) && !closed.has(id)) continue;
      if (expired.includes(socket)) continue;
      const data = socket.delivered.filter(({ type }) => type === "message");
      const got = data.map((one) => (one as { data: Data }).data);
      assert.deepEqual(got, expected.get(id) ?? []);
      const close = socket.delivered.some(({ type }) => type === "close");
      assert.equal(close, closed.has(id), "closed as told");
      this.sent += got.length;
    }
  }

  #forgetClosed(): void {
    for (const [id, socket] of this.#sockets) {
      const closed = socket.delivered.some(({ type }) => type === "close");
      socket.delivered.length = 0;
      if (!closed) continue;
      this.#sockets.delete(id);
      this.#closed.add(id);
    }
    for (const id of this.#closed) {
      if (this.#rig.audit.takeEnd(id) !== undefined) this.#closed.delete(id);
    }
  }
}

const isExpiry = (one: MemoryDelivery): boolean =>
  one.type === "close" && one.closeReason === "token-expired";

/** What the items of a batch make of connections that are all open and in no group of theirs. */
function outcomeOf(
  items: readonly ScriptItem[],
  live: readonly string[],
): { expected: Map<string, Data[]>; closed: Set<string> } {
  const expected = new Map<string, Data[]>();
  const closed = new Set<string>();
  const members = new Set<string>();
  const send = (id: string, data: Data): void => {
    if (!closed.has(id)) expected.set(id, [...(expected.get(id) ?? []), data]);
  };
  for (const { sends, closes, joins, leaves, published } of items) {
    for (const [id, data] of sends) send(id, data);
    for (const id of joins?.ids ?? []) members.add(id);
    for (const id of leaves?.ids ?? []) members.delete(id);
    if (published !== undefined) {
      const all = published.group === "@all" ? live : members;
      for (const id of all) if (id !== published.except) send(id, published.data);
    }
    for (const id of closes) closed.add(id);
  }
  return { expected, closed };
}

/** What a client gets as text is text. */
function checkTexts(delivered: readonly MemoryDelivery[]): void {
  for (const one of delivered) {
    if (one.type !== "message" || typeof one.data !== "string") continue;
    assert.ok(!/\p{Surrogate}/u.test(one.data), "half a character");
  }
}

/** More than any batch sends to one client, monsters included: all read what comes. */
const sendQueueBytesMax = 10_000_000;

for (const [index, { name, make }] of codecs.entries()) {
  describe(`commands, codec ${name}`, () => {
    test(`${cases} batches: good is done, bad is counted (FUZZ_SEED=${seed})`, async () => {
      const codec = make();
      const rig = await GatewayRig.start(codec, {
        json: name !== "wasm",
        partitions: 1,
        sendQueueBytesMax,
      });
      const audience = new BroadcastTarget(rig, diceOf(11 + index));
      const levels: Level[] = [heapLevel(4_000_000)];
      if ("heapBytes" in codec) levels.push(wasmLevel(codec));
      // The largest come once before: what is kept of their room is there from the first reading.
      for (const monster of monsters) rig.bus.local("default", "o1", monster);
      const shown = (): string => toHex(audience.payload.subarray(0, 4_000));
      await fuzz(() => audience.step(), { cases, levels, shown });
      // What is missing of a stream is waited for.
      rig.clock.advance(limits.missingWarnMs);
      audience.end();
      assert.deepEqual(await rig.leftovers(), [], `FUZZ_SEED=${seed}`);
      console.log(`${name}: ${audience.known} whole batches, ${audience.sent} messages sent`);
    });
  });
}
