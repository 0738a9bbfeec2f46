import type { Server } from "bun";
import { limits } from "../../core/base/mod.ts";
import {
  type Broadcast,
  MessageKind,
  type OutgoingMessage,
  type Socket,
} from "../../core/ports/mod.ts";
import { BunSocket } from "./socket.ts";

/**
 * Bun's own publish. It keeps the order with messages that are sent to each socket before and
 * after. What a client does not read counts in `bufferedAmount`; up to 32 messages of less than
 * 16 KiB count only at the end of the turn, when Bun writes them together.
 */
export class BunBroadcast implements Broadcast {
  readonly #servers: () => Iterable<Server<BunSocket>>;
  readonly #deflate: boolean;

  constructor(servers: () => Iterable<Server<BunSocket>>, deflate: boolean) {
    this.#servers = servers;
    this.#deflate = deflate;
  }

  publish(topic: string, message: OutgoingMessage, except?: Socket): void {
    const data = message.kind === MessageKind.text ? message.text() : message.payload();
    const bytes = data as string | Uint8Array<ArrayBuffer>;
    // Bun compresses only for connections that negotiated the extension.
    const compress = this.#deflate && message.byteLength >= limits.deflateBytesMin;
    const sender = except instanceof BunSocket ? except : undefined;
    for (const server of this.#servers()) {
      const done = sender?.server === server && sender.publish(topic, bytes, compress);
      if (!done) server.publish(topic, bytes, compress);
    }
  }
}
