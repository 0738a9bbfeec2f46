import { encode } from "@msgpack/msgpack";
import type { Dice } from "../../vectors/dice.ts";
import { jsonForm, utf8 } from "../../vectors/hex.ts";
import { idOf } from "../../vectors/ids.ts";
import { codecOptions } from "../rig/gateway-rig.ts";
import type { Data } from "./client-script.ts";
import { monsters } from "./command-monsters.ts";

/** One command, and what is to come of it. */
export interface ScriptItem {
  readonly item: unknown;
  /** Messages it sends, by the ids of live connections. */
  readonly sends: readonly (readonly [id: string, data: Data])[];
  /** Connections that it puts into a group, or takes out; those of a batch are no other's. */
  readonly joins?: Grouping;
  readonly leaves?: Grouping;
  /** Data that every member gets, but for one. */
  readonly published?: { readonly group: string; readonly data: Data; readonly except?: string };
  /** Connections it closes. */
  readonly closes: readonly string[];
  /** Errors that are counted for it. */
  readonly errors: number;
  /** Ids of other nodes: errors too where they were addressed to this node alone. */
  readonly foreign?: number;
}

/** Live connections and a group. */
export interface Grouping {
  readonly group: string;
  readonly ids: readonly string[];
}

export interface BatchScript {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly items: readonly ScriptItem[];
  /** False where it was spoilt: nobody knows what comes of it then. */
  readonly known: boolean;
}

const nothing = { sends: [], closes: [] } as const;

/** What is refused, with one error each: unknown verbs, wrong shapes, names that cannot be. */
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
  ["publish", "", "data"],
  ["publish", "x".repeat(257), "data"],
  ["publish", 5, "data"],
  ["join", [], "@all"],
  ["leave", [], "@user/u"],
  ["state", "x", 1],
  ["state", [], "x".repeat(5_000)],
  ["renew", [], -1],
  ["renew", "x", "soon"],
  ["query", "x"],
  ["query", { ref: 1 }],
  ["accept", "x", { ref: 1 }],
  ["accept", idOf(codecOptions.node, 3, "z"), { user: "u", state: { a: 1 } }],
  ["accept", "x", "user"],
  ["reject", idOf(codecOptions.node, 3, "z"), 403, "no"],
  ["send", [], "late", { ttl: 0 }],
  ["send", [], "x", { ttl: "soon" }],
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

/** Makes batches of commands for the connections there are. */
export class CommandScripts {
  readonly #dice: Dice;
  readonly #texts: readonly string[];
  readonly #binaries: readonly Uint8Array[];
  /** The group of the batch that is being made. */
  #group = "";
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
    this.#group = `g/${this.#letters()}`;
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
    // So few that the node forgets none of them, whatever comes of streams of spoilt batches.
    const place = dice.below(4);
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
    return `o1:${this.#letters()}`;
  }

  #letters(): string {
    return Array.from({ length: 8 }, () => this.#dice.below(36).toString(36)).join("");
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
    if (kind < 65) {
      const data = this.#data();
      const sends = ids.map((id) => [id, data] as const);
      const item = ["send", named, data, ...options];
      return { ...nothing, item, sends, errors, foreign };
    }
    if (kind < 90) return this.#control(kind, { ids, named, errors, foreign }, options);
    if (kind < 94) {
      const item = ["close", named, 4_000, "go", ...options];
      return { ...nothing, item, closes: ids, errors, foreign };
    }
    if (kind < 97) return { ...nothing, item: ["ack", "s", dice.below(9)], errors: 0 };
    return { ...nothing, item: ["close", named, 1_005, "never"], errors: errors + 1, foreign };
  }

  #data(): Data {
    const dice = this.#dice;
    return dice.chance(60) ? dice.pick(this.#texts) : dice.pick(this.#binaries);
  }

  /** Groups, states and questions. */
  #control(kind: number, { ids, named, ...rest }: Named, options: unknown[]): ScriptItem {
    const dice = this.#dice;
    const group = this.#group;
    if (kind < 73) {
      return {
        ...nothing,
        ...rest,
        item: ["join", named, group, ...options],
        joins: { group, ids },
      };
    }
    if (kind < 76) {
      const item = ["leave", named, group, ...options];
      return { ...nothing, ...rest, item, leaves: { group, ids } };
    }
    if (kind < 83) {
      const [except] = dice.chance(50) ? ids : [];
      const published = { group: dice.chance(80) ? group : "@all", data: this.#data() };
      const item = ["publish", published.group, published.data];
      if (except === undefined)
        return { ...nothing, item: [...item, ...options], published, errors: 0 };
      const more = { ...nothing, published: { ...published, except }, errors: 0 };
      return { ...more, item: [...item, { except: dice.chance(50) ? except : [except] }] };
    }
    if (kind < 86) {
      const value = dice.pick([null, 7, { a: [dice.text(9)] }, dice.bytes(dice.below(300))]);
      return { ...nothing, ...rest, item: ["state", named, value, ...options] };
    }
    if (kind < 88) {
      const item = ["renew", named, dice.pick([0, 1e15, 1.5e15 + 0.5]), ...options];
      return { ...nothing, ...rest, item };
    }
    const subject = dice.chance(50) ? named : dice.pick([group, "@all", "@user/u", ""]);
    const item = ["query", subject, { ref: 1, count: dice.chance(50) }];
    return { ...nothing, item, errors: 0 };
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
