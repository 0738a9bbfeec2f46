import { readFileSync } from "node:fs";
import { limits } from "../../core/base/mod.ts";
import { type Cluster, windowBytesOf } from "./cluster.ts";
import { talkersPerNode } from "./crowd.ts";

const sampleMs = 100;

/** The most that one process held. */
export interface Memory {
  /** What `wss_event_window_bytes` of a node showed. */
  readonly windowBytes: number;
  /** Resident memory of a node. */
  readonly nodeBytes: number;
  /** Resident memory of an origin. */
  readonly originBytes: number;
}

/** Asks again and again how much nodes and origins hold. */
export class MemorySampler {
  readonly #cluster: Cluster;
  readonly #end: AbortController = new AbortController();
  readonly #done: Promise<void>;
  readonly #most = { windowBytes: 0, nodeBytes: 0, originBytes: 0 };

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#done = this.#sample();
  }

  /** The most of what was seen. */
  async stop(): Promise<Memory> {
    this.#end.abort();
    await this.#done;
    return this.#most;
  }

  async #sample(): Promise<void> {
    const { nodes, origins } = this.#cluster;
    while (!this.#end.signal.aborted) {
      for (const node of nodes) {
        this.#note("windowBytes", await this.#cluster.metric(node, "wss_event_window_bytes"));
        this.#note("nodeBytes", residentBytes(node.process.pid));
      }
      for (const origin of origins) {
        this.#note("originBytes", residentBytes(this.#cluster.life(origin).program.pid));
      }
      await new Promise((resolve) => setTimeout(resolve, sampleMs));
    }
  }

  #note(what: keyof Memory, bytes: number | undefined): void {
    this.#most[what] = Math.max(this.#most[what], bytes ?? 0);
  }
}

/** Of a process that runs: proc(5), VmRSS. */
function residentBytes(pid: number | undefined): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  } catch {
    return undefined;
  }
}

/** What a server reads of one socket before a pause counts: Bun's own, and what ours is fed. */
const readBytes = { native: 524_288, wasm: limits.chunkBytesMax } as const;

/** What a process takes for itself: 134 MiB were seen at most, and half as much again. */
const processBytes = 201_326_592;

/**
 * What may be held at most. By a node: a window for each origin and the waiting room, past it the
 * batch that filled it, the lane, and one read of each socket; where a server cannot pause, twice
 * the window. By an origin: its window of each node, because nothing is confirmed before it is
 * handled.
 */
export function memoryBounds(cluster: Cluster): Memory {
  const { engine } = cluster.combination;
  const { pauses, bytes } = windowBytesOf(cluster.combination);
  const streams = cluster.origins.length + 1;
  const stream = (pauses ? bytes : 2 * bytes) + 2 * limits.batchBytesTarget;
  const reads = (talkersPerNode + 1) * readBytes[engine];
  const windowBytes = streams * stream + reads;
  const nodeBytes = processBytes + windowBytes;
  const originBytes = processBytes + cluster.nodes.length * (stream + reads);
  return { windowBytes, nodeBytes, originBytes };
}
