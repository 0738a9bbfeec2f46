/** A value as JSON carries it: bytes, wherever they are, become `{"$binary": base64}`. */
export function toJsonValue(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    const { buffer, byteOffset, byteLength } = value;
    return { $binary: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
  }
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toJsonValue(one)]));
}

/** The value that JSON carried: the reverse of `toJsonValue`. */
export function fromJsonValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromJsonValue);
  const data = fromJsonData(value);
  const isBytes = value instanceof Uint8Array;
  if (data !== value || typeof value !== "object" || value === null || isBytes) return data;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fromJsonValue(one)]));
}

/** A message's data as `fromJsonValue` reads it; it has bytes at its top or nowhere. */
export function fromJsonData(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { $binary } = value as { $binary?: unknown };
  return typeof $binary === "string" ? new Uint8Array(Buffer.from($binary, "base64")) : value;
}
