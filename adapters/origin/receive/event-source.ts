import type { HandledItems } from "../../../core/streams/mod.ts";
import { originLimits } from "../base/mod.ts";
import { RecentIds } from "./recent-ids.ts";

/** One topic of events: a node and a partition. */
export interface EventSource {
  readonly topic: string;
  readonly node: string;
  stream: string | undefined;
  /** Number of the item that comes next. */
  next: number;
  /** The node's incarnation, as the stream's name has it in its second part. */
  incarnation: string | undefined;
  /** In assigned mode: how far the stream is handled. It is confirmed and repeated. */
  handled: HandledItems | undefined;
  readonly assigned: boolean;
  /** Streams that are over. */
  readonly ended: RecentIds;
}

/** A topic that nothing came on yet. */
export function newSource(topic: string, node: string, assigned: boolean): EventSource {
  const ended = new RecentIds(originLimits.endedStreamsMax);
  const state = { stream: undefined, incarnation: undefined, handled: undefined };
  return { topic, node, assigned, ended, next: 0, ...state };
}
