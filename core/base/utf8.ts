import { isMap } from "./json.ts";

const encoder = new TextEncoder();

/** Whether a text is longer than `bytesMax` as UTF-8. It is encoded only if it may be. */
export function utf8Exceeds(text: string, bytesMax: number): boolean {
  // A UTF-16 unit is one to three bytes of UTF-8.
  if (3 * text.length <= bytesMax) return false;
  return text.length > bytesMax || encoder.encode(text).length > bytesMax;
}

/**
 * Whether a string in the value, or a key of a map, has a lone surrogate, which JSON's escapes can
 * express and UTF-8 cannot (RFC 3629, 3).
 */
function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === "string") return !value.isWellFormed();
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (hasLoneSurrogate(item)) return true;
    return false;
  }
  if (!isPlainMap(value)) return false;
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed() || hasLoneSurrogate(value[key])) return true;
  }
  return false;
}

function withoutLoneSurrogates(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(withoutLoneSurrogates);
  if (!isPlainMap(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, it]) => [key.toWellFormed(), withoutLoneSurrogates(it)]),
  );
}

function isPlainMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return isMap(value) && Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * Returns the value with U+FFFD in place of lone surrogates, in strings and in keys of maps, as
 * decoders of UTF-8 do; the value itself if it has none. Encoders of MessagePack write a lone
 * surrogate as three bytes that strict readers refuse.
 */
export function wellFormed(value: unknown): unknown {
  return hasLoneSurrogate(value) ? withoutLoneSurrogates(value) : value;
}
