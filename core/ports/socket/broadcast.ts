import type { OutgoingMessage, Socket } from "./socket.ts";

/**
 * A runtime's own fan-out to the sockets that `subscribe`d to a topic. What a subscribed socket
 * has queued by `send` must be flushed before, or the order would be another.
 */
export interface Broadcast {
  /** Sends one message to every subscriber but `except`, which is one of them. */
  publish(topic: string, message: OutgoingMessage, except?: Socket): void;
}
