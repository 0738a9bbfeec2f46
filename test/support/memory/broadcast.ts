import type { Broadcast, OutgoingMessage, Socket } from "../../../core/ports/mod.ts";

/** A socket that takes part in the runtime's own fan-out. */
export interface FannedSocket extends Socket {
  /** A message of the fan-out: it passes by what is queued, and a closed socket drops it. */
  sendNow(message: OutgoingMessage): void;
}

/** Fan-out among sockets of one process, with the rules of a runtime that has its own. */
export class MemoryBroadcast implements Broadcast {
  readonly #subscribers = new Map<string, Set<FannedSocket>>();

  publish(topic: string, message: OutgoingMessage, except?: Socket): void {
    for (const socket of this.#subscribers.get(topic) ?? []) {
      if (socket !== except) socket.sendNow(message);
    }
  }

  /** What a socket's `subscribe` does. */
  add(topic: string, socket: FannedSocket): void {
    const subscribers = this.#subscribers.get(topic) ?? new Set();
    this.#subscribers.set(topic, subscribers.add(socket));
  }

  remove(topic: string, socket: FannedSocket): void {
    const subscribers = this.#subscribers.get(topic);
    if (subscribers?.delete(socket) && subscribers.size === 0) this.#subscribers.delete(topic);
  }
}
