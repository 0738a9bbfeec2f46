import { scanItems } from "./scan-items.ts";

/** Takes the number of an item that is dropped: an item that means nothing. */
export const nothing: Uint8Array = Buffer.from('["alive",[]]');

/** Begins each message, as nodes write it; its id follows. */
const message: Uint8Array = Buffer.from('["message","');
const quote = 0x22;

/**
 * Connections that are being closed because the origin does not take an event of theirs: their
 * further messages are left out.
 */
export class LeftOutEvents {
  readonly #ids: Set<string> = new Set();

  add(id: string): void {
    this.#ids.add(id);
  }

  /** Its close has come, or it is not this origin's any more. */
  delete(id: string): void {
    this.#ids.delete(id);
  }

  /** Whether the item that begins here is a message of one of them. */
  isMessage(bytes: Uint8Array, start: number): boolean {
    if (this.#ids.size === 0) return false;
    for (let index = 0; index < message.length; index++) {
      if (bytes[start + index] !== message[index]) return false;
    }
    const from = start + message.length;
    const end = bytes.indexOf(quote, from);
    return this.#ids.has(Buffer.from(bytes.subarray(from, end)).toString("latin1"));
  }

  /** Items with commas between them, without those messages. */
  without(items: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let kept = 0;
    scanItems(items, 0, (start, end) => {
      if (this.isMessage(items, start)) {
        parts.push(items.subarray(kept, start), nothing);
        kept = end;
      }
      return true;
    });
    return parts.length === 0 ? items : Buffer.concat([...parts, items.subarray(kept)]);
  }
}
