import { LatestMap, limits, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import {
  type Acknowledgement,
  type BatchRecord,
  HandledItems,
  ReliableReceiver,
  StreamMemory,
} from "../../../core/streams/mod.ts";
import { originLimits } from "../base/mod.ts";

/** One topic of events: a node, and a partition or this origin. */
export interface EventSource {
  readonly topic: string;
  readonly node: string;
  readonly assigned: boolean;
  stream: EventStream | undefined;
  /** Names of streams that are over. */
  readonly ended: LatestMap<string, true>;
}

interface EventStream {
  readonly name: string;
  /** The node's incarnation, the second part of the name. */
  readonly incarnation: string | undefined;
  readonly receiver: ReliableReceiver;
  /** How far it is handled, in assigned mode: it is acknowledged and repeated. */
  readonly handled: HandledItems;
}

/** The streams of events, by topic: which items of a batch are new, and which never came. */
export class EventStreams {
  readonly #ackDue: (node: string, ack: Acknowledgement) => void;
  readonly #failed: (error: ServiceError) => void;
  readonly #begunAnew: (node: string, incarnation: string | undefined) => void;
  readonly #sources: StreamMemory<EventSource>;
  #source: EventSource = newSource("", "", false);
  #missed = 0;
  /** The batch that is being read, if it will be acknowledged. */
  record: BatchRecord | undefined;

  /** `begunAnew`: a node, in this incarnation, has begun another stream for this origin. */
  constructor(
    clock: Pick<Clock, "ticks">,
    ackDue: (node: string, ack: Acknowledgement) => void,
    failed: (error: ServiceError) => void,
    begunAnew: (node: string, incarnation: string | undefined) => void,
  ) {
    this.#ackDue = ackDue;
    this.#failed = failed;
    this.#begunAnew = begunAnew;
    // A node with too many topics loses one of its own, not one of another node.
    this.#sources = new StreamMemory(clock, {
      perSenderMax: originLimits.sourcesPerNodeMax,
      streamsMax: originLimits.sourcesMax,
      senderSilentMs: Number.POSITIVE_INFINITY,
    });
  }

  get missed(): number {
    return this.#missed;
  }

  /** Where the batch that is being read comes from. */
  get source(): EventSource {
    return this.#source;
  }

  get assigning(): string[] {
    const nodes = new Set<string>();
    for (const { node, assigned } of this.#sources.values()) if (assigned) nodes.add(node);
    return [...nodes];
  }

  /** Tells every node how far its stream was received. */
  acknowledgeReceived(): void {
    for (const { node, assigned, stream } of this.#sources.values()) {
      if (assigned && stream !== undefined) this.#acknowledgeReceived(node, stream);
    }
  }

  /** A batch of this topic is read from now on. */
  enter(topic: string, node: string, assigned: boolean): void {
    let source = this.#sources.get(node, topic);
    if (source === undefined) {
      source = newSource(topic, node, assigned);
      if (!this.#sources.add(node, topic, source)) {
        const message = `no room to remember the streams of node ${node}`;
        this.#failed(new ServiceError("streams-full", message));
      }
    }
    this.#source = source;
  }

  leave(): void {
    const { record } = this;
    this.record = undefined;
    record?.stream.settle(record);
  }

  /** Returns how many items at the start of the batch must not be handled. */
  begin(name: string | undefined, first: number, items: number): number {
    if (name === undefined) return 0;
    const source = this.#source;
    // The node has given the stream up; the broker still delivers what is left of it.
    if (source.ended.has(name)) return items;
    const stream = this.#streamOf(source, name);
    return source.assigned
      ? this.#acceptAssigned(stream, first, items)
      : this.#acceptOpen(stream, first, items);
  }

  #streamOf(source: EventSource, name: string): EventStream {
    const { node, assigned, stream: former } = source;
    if (former?.name === name) return former;
    const incarnation = name.split(":")[1];
    if (former !== undefined && assigned) {
      source.ended.set(former.name, true);
      this.#begunAnew(node, incarnation);
    }
    const handled = new HandledItems(name, () => {
      this.#ackDue(node, acknowledgementOf(handled));
    });
    const receiver = new ReliableReceiver();
    const stream = { name, incarnation, receiver, handled };
    source.stream = stream;
    return stream;
  }

  /** Nobody repeats what is missing: it is counted, and what came is handled. */
  #acceptOpen(stream: EventStream, first: number, items: number): number {
    const { skip, gap } = stream.receiver.accept(first, items);
    if (gap === 0) return skip;
    this.#missed += gap;
    this.#failed(new ServiceError("batch-gap", `${gap} events of ${stream.name} never came`));
    stream.receiver.skipTo(first);
    return stream.receiver.accept(first, items).skip;
  }

  /** The stream begins at 0, and on a gap nothing past it is handled. */
  #acceptAssigned(stream: EventStream, first: number, items: number): number {
    const { skip, gap } = stream.receiver.accept(first, items, 0);
    if (gap > 0 || skip === items) {
      this.#acknowledgeReceived(this.#source.node, stream);
      return items;
    }
    this.record = stream.handled.begin(first + items);
    return skip;
  }

  #acknowledgeReceived(node: string, { handled, receiver }: EventStream): void {
    this.#ackDue(node, acknowledgementOf(handled, receiver.next));
  }
}

/** How far a stream is handled. */
function acknowledgementOf(items: HandledItems, received?: number): Acknowledgement {
  const { name, handled, beyond } = items;
  if (beyond.length === 0) {
    return received === undefined ? ["ack", name, handled] : ["ack", name, handled, received];
  }
  const ranges =
    beyond.length <= limits.handledRangesMax ? beyond : beyond.slice(0, limits.handledRangesMax);
  return ["ack", name, handled, received, ranges];
}

/** The record of a topic on which nothing has come yet. */
function newSource(topic: string, node: string, assigned: boolean): EventSource {
  const ended = new LatestMap<string, true>(originLimits.endedStreamsMax);
  return { topic, node, assigned, stream: undefined, ended };
}
