import { ServiceError } from "../../../core/base/mod.ts";
import { type BatchRecord, HandledItems } from "../../../core/streams/mod.ts";
import { originLimits } from "../base/mod.ts";
import { type EventSource, newSource } from "./event-source.ts";

/** What the streams of events leave to the receiver. */
export interface EventSourcesEffects {
  /** Confirms a stream to its node: items handled, and received on a gap. */
  confirm(node: string, stream: string, counts: readonly number[]): void;
  failed(error: ServiceError): void;
  /** A node has begun another stream for this origin. */
  begunAnew(node: string): void;
}

/** The streams of events, by topic: which items of a batch are new, and which never came. */
export class EventSources {
  readonly #effects: EventSourcesEffects;
  readonly #sources: Map<string, EventSource> = new Map();
  /** Their topics by node, in the order in which they were first heard of. */
  readonly #ofNode: Map<string, Set<string>> = new Map();
  #source: EventSource = newSource("", "", false);
  #missed = 0;
  /** Of the batch that is being read, where it is to be confirmed. */
  record: BatchRecord | undefined;

  constructor(effects: EventSourcesEffects) {
    this.#effects = effects;
  }

  /** Events that never came, by the numbers of those that did. */
  get missed(): number {
    return this.#missed;
  }

  /** Nodes that have given this origin connections of its own. */
  get assigning(): string[] {
    const nodes = new Set<string>();
    for (const { node, assigned } of this.#sources.values()) if (assigned) nodes.add(node);
    return [...nodes];
  }

  /** Says where every stream stands. */
  tellReceived(): void {
    for (const { node, stream, handled, next } of this.#sources.values()) {
      if (stream === undefined || handled === undefined) continue;
      this.#effects.confirm(node, stream, [handled.handled, next]);
    }
  }

  /** A batch of this topic is read from now on. */
  enter(topic: string, node: string, assigned: boolean): EventSource {
    let source = this.#sources.get(topic);
    if (source === undefined) {
      source = newSource(topic, node, assigned);
      this.#remember(source);
    }
    this.#source = source;
    return source;
  }

  /** A node with many topics makes room among its own: nobody makes another's be forgotten. */
  #remember(source: EventSource): void {
    const { node, topic } = source;
    const own = this.#ofNode.get(node) ?? new Set();
    const full = this.#sources.size >= originLimits.sourcesMax;
    if (full && own.size === 0) {
      const message = `no room to remember the streams of node ${node}`;
      this.#effects.failed(new ServiceError("streams-full", message));
      return;
    }
    if (full || own.size >= originLimits.sourcesPerNodeMax) {
      const [oldest = ""] = own;
      own.delete(oldest);
      this.#sources.delete(oldest);
    }
    this.#ofNode.set(node, own.add(topic));
    this.#sources.set(topic, source);
  }

  /** The batch is read. */
  leave(): void {
    const { record } = this;
    this.record = undefined;
    record?.stream.settle(record);
  }

  /** How many items at the start of the batch are known already. */
  begin(stream: string | undefined, first: number, items: number): number {
    if (stream === undefined) return 0;
    const source = this.#source;
    if (source.assigned) return this.#beginAssigned(source, stream, [first, items]);
    if (source.stream !== stream) {
      source.stream = stream;
      source.incarnation = stream.split(":")[1];
      source.next = first;
    }
    if (first > source.next) {
      const missed = first - source.next;
      this.#missed += missed;
      const message = `${missed} events of ${stream} never came`;
      this.#effects.failed(new ServiceError("batch-gap", message));
      source.next = first;
    }
    const skip = Math.min(source.next - first, items);
    source.next = Math.max(source.next, first + items);
    return skip;
  }

  /** A stream that is confirmed begins at 0, and on a gap nothing past it is handled. */
  #beginAssigned(
    source: EventSource,
    stream: string,
    [first, items]: readonly [first: number, items: number],
  ): number {
    // Of a connection that the node has given up, and the broker read to its end later.
    if (source.ended.has(stream)) return items;
    if (source.stream !== stream || source.handled === undefined) {
      if (source.stream !== undefined) {
        source.ended.add(source.stream);
        this.#effects.begunAnew(source.node);
      }
      source.stream = stream;
      source.incarnation = stream.split(":")[1];
      source.next = 0;
      const handled = new HandledItems(stream, () => {
        this.#effects.confirm(source.node, stream, [handled.handled]);
      });
      source.handled = handled;
    }
    const end = first + items;
    if (first > source.next || end <= source.next) {
      this.#effects.confirm(source.node, stream, [source.handled.handled, source.next]);
      return items;
    }
    const skip = source.next - first;
    source.next = end;
    this.record = source.handled.begin(end);
    return skip;
  }
}
