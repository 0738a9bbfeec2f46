import type { OutgoingMessage } from "./socket.ts";
import type { SocketHandler } from "./socket-handler.ts";

/** Makes a message of one's own. It is reused: valid until the next one is made. */
export type NewMessage = (data: string | Uint8Array) => OutgoingMessage;

/**
 * A protocol above WebSocket that the gateway speaks at its edge, for connections whose handshake
 * chose it. The gateway must have its name among its subprotocols too, or no handshake ever does.
 */
export interface Subprotocol {
  /** As clients offer it in `Sec-WebSocket-Protocol`. */
  readonly name: string;
  /**
   * What stands between the sockets of these connections and `handler`: it may answer, change,
   * swallow and add messages in both directions, and close by codes of its own. It opens the
   * connection at `handler` with a socket that wraps the real one, and hands back a handle of its
   * own, whatever that is but for the slot. Its `handshake` is not called.
   */
  decorate(handler: SocketHandler, newMessage: NewMessage): SocketHandler;
}
