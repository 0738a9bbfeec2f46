import { limits } from "../base/mod.ts";
import type {
  EventChannel,
  EventDestination,
  EventEncoder,
  OriginDestination,
  ValueCodec,
} from "../ports/mod.ts";
import type { NumberedBatch } from "../streams/mod.ts";

/** Where the batches of a stream go. */
export type Destination = EventDestination | OriginDestination;

/** A batch of events. With `json` it goes out as JSON, whatever the format of its stream. */
export interface EventBatch extends NumberedBatch {
  readonly json?: boolean | undefined;
}

/** Bytes of items that a batch may hold, so that the channel can publish it in one piece. */
export function batchBytesTarget(channel: EventChannel): number {
  const room = channel.batchBytesMax - limits.batchHeadBytesMax;
  return Math.max(0, Math.min(limits.batchBytesTarget, room));
}

/**
 * Limits the codec to what the channel can publish; to be called after each connect. A message's
 * data and its connection's state share the room that remains.
 */
export function limitBatches(events: EventEncoder, channel: EventChannel): void {
  const { batchHeadBytesMax, messageHeadBytesMax } = limits;
  const room = channel.batchBytesMax - batchHeadBytesMax - messageHeadBytesMax;
  events.limitBatches(batchBytesTarget(channel), Math.max(0, room));
}

/** `alive` items that name these connections. Each item fits into a packet of the channel. */
export function aliveItems(channel: EventChannel, ids: readonly string[]): unknown[][] {
  // As JSON an id has two quotes and a comma.
  const idBytes = (ids[0]?.length ?? 0) + 3;
  const fitting = Math.floor((batchBytesTarget(channel) - limits.messageHeadBytesMax) / idBytes);
  const count = Math.max(1, Math.min(limits.aliveIdsMax, fitting));
  const items: unknown[][] = [];
  for (let from = 0; from < ids.length; from += count) {
    items.push(["alive", ids.slice(from, from + count)]);
  }
  return items;
}

/** Formats batches, and splits those that are larger than a packet of the broker may be. */
export class BatchSplitter {
  readonly #values: ValueCodec;
  readonly #channel: EventChannel;
  readonly #onOversized: (item: readonly unknown[]) => void;

  /** `onOversized` gets each item that fits no packet. An empty `alive` takes its number. */
  constructor(
    values: ValueCodec,
    channel: EventChannel,
    onOversized: (item: readonly unknown[]) => void = () => {},
  ) {
    this.#values = values;
    this.#channel = channel;
    this.#onOversized = onOversized;
  }

  /**
   * A batch in as many pieces as the channel needs. Batch buffers are kept below its limit, so
   * most batches stay whole. A batch is too large if it was written before the limit was known, or
   * if JSON makes it larger.
   */
  split(batch: EventBatch, json: boolean): NumberedBatch[] {
    const payload = this.#format(batch.payload, json);
    if (payload.byteLength <= this.#channel.batchBytesMax) {
      return json ? [{ ...batch, payload, room: 0 }] : [batch];
    }
    const [version, stream, , items] = this.#values.decodeValue(batch.payload) as [
      number,
      string,
      number,
      unknown[][],
    ];
    const part = (from: number, to: number): NumberedBatch => {
      const first = batch.first + from;
      const bytes = this.#values.encodeValue([version, stream, first, items.slice(from, to)]);
      return { first, count: to - from, payload: new Uint8Array(bytes) };
    };
    if (batch.count > 1) {
      const middle = batch.count >> 1;
      return [
        ...this.split(part(0, middle), json),
        ...this.split(part(middle, batch.count), json),
      ];
    }
    const [verb, , , , , , grant] = items[0] ?? [];
    if (verb === "close" && grant !== undefined) {
      // The end of a connection is more important than its user and state.
      items[0] = items[0]!.slice(0, 6);
      return this.split(part(0, 1), json);
    }
    // The receiver would ask for a missing number again and again.
    this.#onOversized(items[0] ?? []);
    const [, id] = items[0] ?? [];
    items[0] = ["alive", typeof id === "string" ? [id] : []];
    return [{ ...part(0, 1), payload: this.#format(part(0, 1).payload, json) }];
  }

  /** Unnumbered items in as many batches as the channel needs. */
  splitBare(items: readonly (readonly unknown[])[], json: boolean): Uint8Array<ArrayBuffer>[] {
    const payload = this.#format(new Uint8Array(this.#values.encodeValue(items)), json);
    if (payload.byteLength <= this.#channel.batchBytesMax || items.length < 2) return [payload];
    const middle = items.length >> 1;
    return [
      ...this.splitBare(items.slice(0, middle), json),
      ...this.splitBare(items.slice(middle), json),
    ];
  }

  #format(batch: Uint8Array<ArrayBuffer>, json: boolean): Uint8Array<ArrayBuffer> {
    return json ? new Uint8Array(this.#values.toJson(batch)) : batch;
  }
}
