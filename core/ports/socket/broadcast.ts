import type { OutgoingMessage, Socket } from "./socket.ts";

/** A runtime's own fan-out to the sockets that subscribed to a topic by `Socket.subscribe`. */
export interface Broadcast {
  /**
   * Sends a message to every subscriber of the topic but `except`. The caller flushes what the
   * subscribers have queued before: otherwise the order would change.
   */
  publish(topic: string, message: OutgoingMessage, except?: Socket): void;
}
