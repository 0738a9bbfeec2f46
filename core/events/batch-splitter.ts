import { limits } from "../base/mod.ts";
import type { Codec, EventChannel, EventDestination, OriginDestination } from "../ports/mod.ts";
import type { NumberedBatch } from "./batch-window.ts";

/** Whoever a stream's batches go to. */
export type Destination = EventDestination | OriginDestination;

/** Bytes of items that a batch may hold, so that the channel can publish it in one piece. */
export function batchBytesTarget(channel: EventChannel): number {
  const room = channel.batchBytesMax - limits.batchHeadBytesMax;
  return Math.max(0, Math.min(limits.batchBytesTarget, room));
}

/**
 * Keeps the codec to what the channel can publish; for each time when it becomes connected. The
 * room that is left is for a message's data and its connection's state together.
 */
export function limitBatches(codec: Codec, channel: EventChannel): void {
  const { batchHeadBytesMax, messageHeadBytesMax } = limits;
  const room = channel.batchBytesMax - batchHeadBytesMax - messageHeadBytesMax;
  codec.events.limitBatches(batchBytesTarget(channel), Math.max(0, room));
}

/** `alive` items of these connections, each of which fits the channel. */
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

export interface Fit {
  readonly codec: Codec;
  readonly bytesMax: number;
  /** Batches are published as JSON in place of MessagePack. */
  readonly json: boolean;
  /** An item that fits no packet even alone. An empty one has its number from now on. */
  readonly unfit: (item: readonly unknown[]) => void;
}

function format({ codec, json }: Fit, batch: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return json ? new Uint8Array(codec.values.toJson(batch)) : batch;
}

/**
 * A batch in as many pieces as the channel needs, formatted. Buffers are kept below its limit, so
 * most are one: not what was written before the limit was known, and what JSON makes larger.
 */
export function fitBatch(batch: NumberedBatch, usual: Fit): NumberedBatch[] {
  const fit = batch.json === true ? { ...usual, json: true } : usual;
  const payload = format(fit, batch.payload);
  if (payload.byteLength <= fit.bytesMax) return [{ ...batch, payload }];
  const [version, stream, , items] = fit.codec.values.decodeValue(batch.payload) as [
    number,
    string,
    number,
    unknown[][],
  ];
  const part = (from: number, to: number): NumberedBatch => {
    const first = batch.first + from;
    const bytes = fit.codec.values.encodeValue([version, stream, first, items.slice(from, to)]);
    return { first, count: to - from, payload: new Uint8Array(bytes) };
  };
  if (batch.count > 1) {
    const middle = batch.count >> 1;
    return [...fitBatch(part(0, middle), fit), ...fitBatch(part(middle, batch.count), fit)];
  }
  const [verb, , , , , , grant] = items[0] ?? [];
  if (verb === "close" && grant !== undefined) {
    // That it is closed counts more than whose it was.
    items[0] = items[0]!.slice(0, 6);
    return fitBatch(part(0, 1), fit);
  }
  // A number that never came would be asked for again for ever.
  fit.unfit(items[0] ?? []);
  const [, id] = items[0] ?? [];
  items[0] = ["alive", typeof id === "string" ? [id] : []];
  return [{ ...batch, payload: format(fit, part(0, 1).payload) }];
}

/** Items outside the numbering, in as many batches as the channel needs. */
export function fitBare(
  items: readonly (readonly unknown[])[],
  fit: Fit,
): Uint8Array<ArrayBuffer>[] {
  const payload = format(fit, new Uint8Array(fit.codec.values.encodeValue(items)));
  if (payload.byteLength <= fit.bytesMax || items.length < 2) return [payload];
  const middle = items.length >> 1;
  return [...fitBare(items.slice(0, middle), fit), ...fitBare(items.slice(middle), fit)];
}
