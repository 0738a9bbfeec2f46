import { parseRegex, type RegexNode, samples } from "./tree.ts";

/** A place where one character is taken. */
interface Place {
  readonly set: bigint;
  /** Where the next character may be taken, with the number of ways that lead there. */
  readonly next: Map<number, number>;
}

/** Repetitions past this count as endless: a bound of a thousand is none to who must wait. */
const repeatsMax = 16;
const everything = (1n << BigInt(samples.length)) - 1n;

interface State {
  readonly empty: number[];
  /** Passed at the beginning of the text only. */
  start: boolean;
  set: bigint | undefined;
}

/**
 * What a backtracking matcher can be at, as an automaton of places. Place 0 is the beginning; an
 * expression that may begin anywhere has a place 1, which takes anything before.
 */
export class RegexAutomaton {
  readonly places: Place[] = [];
  readonly #states: State[] = [];
  readonly #placeOf = new Map<number, number>();
  readonly #multiline: boolean;

  constructor(pattern: RegExp) {
    this.#multiline = pattern.multiline;
    const [start, end] = [this.#state(), this.#state()];
    this.#build(parseRegex(pattern), start, end);
    this.places.push({ set: 0n, next: new Map() });
    if (!pattern.sticky) this.places.push({ set: everything, next: new Map() });
    for (const [index, { set }] of this.#states.entries()) {
      if (set === undefined) continue;
      this.#placeOf.set(index, this.places.length);
      this.places.push({ set, next: new Map() });
    }
    for (const [state, place] of this.#placeOf) {
      const after = (this.#states[state] as State).empty[0] as number;
      this.#follow(after, (this.places[place] as Place).next, false, new Set());
    }
    const [first, anywhere] = this.places as [Place, Place];
    this.#follow(start, first.next, true, new Set());
    if (!pattern.sticky) {
      this.#follow(start, anywhere.next, false, new Set());
      // What can begin at the beginning alone is not tried anywhere else.
      if (anywhere.next.size > 0) for (const { next } of [first, anywhere]) next.set(1, 1);
    }
  }

  #state(): number {
    this.#states.push({ empty: [], start: false, set: undefined });
    return this.#states.length - 1;
  }

  #join(from: number, to: number): void {
    (this.#states[from] as State).empty.push(to);
  }

  #build(node: RegexNode, from: number, to: number): void {
    switch (node.kind) {
      case "character": {
        const taken = this.#state();
        (this.#states[taken] as State).set = node.set;
        this.#join(from, taken);
        this.#join(taken, to);
        return;
      }
      case "start": {
        const gate = this.#state();
        (this.#states[gate] as State).start = !this.#multiline;
        this.#join(from, gate);
        this.#join(gate, to);
        return;
      }
      case "sequence": {
        let at = from;
        for (const inner of node.nodes) {
          const next = this.#state();
          this.#build(inner, at, next);
          at = next;
        }
        this.#join(at, to);
        return;
      }
      case "choice":
        for (const inner of node.nodes) this.#build(inner, from, to);
        return;
      case "look":
        // What it looks at is tried, and leads nowhere.
        this.#build(node.node, from, this.#state());
        this.#join(from, to);
        return;
      case "repeat":
        this.#repeat(node, from, to);
        return;
      default:
        this.#join(from, to);
    }
  }

  /** As the standard says it: each repetition past the least holds the rest of them. */
  #repeat(node: RegexNode & { kind: "repeat" }, from: number, to: number): void {
    const endless = node.max > repeatsMax;
    const least = Math.min(node.min, repeatsMax);
    let at = from;
    for (let count = 0; count < (endless ? least : node.max); count++) {
      if (count >= node.min) this.#join(at, to);
      const next = this.#state();
      this.#build(node.node, at, next);
      at = next;
    }
    if (endless) {
      // Its own way in and out: one that ends and begins anew is another way than one more.
      const [begin, end] = [this.#state(), this.#state()];
      this.#join(at, to);
      this.#join(at, begin);
      this.#build(node.node, begin, end);
      this.#join(end, begin);
      at = end;
    }
    this.#join(at, to);
  }

  /** Counts the ways from a state to the next places. */
  #follow(state: number, into: Map<number, number>, atStart: boolean, seen: Set<number>): void {
    const place = this.#placeOf.get(state);
    if (place !== undefined) {
      into.set(place, (into.get(place) ?? 0) + 1);
      return;
    }
    const { empty, start } = this.#states[state] as State;
    if (seen.has(state) || (start && !atStart)) return;
    seen.add(state);
    for (const next of empty) this.#follow(next, into, atStart, seen);
    seen.delete(state);
  }
}

/** Why a backtracking matcher may need more than linear work; undefined where it never does. */
export function ambiguityOf(pattern: RegExp): string | undefined {
  const { places } = new RegexAutomaton(pattern);
  const reach = places.map((_, index) => reachable(places, index));
  const looping = places.flatMap((_, index) => (reach[index]?.has(index) ? [index] : []));
  const together = (a: number, b: number): boolean =>
    reach[a]?.has(b) === true && reach[b]?.has(a) === true;
  for (const p of looping) {
    for (const [q, ways] of places[p]?.next ?? []) {
      if (ways > 1 && (p === q || together(p, q))) return "a repetition of a repetition";
    }
    for (const q of looping) {
      if (p === q || reach[p]?.has(q) !== true) continue;
      const within = [(it: number): boolean => it === p || together(p, it), (): boolean => true];
      const third = (it: number): boolean => it === q || together(q, it);
      // Weber and Seidl: a word that leads from p to p, from p to q and from q to q.
      const found = walk(places, [p, p, q], [p, q, q], [...within, third]);
      if (found) return `two repetitions take the same text (places ${p} and ${q})`;
    }
  }
  return undefined;
}

function reachable(places: readonly Place[], from: number): Set<number> {
  const found = new Set<number>();
  const todo = [...(places[from]?.next.keys() ?? [])];
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    todo.push(...(places[at]?.next.keys() ?? []));
  }
  return found;
}

type Three = readonly [number, number, number];

/** Whether one word leads from the first three places to the other three. */
function walk(
  places: readonly Place[],
  from: Three,
  to: Three,
  allowed: readonly ((place: number) => boolean)[],
): boolean {
  const seen = new Set<string>();
  const todo: Three[] = [from];
  const nexts = (at: number, part: number): number[] =>
    [...(places[at]?.next.keys() ?? [])].filter((next) => allowed[part]?.(next) === true);
  const setOf = (at: number): bigint => places[at]?.set ?? 0n;
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    for (const a of nexts(at[0], 0)) {
      for (const b of nexts(at[1], 1)) {
        const both = setOf(a) & setOf(b);
        if (both === 0n) continue;
        for (const c of nexts(at[2], 2)) {
          if ((both & setOf(c)) === 0n) continue;
          if (a === to[0] && b === to[1] && c === to[2]) return true;
          const key = `${a} ${b} ${c}`;
          if (seen.has(key)) continue;
          seen.add(key);
          todo.push([a, b, c]);
        }
      }
    }
  }
  return false;
}
