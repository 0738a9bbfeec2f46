import { limits } from "../../core/base/mod.ts";
import { type Cluster, windowBytesOf } from "./cluster.ts";
import { talkersPerNode } from "./crowd.ts";

const sampleMs = 100;

/** Asks the nodes again and again how much they hold unconfirmed. */
export class WindowSampler {
  readonly #cluster: Cluster;
  readonly #end: AbortController = new AbortController();
  readonly #done: Promise<void>;
  #most = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#done = this.#sample();
  }

  /** The most that any node held. */
  async stop(): Promise<number> {
    this.#end.abort();
    await this.#done;
    return this.#most;
  }

  async #sample(): Promise<void> {
    while (!this.#end.signal.aborted) {
      for (const node of this.#cluster.nodes) {
        const bytes = await this.#cluster.metric(node, "wss_event_window_bytes");
        this.#most = Math.max(this.#most, bytes ?? 0);
      }
      await new Promise((resolve) => setTimeout(resolve, sampleMs));
    }
  }
}

/** What a server reads of one socket before a pause counts: Bun's own, and what ours is fed. */
const readBytes = { native: 524_288, wasm: limits.chunkBytesMax } as const;

/**
 * What a node may hold at most: a window for each origin and the waiting room, past it the batch
 * that filled it, the lane, and one read of each socket. Where a server cannot pause, twice the
 * window.
 */
export function windowBound(cluster: Cluster): number {
  const { engine } = cluster.combination;
  const { pauses, bytes } = windowBytesOf(cluster.combination);
  const streams = cluster.origins.length + 1;
  const held = streams * ((pauses ? bytes : 2 * bytes) + 2 * limits.batchBytesTarget);
  return held + (talkersPerNode + 1) * readBytes[engine];
}
