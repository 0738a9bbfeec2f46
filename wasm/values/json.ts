/** The key of binary data in JSON: `{"$binary":"<base64>"}`. */
const binaryKey = "$binary";

/** Levels of nesting: one more than a batch may have, so that `passValue` refuses it. */
const nestingMax = 33;

/** Thrown if a JSON text is not a batch. */
class NoBatch extends Error {}

/**
 * Reads a JSON batch as plain values, with binary data as Uint8Array. Undefined if it is not
 * UTF-8 or not JSON, nests too deeply, or has invalid base64.
 */
export function packJson(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return pack(JSON.parse(text), nestingMax);
  } catch (error) {
    // TypeError: not UTF-8. SyntaxError: not JSON.
    const malformed = error instanceof TypeError || error instanceof SyntaxError;
    if (malformed || error instanceof NoBatch) return undefined;
    throw error;
  }
}

function pack(value: unknown, levels: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) throw new NoBatch();
  if (Array.isArray(value)) return value.map((element) => pack(element, levels - 1));
  const entries = Object.entries(value);
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only?.[0] === binaryKey) return unbase64(only[1]);
  return Object.fromEntries(entries.map(([key, inner]) => [key, pack(inner, levels - 1)]));
}

function unbase64(text: unknown): Uint8Array {
  if (typeof text !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new NoBatch();
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new NoBatch();
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Plain values as JSON, in UTF-8. A MessagePack extension has no form in JSON and becomes null.
 */
export function printJson(value: unknown): Uint8Array {
  const text = JSON.stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Uint8Array) return { [binaryKey]: base64(inner) };
    return isExtension(inner) ? null : inner;
  });
  return new TextEncoder().encode(text);
}

/** Decoding makes no class instances but Uint8Array and the `ExtData` of @msgpack/msgpack. */
function isExtension(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.getPrototypeOf(value) !== Object.prototype;
}

/** Arguments of one call of `fromCharCode`, which are on the stack. */
const spreadMax = 8_192;

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += spreadMax) {
    binary += String.fromCharCode(...bytes.subarray(i, i + spreadMax));
  }
  return btoa(binary);
}
