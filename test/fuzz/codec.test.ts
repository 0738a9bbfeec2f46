import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { env } from "node:process";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { encode } from "@msgpack/msgpack";
import { ErrorCode, limits } from "../../core/base/mod.ts";
import { type Codec, type CodecOptions, ParserStep, Verb } from "../../core/ports/mod.ts";
import { createWasmCodec } from "../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../reference/mod.ts";
import { Dice, fuzzSeed } from "../vectors/dice.ts";
import { clientFrame } from "../vectors/frames.ts";
import { concat, toHex } from "../vectors/hex.ts";
import { idOf } from "../vectors/ids.ts";

// FUZZ_SEED repeats a run, FUZZ_CASES makes it longer.
const seed = fuzzSeed(env.FUZZ_SEED);
const cases = Number(env.FUZZ_CASES ?? 3_000);

/** Small limits, so that all of them are met. */
const options: CodecOptions = {
  node: "fuzz-1",
  messageBytesMax: 2_000,
  batchBytesTarget: 1_000,
  partialBytesMax: 1_500,
  fragmentsMax: 3,
  statesBytesMax: 3_000,
};
const slots = 6;

/**
 * Every fault that a client's bytes can make is met, whatever the seed: each is drawn about
 * twenty times or more in 3,000 runs.
 */
const faults = new Set<ErrorCode>();
const faultsExpected = Object.entries(ErrorCode)
  .filter(([name, number]) => number < 15 && name !== "message-inflate")
  .map(([name]) => name)
  .concat("message-fragments")
  .sort();

/** Both codecs, asked the same in lockstep; every answer must be the same. */
class Pair {
  readonly #wasm: Codec = createWasmCodec(options);
  readonly #reference: Codec = createReferenceCodec(options);
  readonly #recent: [what: string, given: readonly unknown[]][] = [];
  readonly events: Codec["events"] = this.#both("events");
  readonly frames: Codec["frames"] = this.#both("frames");
  readonly commands: Codec["commands"] = this.#both("commands");

  /** A part of both, by way of which each call and each reading is one of both. */
  #both<K extends keyof Codec>(part: K): Codec[K] {
    const get = (_: unknown, name: keyof Codec[K] & string): unknown => {
      const call = (...given: readonly unknown[]) =>
        this.#same(`${part}.${name}`, given, (codec) => {
          const asked = codec[part][name] as (...given: readonly unknown[]) => unknown;
          return asked.apply(codec[part], [...given]);
        });
      if (typeof this.#wasm[part][name] === "function") return call;
      return this.#same(`${part}.${name}`, [], (codec) => codec[part][name]);
    };
    return new Proxy({}, { get: get as ProxyHandler<object>["get"] & object }) as Codec[K];
  }

  #same(what: string, given: readonly unknown[], ask: (codec: Codec) => unknown): unknown {
    this.#recent.push([what, given]);
    if (this.#recent.length > 12) this.#recent.shift();
    const [wasm, reference] = [answer(this.#wasm, ask), answer(this.#reference, ask)];
    const at = (): string => {
      const calls = this.#recent.map(([name, args]) => `${name}(${args.map(shown)})`);
      return `FUZZ_SEED=${seed}, after ${calls.join(" | ")}`;
    };
    if (!isDeepStrictEqual(shown(wasm), shown(reference))) {
      assert.deepEqual(shown(wasm), shown(reference), at());
    }
    if (wasm instanceof Failure) throw new Error(`${at()}: ${wasm.message}`);
    return wasm;
  }
}

/** What a call threw, told apart from what it gave. */
class Failure {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

function answer(codec: Codec, ask: (codec: Codec) => unknown): unknown {
  try {
    return ask(codec);
  } catch (error) {
    return new Failure(String(error));
  }
}

function shown(value: unknown): unknown {
  return value instanceof Uint8Array ? toHex(value) : value;
}

/** Frames as a client may send them: messages, whole or in fragments, control frames between. */
function randomFrames(dice: Dice): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let n = 1 + dice.below(4); n > 0; n--) {
    const opcode = dice.chance(1) ? 3 : dice.pick([1, 1, 2]);
    const rsv = dice.chance(10) ? 0x40 : 0;
    const bytes = new TextEncoder().encode(dice.text(dice.length()));
    const data = opcode === 1 && dice.chance(95) ? bytes : dice.bytes(dice.length());
    const fragments = dice.chance(60) ? 1 : 1 + dice.below(4);
    for (let i = 0; i < fragments; i++) {
      const cut = (place: number): number => Math.floor((data.length * place) / fragments);
      const last = i === fragments - 1 ? 0x80 : 0;
      // A client that begins a message in the midst of another, or goes on with none.
      const begins = dice.chance(1) ? i !== 0 : i === 0;
      const first = last | (begins ? opcode | rsv : 0);
      const mask = dice.bytes(4);
      const form = dice.chance(1) ? { mask, lengthBytes: dice.pick([2, 8]) } : { mask };
      parts.push(clientFrame(first, data.slice(cut(i), cut(i + 1)), form));
      const ping = dice.chance(5) ? 0x09 : 0x89;
      if (dice.chance(8)) parts.push(clientFrame(ping, dice.bytes(dice.below(140)), { mask }));
    }
  }
  if (dice.chance(5)) {
    const code = dice.pick([999, 1_000, 1_003, 1_004, 1_007, 1_014, 1_015, 2_999, 3_000, 5_000]);
    const reason = dice.chance(80) ? dice.text(dice.below(20)) : "\ud800";
    const payload = concat(Uint8Array.of(code >> 8, code & 255), new TextEncoder().encode(reason));
    parts.push(clientFrame(0x88, dice.chance(40) ? payload.slice(0, 1) : payload));
  }
  const whole = concat(...parts);
  return dice.chance(30) ? dice.mutate(whole) : whole;
}

/** Feeds one chunk to both, through all its steps. False where the slot is to be made anew. */
function feedBoth(
  { frames, events }: Pair,
  dice: Dice,
  slot: number,
  buffer: number,
  chunk: Uint8Array,
): boolean {
  let step = frames.feed(slot, chunk);
  for (;;) {
    [frames.fedMessages(), frames.fedBytes(), frames.partialBytes()];
    if (step === ParserStep.done) return true;
    if (step === ParserStep.fault) {
      faults.add(frames.fault());
      return false;
    }
    if (step === ParserStep.bufferFull) events.takeBatch(buffer);
    else {
      frames.payload();
      if (step === ParserStep.close) return false;
      // A message that bypassed the batch, or was inflated, comes back amid its chunk.
      if (step >= ParserStep.text && step < ParserStep.ping && buffer >= 0) {
        const data = dice.bytes(dice.length());
        while (!events.bytes(slot, 2, data)) events.takeBatch(buffer);
      }
      if (dice.chance(3)) return false;
    }
    step = frames.next();
  }
}

/** Another state, or none, or one that does not fit besides the others'. */
function restate({ events }: Pair, dice: Dice, slot: number): void {
  const value = encode(randomValue(dice, 2));
  const isNone = dice.chance(40) || value.length > limits.stateBytesMax;
  events.setState(slot, isNone ? undefined : value);
  [events.messageBytesMax, events.messageBytesMaxOf(slot)];
}

test(`both codecs agree on ${cases} runs of frames (FUZZ_SEED=${seed})`, () => {
  const dice = new Dice(seed);
  const pair = new Pair();
  const { events, frames } = pair;
  const buffers = [events.openBuffer("s0"), events.openBuffer("s1")];
  const bufferOf = (slot: number): number => (slot % 3 === 2 ? -1 : buffers[slot % 3]!);
  const begin = (at: number): void => {
    const slot = at * 700;
    events.bind(slot, idOf(options.node, slot, dice.pick(["a", "b", "_"])), bufferOf(at));
    frames.attach(slot, dice.chance(50), dice.chance(20));
    restate(pair, dice, slot);
  };
  for (let at = 0; at < slots; at++) begin(at);
  for (let i = 0; i < cases; i++) {
    const at = dice.below(slots);
    const [slot, buffer] = [at * 700, bufferOf(at)];
    if (dice.chance(20)) restate(pair, dice, slot);
    if (dice.chance(5)) events.limitBatches(dice.below(1_200), 300 + dice.below(2_500));
    let alive = true;
    for (const chunk of dice.chunks(randomFrames(dice))) {
      alive = alive && feedBoth(pair, dice, slot, buffer, chunk);
    }
    if (buffer >= 0 && dice.chance(20)) {
      events.text(slot, dice.text(dice.length()));
      events.append(buffer, Uint8Array.of(0x91, 0xc0));
      [events.bufferItems(buffer), events.bufferBytes(buffer), events.bufferNext(buffer)];
      [events.takeSeq(slot), events.nextSeq(slot), events.state(slot)];
    }
    if (alive && dice.chance(95)) continue;
    events.unbind(slot);
    begin(at);
  }
  for (const buffer of buffers) events.takeBatch(buffer);
  for (let at = 0; at < slots; at++) events.unbind(at * 700);
  assert.equal(frames.partialBytes(), 0);
  if (cases >= 3_000) assert.deepEqual([...faults].sort(), faultsExpected);
});

/** A value of any kind that MessagePack has. */
function randomValue(dice: Dice, levels: number): unknown {
  const kind = dice.below(levels > 0 ? 9 : 6);
  if (kind === 0) return dice.text(dice.length());
  if (kind === 1) return dice.bytes(dice.length());
  if (kind === 2) return dice.pick([0, 127, 128, 65_536, -1, -33, -40_000, 2 ** 40, -(2 ** 40)]);
  if (kind === 3) return dice.pick([null, true, false, 1.5]);
  if (kind === 4) return idOf(dice.pick([options.node, "other"]), dice.below(8) * 700, "a");
  if (kind === 5) return dice.pick(["", "a.b", "fuzz-1.x", `fuzz-1.AAAA${"a".repeat(22)}`]);
  if (kind === 6) return { ref: dice.text(3), [dice.text(2)]: randomValue(dice, levels - 1) };
  return Array.from({ length: dice.below(5) }, () => randomValue(dice, levels - 1));
}

/** A connection's id, or what is close to one. */
function randomId(dice: Dice): string {
  const id = idOf(dice.pick([options.node, "other"]), dice.below(8) * 700, dice.pick(["a", "b"]));
  if (dice.chance(50)) return id;
  return dice.chance(50) ? dice.text(dice.below(70)) : id.slice(0, dice.below(40)) + dice.text(2);
}

/** What may stand after the items of a numbered batch. */
function randomBase(dice: Dice): readonly unknown[] {
  if (dice.chance(50)) return [];
  return [dice.chance(70) ? dice.below(300) : randomValue(dice, 1)];
}

const verbs = Object.keys(Verb).filter((name) => name !== "unknown");

function randomBatch(dice: Dice): Uint8Array<ArrayBuffer> {
  const items = Array.from({ length: dice.below(5) }, () => {
    const item = Array.from({ length: dice.below(5) }, () => randomValue(dice, 2));
    return dice.chance(95) ? [dice.pick([...verbs, "what"]), ...item] : item;
  });
  const batch = dice.chance(50)
    ? items
    : [dice.pick([1, 1, 1, 2]), dice.text(3), dice.below(300), items, ...randomBase(dice)];
  const bytes = dice.chance(90)
    ? encode(batch)
    : new TextEncoder().encode(JSON.stringify(items).replaceAll("{}", '{"$binary":"AA=="}'));
  return dice.chance(40) ? dice.mutate(bytes) : bytes;
}

test(`both codecs agree on ${cases} command batches (FUZZ_SEED=${seed})`, () => {
  const dice = new Dice(seed + 1);
  const { commands, events } = new Pair();
  for (let at = 0; at < slots; at++) events.bind(at * 700, idOf(options.node, at * 700, "a"), -1);
  for (let i = 0; i < cases; i++) {
    commands.decode(randomBatch(dice));
    [commands.stream(), commands.first(), commands.oldestAvailable(), commands.items()];
    while (commands.nextItem()) {
      [commands.verb(), commands.verbName(), commands.itemError(), commands.hasOptions()];
      const targets = commands.targets();
      for (let n = 0; n < targets; n++) {
        const at = dice.below(targets);
        [commands.target(at), commands.targetId(at)];
      }
      for (const id of [commands.group(), randomId(dice)]) commands.resolve(id);
      assert.equal(Array.isArray(commands.options()), false);
      [commands.dataKind(), commands.data(), commands.itemBytes(), commands.value()];
    }
  }
});

test(`both codecs agree on what is UTF-8 (FUZZ_SEED=${seed})`, () => {
  const dice = new Dice(seed + 2);
  const { frames } = new Pair();
  for (let i = 0; i < cases; i++) {
    const text = new TextEncoder().encode(dice.text(dice.length()));
    const bytes = dice.chance(70) ? dice.mutate(text) : text;
    // What the runtime itself says.
    assert.equal(frames.validUtf8(bytes), isUtf8(bytes), `FUZZ_SEED=${seed}: ${toHex(bytes)}`);
  }
});
