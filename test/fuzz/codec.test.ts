import assert from "node:assert/strict";
import { env } from "node:process";
import { test } from "node:test";
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

type Call = (codec: Codec) => unknown;

/** Both codecs, asked the same in lockstep; every answer must be the same. */
class Pair {
  readonly #wasm: Codec = createWasmCodec(options);
  readonly #reference: Codec = createReferenceCodec(options);
  readonly #recent: string[] = [];

  both<T>(what: string, call: (codec: Codec) => T): T {
    this.#recent.push(what);
    if (this.#recent.length > 12) this.#recent.shift();
    const [wasm, reference] = [answer(this.#wasm, call), answer(this.#reference, call)];
    assert.deepEqual(
      shown(wasm),
      shown(reference),
      `FUZZ_SEED=${seed}, after ${this.#recent.join(" | ")}`,
    );
    if (wasm instanceof Failure) throw new Error(`FUZZ_SEED=${seed}: ${what}: ${wasm.message}`);
    return wasm as T;
  }
}

/** What a call threw, told apart from what it gave. */
class Failure {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

function answer(codec: Codec, call: Call): unknown {
  try {
    return call(codec);
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
  pair: Pair,
  dice: Dice,
  slot: number,
  buffer: number,
  chunk: Uint8Array,
): boolean {
  let step = pair.both(`feed ${slot} ${toHex(chunk)}`, (codec) => codec.frames.feed(slot, chunk));
  for (;;) {
    pair.both("counts", (c) =>
      [c.frames.fedMessages(), c.frames.fedBytes(), c.frames.partialBytes()].join(),
    );
    if (step === ParserStep.done) return true;
    if (step === ParserStep.fault) {
      faults.add(pair.both("fault", (codec) => codec.frames.fault()));
      return false;
    }
    if (step === ParserStep.bufferFull) {
      pair.both("takeBatch", (codec) => codec.events.takeBatch(buffer));
    } else {
      pair.both("payload", (codec) => codec.frames.payload());
      if (step === ParserStep.close) return false;
      if (step >= ParserStep.text && step < ParserStep.ping && buffer >= 0) {
        writtenBack(pair, dice, slot, buffer);
      }
      if (dice.chance(3)) return false;
    }
    step = pair.both("next", (codec) => codec.frames.next());
  }
}

/** A message that bypassed the batch, or was inflated, comes back while the chunk is in work. */
function writtenBack(pair: Pair, dice: Dice, slot: number, buffer: number): void {
  const data = dice.bytes(dice.length());
  while (!pair.both("bytes", (codec) => codec.events.bytes(slot, 2, data))) {
    pair.both("takeBatch", (codec) => codec.events.takeBatch(buffer));
  }
}

/** Another state, or none, or one that does not fit besides the others'. */
function restate(pair: Pair, dice: Dice, slot: number): void {
  const value = encode(randomValue(dice, 2));
  const state = dice.chance(40) || value.length > limits.stateBytesMax ? undefined : value;
  pair.both("setState", (codec) => codec.events.setState(slot, state));
  pair.both("most", (codec) =>
    [codec.events.messageBytesMax, codec.events.messageBytesMaxOf(slot)].join(),
  );
}

test(`both codecs agree on ${cases} runs of frames (FUZZ_SEED=${seed})`, () => {
  const dice = new Dice(seed);
  const pair = new Pair();
  const buffers = [0, 1].map((n) =>
    pair.both("openBuffer", (codec) => codec.events.openBuffer(`s${n}`)),
  );
  const bufferOf = (slot: number): number => (slot % 3 === 2 ? -1 : buffers[slot % 3]!);
  const begin = (slot: number): void => {
    const deflate = dice.chance(50);
    const bypassBatch = dice.chance(20);
    const letter = dice.pick(["a", "b", "_"]);
    pair.both("bind", (c) =>
      c.events.bind(slot * 700, idOf(options.node, slot * 700, letter), bufferOf(slot)),
    );
    pair.both("attach", (codec) => codec.frames.attach(slot * 700, deflate, bypassBatch));
    restate(pair, dice, slot * 700);
  };
  for (let slot = 0; slot < slots; slot++) begin(slot);
  for (let i = 0; i < cases; i++) {
    const slot = dice.below(slots);
    const buffer = bufferOf(slot);
    if (dice.chance(20)) restate(pair, dice, slot * 700);
    if (dice.chance(5)) {
      const [target, most] = [dice.below(1_200), 300 + dice.below(2_500)];
      pair.both("limitBatches", (codec) => codec.events.limitBatches(target, most));
    }
    let alive = true;
    for (const chunk of dice.chunks(randomFrames(dice))) {
      alive = alive && feedBoth(pair, dice, slot * 700, buffer, chunk);
    }
    if (buffer >= 0 && dice.chance(20)) {
      const text = dice.text(dice.length());
      pair.both("text", (codec) => codec.events.text(slot * 700, text));
      pair.both("append", (codec) => codec.events.append(buffer, Uint8Array.of(0x91, 0xc0)));
      pair.both("buffer", (c) =>
        [
          c.events.bufferItems(buffer),
          c.events.bufferBytes(buffer),
          c.events.bufferNext(buffer),
        ].join(),
      );
      pair.both("seq", (codec) => codec.events.takeSeq(slot * 700));
      pair.both("next seq", (codec) => codec.events.nextSeq(slot * 700));
      pair.both("state", (codec) => codec.events.state(slot * 700)?.join());
    }
    if (alive && dice.chance(95)) continue;
    pair.both("unbind", (codec) => codec.events.unbind(slot * 700));
    begin(slot);
  }
  for (const buffer of buffers) pair.both("takeBatch", (codec) => codec.events.takeBatch(buffer));
  for (let slot = 0; slot < slots; slot++)
    pair.both("unbind", (codec) => codec.events.unbind(slot * 700));
  assert.equal(
    pair.both("partialBytes", (codec) => codec.frames.partialBytes()),
    0,
  );
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
  const pair = new Pair();
  for (let slot = 0; slot < slots; slot++) {
    pair.both("bind", (codec) =>
      codec.events.bind(slot * 700, idOf(options.node, slot * 700, "a"), -1),
    );
  }
  for (let i = 0; i < cases; i++) {
    const bytes = randomBatch(dice);
    pair.both(`decode ${toHex(bytes)}`, (codec) => codec.commands.decode(bytes));
    pair.both("head", (c) =>
      [
        c.commands.stream(),
        c.commands.first(),
        c.commands.oldestAvailable(),
        c.commands.items(),
      ].join(),
    );
    while (pair.both("nextItem", (codec) => codec.commands.nextItem())) {
      pair.both("item", (c) =>
        [
          c.commands.verb(),
          c.commands.verbName(),
          c.commands.itemError(),
          c.commands.hasOptions(),
        ].join(),
      );
      const targets = pair.both("targets", (codec) => codec.commands.targets());
      for (let n = 0; n < targets; n++) {
        const at = dice.below(targets);
        pair.both(
          "target",
          (codec) => `${codec.commands.target(at)} ${codec.commands.targetId(at)}`,
        );
      }
      const group = pair.both("group", (codec) => codec.commands.group());
      pair.both(`resolve ${group}`, (codec) => codec.commands.resolve(group));
      const id = randomId(dice);
      pair.both(`resolve ${id}`, (codec) => codec.commands.resolve(id));
      const options = pair.both("options", (codec) => JSON.stringify(codec.commands.options()));
      assert.equal(Array.isArray(JSON.parse(options)), false);
      pair.both("kind", (codec) => codec.commands.dataKind());
      pair.both("data", (codec) => codec.commands.data());
      pair.both("itemBytes", (codec) => codec.commands.itemBytes());
      pair.both("value", (codec) => JSON.stringify(codec.commands.value()));
    }
  }
});

test(`both codecs agree on what is UTF-8 (FUZZ_SEED=${seed})`, () => {
  const dice = new Dice(seed + 2);
  const pair = new Pair();
  const strict = new TextDecoder("utf-8", { fatal: true });
  for (let i = 0; i < cases; i++) {
    const text = new TextEncoder().encode(dice.text(dice.length()));
    const bytes = dice.chance(70) ? dice.mutate(text) : text;
    const valid = pair.both(`validUtf8 ${toHex(bytes)}`, (codec) => codec.frames.validUtf8(bytes));
    assert.equal(valid, decodes(strict, bytes), `FUZZ_SEED=${seed}: ${toHex(bytes)}`);
  }
});

/** What the runtime's own decoder says. */
function decodes(decoder: TextDecoder, bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
