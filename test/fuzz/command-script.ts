import { encode } from "@msgpack/msgpack";
import type { Dice } from "../vectors/dice.ts";
import { utf8 } from "../vectors/hex.ts";
import { idOf } from "../vectors/ids.ts";
import type { Data } from "./client-script.ts";
import { codecOptions } from "./gateway-rig.ts";

/** One command, and what is to come of it. */
export interface ScriptItem {
  readonly item: unknown;
  /** Messages it sends, by the ids of live connections. */
  readonly sends: readonly (readonly [id: string, data: Data])[];
  /** Connections it closes. */
  readonly closes: readonly string[];
  /** Errors that are counted for it. */
  readonly errors: number;
  /** Ids of other nodes: errors too where they were addressed to this node alone. */
  readonly foreign?: number;
}

export interface BatchScript {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly items: readonly ScriptItem[];
  /** False where it was spoilt: nobody knows what comes of it then. */
  readonly known: boolean;
}

const nothing = { sends: [], closes: [] } as const;

/** What is refused, with one error each: unknown verbs, wrong shapes, things not built yet. */
const bad: readonly unknown[] = [
  ["what", "x"],
  ["Send", "x", "y"],
  ["send", "x"],
  ["send", "x", null],
  ["send", 7, "y"],
  ["close"],
  ["close", "x", "no code"],
  ["join", "x", 5],
  ["join", "x", "group"],
  ["publish", "group", "data"],
  ["publish", 5, "data"],
  ["state", "x", 1],
  ["query", "x", { ref: 1 }],
  ["ack", "s"],
  ["ack", "s", -1],
  ["reject", "x", "no status"],
  [],
  [null],
  [["send"]],
  {},
  "send",
  null,
];

const malformedIds = ["", ".", "no id", "__proto__", "a.b.c", "fuzz-1.", "x".repeat(300), "é.a"];

/** The ids of a command, and how many errors those make that are not live. */
interface Named {
  readonly ids: string[];
  readonly named: unknown;
  readonly errors: number;
  readonly foreign: number;
}

/** What asks for more than there is: stack, or memory. Each is one error. */
export const monsters: readonly Uint8Array<ArrayBuffer>[] = [
  utf8("[".repeat(500_000)),
  utf8("[".repeat(40) + "]".repeat(40)),
  utf8(`[${'{"a":'.repeat(300_000)}`),
  utf8(`[["send","x","${"\\u0000".repeat(90_000)}"`),
  utf8(`[1${"0".repeat(300_000)}]`),
  new Uint8Array(500_000).fill(0x91),
  new Uint8Array(500_000).fill(0x81),
  Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x91, 0xdf, 0xff, 0xff, 0xff, 0xff, 0x00),
  Uint8Array.of(0x92, 0xc6, 0xff, 0xff, 0xff, 0xf0, 0x00, 0x00),
  Uint8Array.of(
    0x94,
    0x01,
    0xa1,
    0x73,
    0xcf,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0xff,
    0x90,
  ),
  encode([["send", "no id", new Uint8Array(3_000_000)]]),
];

/** Makes batches of commands for the connections there are. */
export class CommandScripts {
  readonly #dice: Dice;
  readonly #texts: readonly string[];
  readonly #binaries: readonly Uint8Array[];
  /** Numbered streams, each with its next number. */
  readonly #streams: { readonly name: string; next: number | undefined }[] = [];

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#texts = Array.from({ length: 60 }, () => dice.text(dice.length()));
    this.#binaries = Array.from({ length: 30 }, () => dice.bytes(dice.length()));
  }

  next(live: readonly string[]): BatchScript {
    const dice = this.#dice;
    if (dice.below(2_000) === 0) {
      const items = [{ ...nothing, item: "a monster", errors: 1 }];
      return { payload: dice.pick(monsters), items, known: true };
    }
    if (dice.chance(10)) {
      const payload = dice.bytes(dice.below(60));
      if (dice.chance(30) && payload.length > 0) payload[0] = 0x5b;
      return { payload, items: [], known: false };
    }
    const items = Array.from({ length: dice.below(6) }, () => this.#item(live));
    // An item that is a number first would be a version: the bare form begins with an array.
    const bare = items.map(({ item }) => item);
    if (dice.chance(50) || !Array.isArray(bare[0])) return this.#bare(items, bare);
    return this.#numbered(items, bare);
  }

  #bare(items: readonly ScriptItem[], bare: readonly unknown[]): BatchScript {
    const known = bare.length === 0 || Array.isArray(bare[0]);
    return this.#spoilt(this.#packed(bare), items, known);
  }

  /** Numbered: as it is due, or repeated in part, or with a gap before it. */
  #numbered(items: readonly ScriptItem[], bare: readonly unknown[]): BatchScript {
    const dice = this.#dice;
    const place = dice.below(40);
    this.#streams[place] ??= { name: this.#name(), next: undefined };
    const { name, next } = this.#streams[place];
    const turn = next === undefined ? 0 : dice.below(10);
    if (turn === 8) {
      const gap = this.#packed([1, name, next! + 1 + dice.below(5), bare]);
      return { payload: gap, items: [{ ...nothing, item: "gap", errors: 1 }], known: true };
    }
    const back = turn === 9 ? Math.min(next!, dice.below(4)) : 0;
    const first = (next ?? dice.below(300)) - back;
    const script = this.#spoilt(this.#packed([1, name, first, bare]), items.slice(back), true);
    // Nobody knows how far a spoilt one came: its stream is not used again.
    if (!script.known) this.#streams[place] = { name: this.#name(), next: undefined };
    else this.#streams[place].next = Math.max(next ?? 0, first + items.length);
    return script;
  }

  /** No spoilt name is another's. */
  #name(): string {
    return `o1:${Array.from({ length: 8 }, () => this.#dice.below(36).toString(36)).join("")}`;
  }

  #packed(value: unknown): Uint8Array<ArrayBuffer> {
    return this.#dice.chance(60) ? encode(value) : utf8(JSON.stringify(value, jsonForm));
  }

  #spoilt(
    payload: Uint8Array<ArrayBuffer>,
    items: readonly ScriptItem[],
    known: boolean,
  ): BatchScript {
    if (this.#dice.chance(60)) return { payload, items, known };
    return { payload: this.#dice.mutate(payload), items: [], known: false };
  }

  #item(live: readonly string[]): ScriptItem {
    const dice = this.#dice;
    const kind = dice.below(100);
    if (kind < 25) return { ...nothing, item: dice.pick(bad), errors: 1 };
    const { ids, named, errors, foreign } = this.#ids(live);
    const options = dice.chance(30) ? [{ ref: this.#ref() }] : [];
    if (kind < 90) {
      const data = dice.chance(60) ? dice.pick(this.#texts) : dice.pick(this.#binaries);
      const sends = ids.map((id) => [id, data] as const);
      const item = ["send", named, data, ...options];
      return { ...nothing, item, sends, errors, foreign };
    }
    if (kind < 94) {
      const item = ["close", named, 4_000, "go", ...options];
      return { ...nothing, item, closes: ids, errors, foreign };
    }
    if (kind < 97) return { ...nothing, item: ["ack", "s", dice.below(9)], errors: 0 };
    return { ...nothing, item: ["close", named, 1_005, "never"], errors: 1 };
  }

  /** Ids of which some are live, and how many errors the others make. */
  #ids(live: readonly string[]): Named {
    const dice = this.#dice;
    const ids: string[] = [];
    const named: unknown[] = [];
    let [errors, foreign] = [0, 0];
    for (let n = dice.chance(70) ? 1 : dice.below(5); n > 0; n--) {
      const kind = dice.below(100);
      if (kind < 75 && live.length > 0) {
        const id = dice.pick(live);
        ids.push(id);
        named.push(id);
        continue;
      }
      if (kind < 90) named.push(idOf(codecOptions.node, dice.below(40), "z"));
      else if (kind < 95) named.push(dice.pick(malformedIds));
      else named.push(idOf("elsewhere", dice.below(40)));
      if (kind < 95) errors++;
      else foreign++;
    }
    const single = named.length === 1 && dice.chance(70);
    return { ids, named: single ? named[0] : named, errors, foreign };
  }

  #ref(): unknown {
    const dice = this.#dice;
    return dice.pick([1, "r", null, [1, ["deep"]], { a: { b: 1 } }, dice.text(3), 2 ** 40]);
  }
}

/** Binary data as JSON has it. */
function jsonForm(_key: string, value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  return { $binary: Buffer.from(value).toString("base64") };
}
