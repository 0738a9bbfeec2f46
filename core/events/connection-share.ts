import { limits } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";

/** What a share needs to know of its stream. */
interface ShareOf {
  /** Whether the item before `end` is acknowledged. */
  isAcknowledged(end: number): boolean;
  /** Items are acknowledged while older ones are not: some connections wait longer than others. */
  readonly sparse: boolean;
}

/**
 * How much of a stream's window the events of one connection may take, so that a connection whose
 * request hangs leaves the rest to the others. What a connection sends is added up. When the sum
 * reaches a share, it begins anew at 0 if everything that was sent before the sum began is
 * acknowledged. So up to two shares may wait.
 */
export class ConnectionShare {
  readonly #stream: ShareOf;
  readonly #bytesMax: number;
  /** Bytes that each message counts for besides its own: they limit the number of messages. */
  readonly #messageBytes: number;

  constructor(stream: ShareOf, windowBytesMax: number, windowItemsMax: number) {
    const { shareBytesMin, shareItemsMin, windowShares } = limits;
    this.#stream = stream;
    this.#bytesMax = Math.max(windowBytesMax / windowShares, shareBytesMin);
    const itemsMax = Math.max(windowItemsMax / windowShares, shareItemsMin);
    this.#messageBytes = this.#bytesMax / itemsMax;
  }

  /** The connection has sent this. Returns whether it has used its share up. */
  add(connection: Connection, messages: number, bytes: number): boolean {
    connection.shareBytes += bytes + messages * this.#messageBytes;
    return this.isUsedUp(connection);
  }

  isUsedUp(connection: Connection): boolean {
    const bytesMax = this.#bytesMax / (this.#stream.sparse ? limits.sparseShares : 1);
    if (connection.shareBytes < bytesMax) return false;
    if (!this.isHandled(connection)) return true;
    connection.shareBytes = 0;
    connection.shareItem = connection.lastItem;
    return false;
  }

  /** Everything that it sent before its sum began is acknowledged. */
  isHandled({ shareItem }: Connection): boolean {
    return this.#stream.isAcknowledged(shareItem);
  }
}
