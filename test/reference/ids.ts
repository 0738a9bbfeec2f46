import { limits } from "../../core/base/mod.ts";
import { NoSlot } from "../../core/ports/mod.ts";
import { textOf } from "../../wasm/values/mod.ts";
import type { Stretch } from "./read.ts";
import { idChars, type Slots } from "./slots.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Characters of the longest id that the contract allows. */
const idCharsMax = 64;

const encoder = new TextEncoder();

/** Values of base64url characters; past the last slot for any other byte. */
const values: Int32Array = new Int32Array(256).fill(1 << 24);
for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;

/** Finds the slot of a connection id. */
export class Ids {
  readonly #prefix: string;
  readonly #length: number;
  readonly #slots: Slots;

  constructor(node: string, slots: Slots) {
    this.#prefix = `${node}.`;
    this.#length = this.#prefix.length + idChars;
    this.#slots = slots;
  }

  /** The slot of an id that is a string, or one of `NoSlot`. */
  resolveText(id: string): number {
    if (id.length > idCharsMax) return NoSlot.malformed;
    const bytes = encoder.encode(id);
    return this.resolve(bytes, { at: 0, length: bytes.length });
  }

  /** The slot of an id, or one of `NoSlot`. */
  resolve(bytes: Uint8Array, id: Stretch): number {
    if (id.length === this.#length) {
      const slot = slotOf(bytes, id.at + this.#prefix.length);
      const bound = slot < limits.connectionsMax ? this.#slots.get(slot) : undefined;
      if (bound !== undefined && endsWith(bound.prefix, bytes, id)) return slot;
    }
    if (id.length > idCharsMax) return NoSlot.malformed;
    const text = textOf(bytes.subarray(id.at, id.at + id.length));
    if (!/^[a-z0-9-]{1,32}\.[\w-]{1,63}$/.test(text)) return NoSlot.malformed;
    if (!text.startsWith(this.#prefix)) return NoSlot.foreign;
    return id.length === this.#length ? NoSlot.gone : NoSlot.malformed;
  }
}

/** The slot that four base64url characters encode; past the last slot where they are none. */
function slotOf(bytes: Uint8Array, at: number): number {
  const high = (values[bytes[at]!]! << 6) | values[bytes[at + 1]!]!;
  const low = (values[bytes[at + 2]!]! << 6) | values[bytes[at + 3]!]!;
  return high >= 4_096 || low >= 4_096 ? limits.connectionsMax : (high << 12) | low;
}

/** Whether a slot's item prefix, which ends with its id, ends with this id. */
function endsWith(prefix: Uint8Array, bytes: Uint8Array, id: Stretch): boolean {
  const start = prefix.length - id.length;
  for (let i = id.length - 1; i >= 0; i--) {
    if (prefix[start + i] !== bytes[id.at + i]) return false;
  }
  return true;
}
