import type { Broadcast, OutgoingMessage, Socket } from "../../../core/ports/mod.ts";

/** Fan-out among sockets of one process, with the rules of a runtime that has its own. */
export class MemoryBroadcast implements Broadcast {
  readonly #subscribers = new Map<string, Set<Socket>>();

  publish(topic: string, message: OutgoingMessage, except?: Socket): void {
    for (const socket of this.#subscribers.get(topic) ?? []) {
      // A closed socket takes part no more, though nobody has unsubscribed it.
      if (socket !== except && socket.send(message)) socket.flush();
    }
  }

  /** What a socket's `subscribe` does. */
  add(topic: string, socket: Socket): void {
    const subscribers = this.#subscribers.get(topic) ?? new Set();
    this.#subscribers.set(topic, subscribers.add(socket));
  }

  remove(topic: string, socket: Socket): void {
    const subscribers = this.#subscribers.get(topic);
    if (subscribers?.delete(socket) && subscribers.size === 0) this.#subscribers.delete(topic);
  }
}
