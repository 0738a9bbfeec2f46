/** Whether a decoded value is a map, not an array and not null. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a JSON text; undefined if it is not JSON, or its bytes are not UTF-8. */
export function parseJson(text: string | Uint8Array): unknown {
  try {
    const decoded =
      typeof text === "string" ? text : new TextDecoder("utf-8", { fatal: true }).decode(text);
    return JSON.parse(decoded);
  } catch {
    return undefined;
  }
}
