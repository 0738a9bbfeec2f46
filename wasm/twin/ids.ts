import { limits } from "../../core/base/mod.ts";
import { Target } from "../../core/ports/mod.ts";
import { idChars, type Slots } from "./slots.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** What the contract allows an id to be long. */
const idCharsMax = 64;

/** Finds the slot of a connection id. */
export class Ids {
  readonly #prefix: string;
  readonly #slots: Slots;

  constructor(node: string, slots: Slots) {
    this.#prefix = `${node}.`;
    this.#slots = slots;
  }

  /** The slot of an id, or one of `Target`. */
  resolve(id: string): number {
    const length = this.#prefix.length + idChars;
    if (id.length === length && id.startsWith(this.#prefix)) {
      const slot = slotOf(id, this.#prefix.length);
      if (slot < limits.connectionsMax && this.#slots.get(slot)?.id === id) return slot;
    }
    const wellFormed = id.length <= idCharsMax && /^[a-z0-9-]{1,32}\.[\w-]{1,63}$/.test(id);
    if (!wellFormed) return Target.malformed;
    if (!id.startsWith(this.#prefix)) return Target.foreign;
    return id.length === length ? Target.gone : Target.malformed;
  }
}

/** The slot that four base64url characters say; past all slots where they say none. */
function slotOf(id: string, at: number): number {
  let slot = 0;
  for (let i = at; i < at + 4; i++) {
    const value = alphabet.indexOf(id[i]!);
    if (value < 0) return Number.POSITIVE_INFINITY;
    slot = slot * 64 + value;
  }
  return slot;
}
