import process from "node:process";
import type { Clock } from "../../../core/ports/mod.ts";

/** How often items are measured, and until when. */
export interface Turns {
  readonly rounds: number;
  /** Whether there is time for one more turn; always where undefined. */
  readonly mayTake?: () => boolean;
  /** Items that got no turn, by name. */
  readonly leftOut?: (names: readonly string[]) => void;
}

function nameOf(item: unknown): string {
  const { name } = Object(item) as { name?: unknown };
  return typeof name === "string" ? name : JSON.stringify(item);
}

/**
 * Measures items in turns, forth and back, so that what slows the machine down for a while
 * favours none. Gives the figures of each, a round each. What fails is tried once more.
 */
export async function inTurns<Item, Figure>(
  items: readonly Item[],
  { rounds, mayTake = () => true, leftOut = () => {} }: Turns,
  measure: (item: Item) => Promise<Figure>,
): Promise<Figure[][]> {
  const figures = items.map((): Figure[] => []);
  const without = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const turns = [...items.entries()];
    if (round % 2 === 1) turns.reverse();
    for (const [index, item] of turns) {
      if (!mayTake()) {
        if (figures[index]!.length === 0) without.add(nameOf(item));
        continue;
      }
      const figure = await measure(item).catch((error) => {
        process.stderr.write(`bench: ${JSON.stringify(item)} failed, once more: ${error.stack}\n`);
        return measure(item);
      });
      figures[index]!.push(figure);
    }
  }
  if (without.size > 0) leftOut([...without]);
  return figures;
}

/** How long a quick run measures, and when it is ended. Between the two is room for last turns. */
export const quickMs = { measured: 95_000, most: 119_000 } as const;

/** The time that a whole run may measure. Its benches share what is left, in equal parts. */
export class SharedTime {
  readonly #clock: Pick<Clock, "ticks">;
  readonly #endsAt: number;
  #shareEndsAt: number;
  /** When the last turn of this bench began; undefined before the first. */
  #turnAt: number | undefined;
  #longestMs = 0;

  constructor(clock: Pick<Clock, "ticks">, ms: number) {
    this.#clock = clock;
    this.#endsAt = this.#shareEndsAt = clock.ticks() + ms;
  }

  /** Nothing is left, for any bench. */
  get isOver(): boolean {
    return this.#clock.ticks() >= this.#endsAt;
  }

  /** The next bench begins; so many have not run yet, itself among them. */
  begin(benches: number): void {
    const now = this.#clock.ticks();
    this.#shareEndsAt = now + Math.max(0, this.#endsAt - now) / benches;
    this.#turnAt = undefined;
    this.#longestMs = 0;
  }

  /**
   * Whether the bench may take a turn now: its first always, and a further one if one that is as
   * long as the longest so far would end within its share.
   */
  mayTake(): boolean {
    const now = this.#clock.ticks();
    if (this.#turnAt !== undefined) {
      this.#longestMs = Math.max(this.#longestMs, now - this.#turnAt);
      if (now + this.#longestMs > this.#shareEndsAt) return false;
    }
    this.#turnAt = now;
    return true;
  }
}
