import { Decoder, Encoder, ExtData } from "@msgpack/msgpack";
import { ServiceError } from "../../core/base/mod.ts";
import type { ValueCodec } from "../../core/ports/mod.ts";
import { packJson, printJson } from "./json.ts";
import { passValue } from "./walk.ts";

/** We know no extension: all are kept as they are, so that none fails to decode. */
const extensions = {
  tryToEncode: (): null => null,
  decode: (data: Uint8Array, type: number): ExtData => new ExtData(type, data),
};

const protoKey = "__proto__";

/** @msgpack/msgpack throws at a key `__proto__`. Decoding it as `proto` keeps the other keys. */
const keyDecoder = {
  canBeCached: (byteLength: number): boolean => byteLength === protoKey.length,
  decode(bytes: Uint8Array, offset: number, byteLength: number): string {
    return keyOf(new TextDecoder().decode(bytes.subarray(offset, offset + byteLength)));
  },
};

/** Makes any key a harmless string: String(["__proto__"]) is `__proto__`, and an object throws. */
function keyOf(key: unknown): string {
  if (typeof key === "object" && key !== null) return "object";
  return key === protoKey ? "proto" : String(key);
}

/** The options of a command without options. */
export const noOptions: Readonly<Record<string, unknown>> = Object.freeze({});

/** Levels of nesting of a decoded value: a state as deep as a batch may be, within an event. */
const nestingMax = 40;

/** Whether bytes are exactly one MessagePack value, nested no deeper than a batch may be. */
export function isOneValue(bytes: Uint8Array): boolean {
  return passValue(bytes, 0, bytes.length) === bytes.length;
}

/** A lone surrogate, which JSON's escapes can express and UTF-8 cannot (RFC 3629, 3). */
const loneSurrogate = /\p{Surrogate}/u;
const loneSurrogates = /\p{Surrogate}/gu;

/** Whether a string in the value, or a key of a map, has a lone surrogate. */
function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === "string") return loneSurrogate.test(value);
  if (Array.isArray(value)) return value.some(hasLoneSurrogate);
  if (!isPlainMap(value)) return false;
  return Object.entries(value).some(
    ([key, inner]) => loneSurrogate.test(key) || hasLoneSurrogate(inner),
  );
}

/** The value with U+FFFD in place of lone surrogates, as decoders of UTF-8 do. */
function mended(value: unknown): unknown {
  if (typeof value === "string") return value.replace(loneSurrogates, "\ufffd");
  if (Array.isArray(value)) return value.map(mended);
  if (!isPlainMap(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, it]) => [key.replace(loneSurrogates, "\ufffd"), mended(it)]),
  );
}

function isPlainMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype
  );
}

/** Plain values as MessagePack, by @msgpack/msgpack. */
export class PlainValues implements ValueCodec {
  readonly #encoder: Encoder = new Encoder({ ignoreUndefined: true, extensionCodec: extensions });
  readonly #decoder: Decoder = new Decoder({
    extensionCodec: extensions,
    keyDecoder,
    mapKeyConverter: keyOf,
  });

  encodeValue(value: unknown): Uint8Array {
    return this.#encoder.encode(hasLoneSurrogate(value) ? mended(value) : value);
  }

  decodeValue(bytes: Uint8Array): unknown {
    // Checked first, because the decoder allocates what a length announces.
    if (passValue(bytes, 0, bytes.length, nestingMax) !== bytes.length) {
      throw new ServiceError("batch-malformed", "the bytes are not one MessagePack value");
    }
    return this.#decoder.decode(bytes);
  }

  /** Decodes bytes that are known to be a map. */
  decodeMap(bytes: Uint8Array): Readonly<Record<string, unknown>> {
    return this.decodeValue(bytes) as Readonly<Record<string, unknown>>;
  }

  toJson(bytes: Uint8Array): Uint8Array {
    return printJson(this.decodeValue(bytes));
  }

  /** A JSON batch as MessagePack; undefined where it is not a batch. */
  fromJson(bytes: Uint8Array): Uint8Array | undefined {
    const value = packJson(bytes);
    return value === undefined ? undefined : this.encodeValue(value);
  }
}
