import assert from "node:assert/strict";
import { memoryUsage } from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { WasmCodec } from "../../../wasm/codec/mod.ts";

/** Memory that must stay level, however many cases there are. */
export interface Level {
  readonly name: string;
  /** Bytes, or whatever it counts. */
  readonly read: () => number;
  /** What it may rise by between the halves of a run: caches fill, peaks differ. */
  readonly slack: number;
}

/** Bytes of the JavaScript heap and of buffers beside it, once garbage is gone. */
export function heapLevel(slack: number = 2_000_000): Level {
  const collect = collector();
  const read = (): number => {
    collect();
    collect();
    const { heapUsed, arrayBuffers } = memoryUsage();
    return heapUsed + arrayBuffers;
  };
  return { name: "the JavaScript heap", read, slack };
}

/**
 * Bytes of the WASM heap. It only grows where nothing is free any more: so that little that is
 * lost shows, everything that is free now is taken first, by batch buffers that nobody uses.
 */
export function wasmLevel(codec: WasmCodec): Level {
  const before = codec.heapBytes();
  while (codec.heapBytes() === before) codec.events.openBuffer("in the way");
  return { name: "the WASM heap", read: () => codec.heapBytes(), slack: 65_536 };
}

/** What makes the runtime collect its garbage now; V8 and JavaScriptCore have it differently. */
function collector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(wait: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/** Lets the event loop turn once: some memory is only given back there. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Half of the readings of a run: those of the first half are compared with the others'. */
const readingsHalf = 4;

/**
 * Reads levels at even distances over a run. What grows with the cases shows in the lowest reading
 * of each half; what only comes and goes, as compiled code does, hardly moves them.
 */
export class LevelWatch {
  readonly #levels: readonly Level[];
  readonly #readings: number[][];

  constructor(levels: readonly Level[]) {
    this.#levels = levels;
    this.#readings = levels.map(() => []);
  }

  /** How many readings a run takes, the last at its end. */
  static readonly readings: number = 2 * readingsHalf;

  async read(): Promise<void> {
    await nextTurn();
    for (const [index, level] of this.#levels.entries()) {
      this.#readings[index]!.push(level.read());
    }
  }

  /** How far each level has risen between the halves. */
  grown(): number[] {
    return this.#readings.map(
      (all) => Math.min(...all.slice(readingsHalf)) - Math.min(...all.slice(0, readingsHalf)),
    );
  }

  /** Throws where a level has risen by more than its slack. */
  check(what: string): void {
    for (const [index, grown] of this.grown().entries()) {
      const { name, slack } = this.#levels[index]!;
      const shown = this.#readings[index]!.join(" ");
      assert.ok(grown <= slack, `${what}: ${name} grew by ${grown}: ${shown}`);
    }
  }
}
