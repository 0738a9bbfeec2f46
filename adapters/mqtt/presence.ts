import * as v from "valibot";
import type { NodePresence, OriginPresence } from "../../core/ports/mod.ts";

/** 2 to the power of 53 less one: what a JSON number carries exactly. */
const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const nodePresence = v.object({
  v: v.literal(1),
  incarnation: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  at: natural,
  every: v.pipe(natural, v.minValue(1), v.maxValue(3_600_000)),
  connections: v.optional(natural, 0),
  runtime: v.optional(v.pipe(v.string(), v.maxLength(64)), ""),
  version: v.optional(v.pipe(v.string(), v.maxLength(64)), ""),
});

const originPresence = v.object({
  v: v.literal(1),
  incarnation: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  at: natural,
  every: v.pipe(natural, v.minValue(1), v.maxValue(3_600_000)),
  format: v.exactOptional(v.picklist(["msgpack", "json"])),
  window: v.exactOptional(v.pipe(natural, v.minValue(1))),
  weight: v.exactOptional(v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000))),
  leaving: v.exactOptional(v.boolean()),
});

/** A presence longer than this is refused unread. */
const presenceBytesMax = 4_096;

/** A node's presence as received; undefined where it is none. Unknown keys are left out. */
export function parseNodePresence(payload: Uint8Array): NodePresence | undefined {
  return parse(nodePresence, payload);
}

/** An origin's presence, likewise. */
export function parseOriginPresence(payload: Uint8Array): OriginPresence | undefined {
  return parse(originPresence, payload);
}

function parse<Output>(
  schema: v.GenericSchema<unknown, Output>,
  payload: Uint8Array,
): Output | undefined {
  if (payload.byteLength > presenceBytesMax) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    const result = v.safeParse(schema, value);
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

/** A presence as it is published. */
export function encodePresence(presence: NodePresence | OriginPresence): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(presence));
}
