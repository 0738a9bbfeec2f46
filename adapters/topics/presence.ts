import * as v from "valibot";
import { parseJson } from "../../core/base/mod.ts";
import type { NodePresence, OriginPresence } from "../../core/ports/mod.ts";

/** A whole number that JSON carries exactly: up to 2^53 - 1. */
const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** The keys that both kinds of presence must have. */
const common = {
  v: v.literal(1),
  incarnation: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  at: natural,
  every: v.pipe(natural, v.minValue(1), v.maxValue(3_600_000)),
};

const nodePresence = v.object({
  ...common,
  connections: v.optional(natural, 0),
  runtime: v.optional(v.pipe(v.string(), v.maxLength(64)), ""),
  version: v.optional(v.pipe(v.string(), v.maxLength(64)), ""),
});

const originPresence = v.object({
  ...common,
  format: v.exactOptional(v.picklist(["msgpack", "json"])),
  window: v.exactOptional(v.pipe(natural, v.minValue(1))),
  weight: v.exactOptional(v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000))),
  leaving: v.exactOptional(v.boolean()),
});

/** A longer presence is refused without being parsed. */
const presenceBytesMax = 4_096;

/** Parses a node's presence; undefined if it is invalid. Unknown keys are left out. */
export function parseNodePresence(payload: Uint8Array): NodePresence | undefined {
  return parse(nodePresence, payload);
}

/** Parses an origin's presence; undefined if it is invalid. Unknown keys are left out. */
export function parseOriginPresence(payload: Uint8Array): OriginPresence | undefined {
  return parse(originPresence, payload);
}

/** Why a node's presence is invalid, with the key at fault. */
export function nodePresenceFault(payload: Uint8Array): string {
  return faultOf(nodePresence, payload);
}

/** Why an origin's presence is invalid, with the key at fault. */
export function originPresenceFault(payload: Uint8Array): string {
  return faultOf(originPresence, payload);
}

/** Undefined if the payload is not JSON, or too long. */
function read(payload: Uint8Array): unknown {
  return payload.byteLength > presenceBytesMax ? undefined : parseJson(payload);
}

function parse<Output>(
  schema: v.GenericSchema<unknown, Output>,
  payload: Uint8Array,
): Output | undefined {
  const result = v.safeParse(schema, read(payload));
  return result.success ? result.output : undefined;
}

function faultOf(schema: v.GenericSchema, payload: Uint8Array): string {
  if (payload.byteLength > presenceBytesMax) return `more than ${presenceBytesMax} bytes`;
  const value = read(payload);
  if (value === undefined) return "no JSON";
  const { issues: [issue] = [] } = v.safeParse(schema, value, { abortEarly: true });
  const key = issue?.path?.[0]?.key;
  if (issue === undefined || key === undefined) return "no JSON object";
  if (!Object.hasOwn(value as object, String(key))) return `"${key}" is missing`;
  return `"${key}" is ${issue.received}, and must be ${issue.expected ?? "another one"}`;
}

/** The payload of a presence. */
export function encodePresence(presence: NodePresence | OriginPresence): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(presence));
}
