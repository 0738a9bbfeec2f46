import { ServiceError } from "../../../core/base/mod.ts";
import type { MessageData } from "../base/mod.ts";
import type { BatchSink } from "../receive/mod.ts";

/** `{"$binary": base64}` as bytes, anything else as it is. */
export function fromJsonData(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { $binary } = value as { $binary?: unknown };
  return typeof $binary === "string" ? new Uint8Array(Buffer.from($binary, "base64")) : value;
}

/** Any value of a batch: bytes wherever they stand. */
export function fromJsonValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromJsonValue);
  const data = fromJsonData(value);
  if (data !== value || typeof value !== "object" || value === null) return data;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fromJsonValue(one)]));
}

/** Likewise, the other way round. */
export function toJsonValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return toJsonData(value);
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toJsonValue(one)]));
}

/** A message's data as JSON has it. */
export function toJsonData(data: MessageData): unknown {
  if (typeof data === "string") return data;
  const { buffer, byteOffset, byteLength } = data;
  return { $binary: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
}

/** Reads a JSON batch into the sink; throws where it cannot be read. */
export function readJsonBatch(payload: Uint8Array, sink: BatchSink): void {
  const batch: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  if (!Array.isArray(batch)) throw new ServiceError("batch-malformed", "a batch is an array");
  let items: unknown = batch;
  let skip: number;
  if (batch.length > 0 && !Array.isArray(batch[0])) {
    const [version, stream, first] = batch;
    items = batch[3];
    if (version !== 1) {
      throw new ServiceError("batch-version", "a batch of a version that is not known");
    }
    if (typeof stream !== "string" || !Number.isSafeInteger(first) || !Array.isArray(items)) {
      throw new ServiceError("batch-malformed", "a numbered batch is [1, stream, first, items]");
    }
    skip = sink.begin(stream, first, items.length);
  } else {
    skip = sink.begin(undefined, 0, batch.length);
  }
  for (const item of (items as unknown[]).slice(skip)) readItem(item, sink);
}

function readItem(item: unknown, sink: BatchSink): void {
  if (!Array.isArray(item)) {
    sink.refused(new ServiceError("batch-malformed", "an item is no array"));
    return;
  }
  const [verb, id, seq, raw, state] = item;
  const data = verb === "message" ? fromJsonData(raw) : undefined;
  const isData = typeof data === "string" || data instanceof Uint8Array;
  if (typeof id === "string" && typeof seq === "number" && isData) {
    const bytes = new TextEncoder().encode(id);
    sink.message(bytes, 0, bytes.length, seq, data, fromJsonValue(state));
  } else {
    sink.item(verb === "message" ? item : (fromJsonValue(item) as unknown[]));
  }
}
