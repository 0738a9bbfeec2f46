import { fromBase64 } from "./base64.ts";

/** The key of binary data in JSON: `{"$binary":"<base64>"}`. */
const binaryKey = "$binary";

/**
 * A value that JSON carried, with the bytes that it stands for: `{"$binary": base64}` becomes a
 * Uint8Array wherever it is. Invalid base64 stays as it is, so that a schema refuses it.
 */
export function fromJsonBinary(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(fromJsonBinary);
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === binaryKey) {
    const [, text] = entries[0];
    return (typeof text === "string" ? fromBase64(text) : undefined) ?? value;
  }
  return Object.fromEntries(entries.map(([key, inner]) => [key, fromJsonBinary(inner)]));
}
