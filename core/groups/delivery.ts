import { CloseCause, closeReasons } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import type { Clock, OutgoingMessage } from "../ports/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import type { LocalGroup } from "./local-group.ts";
import { Outcome } from "./outcome.ts";
import type { OutgoingSizes } from "./outgoing-sizes.ts";

/** What became of one message for one connection, before the kernel has it. */
export type Delivered = typeof Outcome.sent | typeof Outcome.gone | typeof Outcome.slow;

/**
 * Hands messages to sockets. A connection that leaves too much unread is closed. All messages of
 * one turn, of however many command batches, go out with one flush for each socket.
 */
export class Delivery {
  readonly #clock: Clock;
  readonly #metrics: GatewayMetrics;
  /** They may change while the node runs. */
  readonly #sizes: Pick<OutgoingSizes, "sendQueueBytesMax">;
  readonly #dirty: Connection[] = [];
  /** At least the bytes queued on all sockets so far, frame headers included. It only grows. */
  #queuedBytes = 0;
  #scheduled = false;
  /** When the command batch of this turn's first messages came. */
  #begunAt = 0;
  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.flush();
    this.#metrics.commandFlush.observe((this.#clock.ticks() - this.#begunAt) / 1_000);
  };

  readonly #flushed: () => void;

  /** `flushed` is called when every socket has handed over what it had. */
  constructor(
    clock: Clock,
    metrics: GatewayMetrics,
    sizes: Pick<OutgoingSizes, "sendQueueBytesMax">,
    flushed: () => void,
  ) {
    this.#clock = clock;
    this.#metrics = metrics;
    this.#sizes = sizes;
    this.#flushed = flushed;
  }

  /** A command batch, or a raw message, has come. */
  begin(): void {
    if (!this.#scheduled) this.#begunAt = this.#clock.ticks();
  }

  /** Queues a message, not larger than a queue, on a connection's socket until the turn ends. */
  send(connection: Connection, message: OutgoingMessage): Delivered {
    const { byteLength } = message;
    const fault = this.#refusal(connection, byteLength);
    if (fault !== undefined) return fault;
    if (!connection.socket.send(message)) return Outcome.gone;
    this.#count(connection, byteLength);
    if (!connection.dirty) {
      connection.dirty = true;
      this.#dirty.push(connection);
    }
    this.schedule();
    return Outcome.sent;
  }

  /** Why the connection gets no message of that size. A client that reads too little is closed. */
  #refusal(connection: Connection, byteLength: number): Delivered | undefined {
    const { closing, socket } = connection;
    if (closing !== undefined) return closing === CloseCause.slow ? Outcome.slow : Outcome.gone;
    const buffered = socket.bufferedAmount;
    const { sendQueueBytesMax } = this.#sizes;
    if (buffered === 0 || buffered + byteLength <= sendQueueBytesMax) return undefined;
    // Messages queued in this turn may only wait for their flush.
    socket.flush();
    if (socket.bufferedAmount + byteLength <= sendQueueBytesMax) return undefined;
    connection.close(closeReasons.slow);
    return Outcome.slow;
  }

  /**
   * To be called before the runtime sends a message to all members of a group, except `excepted`.
   * Flushes what was queued for them before. Closes members that leave too much unread.
   */
  beginFanOut(group: LocalGroup, byteLength: number, excepted: Connection | undefined): void {
    this.#flushMembers(group);
    const { sendQueueBytesMax } = this.#sizes;
    const before = { queuedBytes: this.#queuedBytes, sendQueueBytesMax, now: this.#clock.ticks() };
    this.#queuedBytes += queuedCost(byteLength);
    if (group.allowance.covers({ ...before, queuedBytes: this.#queuedBytes })) return;
    let fullest = 0;
    for (const connection of group.members.keys()) {
      let buffered = connection.socket.bufferedAmount;
      if (connection !== excepted && buffered + byteLength > sendQueueBytesMax) {
        if (this.#refusal(connection, byteLength) !== undefined) continue;
        buffered = connection.socket.bufferedAmount;
      }
      if (buffered > fullest) fullest = buffered;
    }
    group.allowance.looked(before, fullest);
  }

  /** The runtime has taken the message for all members of the group, except `excepted`. */
  fannedOut(group: LocalGroup, byteLength: number, excepted: Connection | undefined): void {
    const members = group.members.size - (excepted === undefined ? 0 : 1);
    const [first] = group.members.keys();
    group.fannedOutBytes += byteLength;
    if (excepted !== undefined) excepted.ownBytes -= byteLength;
    this.#metrics.messagesOut.add(members);
    first?.app.counters.messagesOut.add(members);
    this.#metrics.bytesOut.add(members * byteLength);
  }

  #count(connection: Connection, byteLength: number): void {
    this.#queuedBytes += queuedCost(byteLength);
    connection.ownBytes += byteLength;
    this.#metrics.messagesOut.add(1);
    connection.app.counters.messagesOut.add(1);
    this.#metrics.bytesOut.add(byteLength);
  }

  /** Walks over the members or over the sockets with something queued, whichever are fewer. */
  #flushMembers({ members }: LocalGroup): void {
    if (this.#dirty.length < members.size) {
      for (const connection of this.#dirty) {
        if (members.has(connection)) connection.socket.flush();
      }
      return;
    }
    for (const connection of members.keys()) if (connection.dirty) connection.socket.flush();
  }

  /** Flushes every socket that has queued messages. */
  flush(): void {
    for (const connection of this.#dirty) {
      connection.dirty = false;
      connection.socket.flush();
    }
    this.#dirty.length = 0;
    this.#flushed();
  }

  /** Flushes at the end of this turn. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.endOfTurn(this.#endOfTurn);
  }
}

/** Bytes that a message may take in a queue: a frame's header, and what deflate adds at worst. */
function queuedCost(byteLength: number): number {
  return byteLength + (byteLength >> 8) + 64;
}
