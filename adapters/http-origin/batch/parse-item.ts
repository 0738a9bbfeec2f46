/** The value of a JSON text in UTF-8; undefined where it is none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // TypeError: not UTF-8. SyntaxError: not JSON.
    return undefined;
  }
}

/** One item of a batch; undefined where the bytes are no array in JSON. */
export function parseItem(bytes: Uint8Array): readonly unknown[] | undefined {
  const item = parseJson(bytes);
  return Array.isArray(item) ? item : undefined;
}
