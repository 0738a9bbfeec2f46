/** Whether a decoded value is a map, not an array and not null. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Made once: one for each text would cost more than to decode a small one. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The value of a JSON text; undefined if it is not JSON, or its bytes are not UTF-8. */
export function parseJson(text: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof text === "string" ? text : utf8.decode(text));
  } catch {
    return undefined;
  }
}
