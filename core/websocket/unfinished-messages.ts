import { addressGroup, type ErrorCode, every, limits } from "../base/mod.ts";
import type { Cancel, Clock } from "../ports/mod.ts";

/** A connection that may have an unfinished message. */
export interface MessageSender {
  /** The client's address. */
  readonly address: string;
  /** Closes the connection because of this error. */
  giveUp(code: ErrorCode): void;
}

export interface UnfinishedOptions {
  /** Time from a message's first frame to its last; 0: no limit. */
  readonly messageTimeoutMs: number;
  /** Bytes of unfinished messages, of one address and of all. */
  readonly addressBytesMax: number;
  readonly bytesMax: number;
}

interface Address {
  readonly name: string;
  bytes: number;
  /** In the order in which their messages began. */
  readonly holders: Set<Holder>;
}

interface Holder {
  readonly sender: MessageSender;
  readonly address: Address;
  bytes: number;
  since: number;
  /** The node does not read the connection, so its time does not run. */
  paused: boolean;
}

/**
 * Limits the messages that have begun and not ended, because all connections share their memory. A
 * message may take `messageTimeoutMs`. Where an address or all together hold too many bytes, the
 * connection with the largest product of bytes and time is closed, not the one that sent last.
 */
export class UnfinishedMessages {
  readonly #clock: Clock;
  readonly #options: UnfinishedOptions;
  /** In the order in which their time began, except for paused ones. */
  readonly #holders: Map<MessageSender, Holder> = new Map();
  readonly #addresses: Map<string, Address> = new Map();
  #bytes = 0;
  #cancel: Cancel | undefined = undefined;

  constructor(clock: Clock, options: UnfinishedOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /**
   * Notes that a sender has `bytes` bytes of an unfinished message; below 0 means it has none.
   * `another`: it is not the message of the last call.
   */
  note(sender: MessageSender, bytes: number, another: boolean): void {
    const known = this.#holders.get(sender);
    if (known !== undefined && (another || bytes < 0)) this.#remove(known);
    if (bytes < 0) return;
    const holder = known === undefined || another ? this.#add(sender) : known;
    const more = bytes - holder.bytes;
    holder.bytes = bytes;
    holder.address.bytes += more;
    this.#bytes += more;
    if (more > 0) this.#makeRoom(holder.address);
  }

  /** Stops the time of a sender that is not read; starts it anew when it is read again. */
  pause(sender: MessageSender, paused: boolean): void {
    const holder = this.#holders.get(sender);
    if (holder === undefined || holder.paused === paused) return;
    holder.paused = paused;
    if (paused) return;
    holder.since = this.#clock.ticks();
    this.#holders.delete(sender);
    this.#holders.set(sender, holder);
  }

  #add(sender: MessageSender): Holder {
    const name = addressGroup(sender.address);
    const address = this.#addresses.get(name) ?? { name, bytes: 0, holders: new Set() };
    const holder = { sender, address, bytes: 0, since: this.#clock.ticks(), paused: false };
    this.#addresses.set(name, address);
    address.holders.add(holder);
    this.#holders.set(sender, holder);
    const { messageTimeoutMs } = this.#options;
    if (messageTimeoutMs > 0) {
      const ms = Math.min(limits.messageTickMs, Math.ceil(messageTimeoutMs / 4));
      this.#cancel ??= every(this.#clock, ms, () => this.#closeLate());
    }
    return holder;
  }

  #remove({ sender, address, bytes }: Holder): void {
    const holder = this.#holders.get(sender);
    if (holder === undefined) return;
    this.#holders.delete(sender);
    address.holders.delete(holder);
    address.bytes -= bytes;
    this.#bytes -= bytes;
    if (address.holders.size === 0) this.#addresses.delete(address.name);
    if (this.#holders.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #close(holder: Holder, code: ErrorCode): void {
    this.#remove(holder);
    holder.sender.giveUp(code);
  }

  #closeLate(): void {
    const late = this.#clock.ticks() - this.#options.messageTimeoutMs;
    for (const holder of this.#holders.values()) {
      if (holder.paused) continue;
      if (holder.since > late) break;
      this.#close(holder, "message-timeout");
    }
  }

  #makeRoom(address: Address): void {
    const { addressBytesMax, bytesMax } = this.#options;
    while (address.bytes > addressBytesMax) this.#closeWorst(address);
    while (this.#bytes > bytesMax) this.#closeWorst(this.#largest(address));
  }

  #closeWorst({ holders }: Address): void {
    const now = this.#clock.ticks();
    let worst: Holder | undefined;
    let most = -1;
    let looks = limits.unfinishedLooksMax;
    for (const holder of holders) {
      const held = holder.bytes * (now - holder.since + 1);
      if (held > most) {
        most = held;
        worst = holder;
      }
      looks -= 1;
      if (looks === 0) break;
    }
    if (worst !== undefined) this.#close(worst, "unfinished-messages");
  }

  #largest(from: Address): Address {
    let largest = from;
    for (const address of this.#addresses.values()) {
      if (address.bytes > largest.bytes) largest = address;
    }
    return largest;
  }
}
