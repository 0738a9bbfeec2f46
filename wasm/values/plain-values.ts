import { Decoder, Encoder, ExtData } from "@msgpack/msgpack";
import { ServiceError } from "../../core/base/mod.ts";
import type { ValueCodec } from "../../core/ports/mod.ts";
import { packJson, printJson } from "./json.ts";
import { passValue } from "./walk.ts";

/** No extension means anything to us: they are kept as they are, and never fail to decode. */
const extensions = {
  tryToEncode: (): null => null,
  decode: (data: Uint8Array, type: number): ExtData => new ExtData(type, data),
};

const protoKey = "__proto__";

/** @msgpack/msgpack refuses a whole value for this one key; we only take its meaning away. */
const keyDecoder = {
  canBeCached: (byteLength: number): boolean => byteLength === protoKey.length,
  decode(bytes: Uint8Array, offset: number, byteLength: number): string {
    return keyOf(new TextDecoder().decode(bytes.subarray(offset, offset + byteLength)));
  },
};

/** Any key as a harmless string: `["__proto__"]` reads as `__proto__`, and an object throws. */
function keyOf(key: unknown): string {
  if (typeof key === "object" && key !== null) return "object";
  return key === protoKey ? "proto" : String(key);
}

/** What a command without options has. */
export const noOptions: Readonly<Record<string, unknown>> = Object.freeze({});

/** Levels of what is read as a value: a state as deep as a command's, and what is around it. */
const nestingMax = 40;

/** Whether bytes are one MessagePack value and nothing else, as deep as a command may have it. */
export function isOneValue(bytes: Uint8Array): boolean {
  return passValue(bytes, 0, bytes.length) === bytes.length;
}

/** Half of a character, which JSON's escapes can say and UTF-8 cannot. */
const half = /\p{Surrogate}/u;
const halves = /\p{Surrogate}/gu;

/** Whether a text in it, or the key of a map, has half of a character. */
function hasHalf(value: unknown): boolean {
  if (typeof value === "string") return half.test(value);
  if (Array.isArray(value)) return value.some(hasHalf);
  if (!isPlainMap(value)) return false;
  return Object.entries(value).some(([key, inner]) => half.test(key) || hasHalf(inner));
}

/** The same with U+FFFD in their place, as every decoder of UTF-8 has it. */
function mended(value: unknown): unknown {
  if (typeof value === "string") return value.replace(halves, "\ufffd");
  if (Array.isArray(value)) return value.map(mended);
  if (!isPlainMap(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, it]) => [key.replace(halves, "\ufffd"), mended(it)]),
  );
}

function isPlainMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype
  );
}

/** Plain values as MessagePack by @msgpack/msgpack. It is off the hot path. */
export class PlainValues implements ValueCodec {
  readonly #encoder: Encoder = new Encoder({ ignoreUndefined: true, extensionCodec: extensions });
  readonly #decoder: Decoder = new Decoder({
    extensionCodec: extensions,
    keyDecoder,
    mapKeyConverter: keyOf,
  });

  encodeValue(value: unknown): Uint8Array {
    return this.#encoder.encode(hasHalf(value) ? mended(value) : value);
  }

  decodeValue(bytes: Uint8Array): unknown {
    // The walk comes first, because a decoder makes room for what a length promises.
    if (passValue(bytes, 0, bytes.length, nestingMax) !== bytes.length) {
      throw new ServiceError("batch-malformed", "the bytes are not one MessagePack value");
    }
    return this.#decoder.decode(bytes);
  }

  /** Bytes of a map. */
  decodeMap(bytes: Uint8Array): Readonly<Record<string, unknown>> {
    return this.decodeValue(bytes) as Readonly<Record<string, unknown>>;
  }

  toJson(bytes: Uint8Array): Uint8Array {
    return printJson(this.decodeValue(bytes));
  }

  /** A JSON batch as MessagePack; undefined where it is none. */
  fromJson(bytes: Uint8Array): Uint8Array | undefined {
    const value = packJson(bytes);
    return value === undefined ? undefined : this.encodeValue(value);
  }
}
