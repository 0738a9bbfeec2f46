import { Decoder, Encoder, ExtData } from "@msgpack/msgpack";
import { ServiceError, wellFormed } from "../../core/base/mod.ts";
import type { ValueCodec } from "../../core/ports/mod.ts";
import { packJson, printJson } from "./json.ts";
import { BatchPrinter } from "./print-batch.ts";
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

function assertOneValue(bytes: Uint8Array): void {
  if (passValue(bytes, 0, bytes.length, nestingMax) === bytes.length) return;
  throw new ServiceError("batch-malformed", "the bytes are not one MessagePack value");
}

/** Plain values as MessagePack, by @msgpack/msgpack. */
export class PlainValues implements ValueCodec {
  readonly #encoder: Encoder = new Encoder({ ignoreUndefined: true, extensionCodec: extensions });
  readonly #decoder: Decoder = new Decoder({
    extensionCodec: extensions,
    keyDecoder,
    mapKeyConverter: keyOf,
  });

  readonly #printer: BatchPrinter = new BatchPrinter((bytes) =>
    printJson(this.#decoder.decode(bytes)),
  );

  encodeValue(value: unknown): Uint8Array {
    return this.encodeShared(value).slice();
  }

  encodeShared(value: unknown): Uint8Array {
    const bytes = this.#encoder.encodeSharedRef(value);
    // The encoder writes a lone surrogate as three bytes from 0xed on, or as U+FFFD.
    if (!bytes.includes(0xed) && !bytes.includes(0xef)) return bytes;
    const whole = wellFormed(value);
    return whole === value ? bytes : this.#encoder.encodeSharedRef(whole);
  }

  decodeValue(bytes: Uint8Array): unknown {
    // Checked first, because the decoder allocates what a length announces.
    assertOneValue(bytes);
    return this.#decoder.decode(bytes);
  }

  /** Decodes bytes that are known to be a map. */
  decodeMap(bytes: Uint8Array): Readonly<Record<string, unknown>> {
    return this.decodeValue(bytes) as Readonly<Record<string, unknown>>;
  }

  toJson(bytes: Uint8Array): Uint8Array {
    assertOneValue(bytes);
    return this.#printer.print(bytes);
  }

  /** A JSON batch as MessagePack; undefined if it is not a batch. */
  fromJson(bytes: Uint8Array): Uint8Array | undefined {
    const value = packJson(bytes);
    return value === undefined ? undefined : this.encodeValue(value);
  }
}
