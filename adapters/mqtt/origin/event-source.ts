import type { HandledItems } from "./handled-items.ts";
import { originLimits } from "./origin-limits.ts";
import { RecentIds } from "./recent-ids.ts";

/** One topic of events: a node and a partition. */
export interface EventSource {
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
export function newSource(node: string, assigned: boolean): EventSource {
  const ended = new RecentIds(originLimits.endedStreamsMax);
  const state = { stream: undefined, incarnation: undefined, handled: undefined };
  return { node, assigned, ended, next: 0, ...state };
}

/** The source of a topic; a new one where none is remembered. */
export function sourceOf(
  sources: Map<string, EventSource>,
  topic: string,
  create: () => EventSource,
): EventSource {
  const known = sources.get(topic);
  if (known !== undefined) return known;
  if (sources.size >= originLimits.sourcesMax) sources.clear();
  const source = create();
  sources.set(topic, source);
  return source;
}
