import { readFileSync } from "node:fs";
import { limits } from "../../../core/base/mod.ts";
import type { GatewayProcess } from "../../support/gateway/gateway.ts";
import { type Cluster, talkersPerNode, windowBytesOf } from "../cluster/cluster.ts";
import { type Complaint, errorCounts } from "./complaints.ts";

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

/** What a run has shown of it. */
export interface SeenMemory extends Memory {
  /** What no process of a place ever showed, or only as 0: then the most says nothing. */
  readonly unseen: readonly string[];
}

const windowPattern = /^wss_event_window_bytes (\S+)$/m;

/** The most of each kind, and what was never seen. */
export class MostSeen {
  readonly #most = { windowBytes: 0, nodeBytes: 0, originBytes: 0 };
  readonly #places: Map<string, boolean> = new Map();

  /** What a place shows; undefined where it cannot say just now. */
  note(what: keyof Memory, place: string, bytes: number | undefined): void {
    const name = `${what} of ${place}`;
    const isSeen = bytes !== undefined && bytes > 0;
    this.#places.set(name, isSeen || this.#places.get(name) === true);
    if (isSeen) this.#most[what] = Math.max(this.#most[what], bytes);
  }

  get result(): SeenMemory {
    const unseen = Array.from(this.#places).filter(([, isSeen]) => !isSeen);
    return { ...this.#most, unseen: unseen.map(([name]) => name) };
  }
}

/** Asks again and again how much nodes and origins hold, and what faults nodes have counted. */
export class MemorySampler {
  readonly #cluster: Cluster;
  readonly #end: AbortController = new AbortController();
  readonly #most: MostSeen = new MostSeen();
  /** What each process had counted when the run began: none of one that began later. */
  readonly #before: Map<GatewayProcess, Map<string, number>> = new Map();
  readonly #complaints: Complaint[] = [];
  #done: Promise<void> | undefined;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  static async start(cluster: Cluster): Promise<MemorySampler> {
    const sampler = new MemorySampler(cluster);
    for (const node of cluster.nodes) {
      const metrics = await cluster.metrics(node);
      if (metrics === undefined) throw new Error(`${node.name} has no metrics`);
      sampler.#before.set(node.process, errorCounts(metrics));
    }
    sampler.#done = sampler.#sample();
    return sampler;
  }

  /** The most of what was seen. */
  async stop(): Promise<SeenMemory> {
    this.#end.abort();
    await this.#done;
    return this.#most.result;
  }

  /** Faults that nodes counted since the run began. */
  get complaints(): readonly Complaint[] {
    return this.#complaints;
  }

  async #sample(): Promise<void> {
    const { nodes, origins } = this.#cluster;
    for (let isLast = false; !isLast; ) {
      // Once more when it is told to stop: what was counted in the end is part of the run.
      isLast = this.#end.signal.aborted;
      for (const node of nodes) {
        const { name, process } = node;
        const metrics = await this.#cluster.metrics(node);
        const bytes = windowPattern.exec(metrics ?? "")?.[1];
        this.#most.note("windowBytes", name, bytes === undefined ? undefined : Number(bytes));
        this.#most.note("nodeBytes", name, residentBytes(process.pid));
        if (metrics !== undefined) this.#count(name, process, errorCounts(metrics));
      }
      for (const origin of origins) {
        const { program } = this.#cluster.life(origin);
        this.#most.note("originBytes", origin.name, residentBytes(program.pid));
      }
      if (!isLast) await new Promise((resolve) => setTimeout(resolve, sampleMs));
    }
  }

  #count(who: string, process: GatewayProcess, counts: ReadonlyMap<string, number>): void {
    const before = this.#before.get(process) ?? new Map<string, number>();
    this.#before.set(process, before);
    for (const [code, count] of counts) {
      if (count <= (before.get(code) ?? 0)) continue;
      before.set(code, count);
      this.#complaints.push({ who, code, text: `wss_errors_total is ${count}` });
    }
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
 * What may be held at most. By a node: a window for each origin and the no-origin buffer, past it
 * the batch that filled it, the batch buffer, and one read of each socket; where a server cannot
 * pause, twice the window. By an origin: its window of each node, because nothing is confirmed
 * before it is handled.
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
