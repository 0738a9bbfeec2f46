import type { Server } from "node:http";
import { createServer, type Server as NetServer, type Socket as NetSocket } from "node:net";
import { isInRanges, plainAddress } from "../../core/base/mod.ts";
import { readProxyHeader } from "../../core/websocket/mod.ts";
import type { ClientServerOptions } from "../server/mod.ts";
import { startHandshakeTimer } from "./handshake-timer.ts";

/** The property by which a stream refers to the address in its PROXY header. */
const proxiedAddress = Symbol("address of the PROXY header");

interface ProxiedSocket extends NetSocket {
  [proxiedAddress]?: string;
}

/** The client's address of the PROXY header, or the address of the peer. */
export function addressOf(stream: NetSocket): string {
  return (stream as ProxiedSocket)[proxiedAddress] ?? stream.remoteAddress ?? "";
}

/** The same for the log. A stream that is destroyed has no address any more. */
export function loggedAddress(stream: NetSocket): string | undefined {
  return plainAddress(addressOf(stream)) || undefined;
}

/** A server that reads a PROXY header from each stream, and gives the stream to `server` then. */
export function createProxyFront(server: Server, options: ClientServerOptions): NetServer {
  const { handshakeTimeoutMs = 0, refused, trustedProxies } = options;
  return createServer((stream: ProxiedSocket) => {
    let bytes: Uint8Array = new Uint8Array(0);
    const drop = (): void => {
      refused?.("proxy-header", loggedAddress(stream));
      stream.destroy();
    };
    // Whoever may send the header can claim any address.
    if (trustedProxies !== undefined && !isInRanges(stream.remoteAddress ?? "", trustedProxies)) {
      drop();
      return;
    }
    const onData = (chunk: Uint8Array): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const header = readProxyHeader(bytes);
      if (header === "more") return;
      stream.removeListener("data", onData);
      if (header === "bad") {
        drop();
        return;
      }
      stream.pause();
      if (header.address !== undefined) stream[proxiedAddress] = header.address;
      if (header.end < bytes.length) stream.unshift(bytes.subarray(header.end));
      stream.removeListener("error", ignore);
      server.emit("connection", stream);
      stream.resume();
    };
    if (handshakeTimeoutMs > 0) startHandshakeTimer(stream, handshakeTimeoutMs, drop);
    stream.setNoDelay(true);
    stream.on("error", ignore);
    stream.on("data", onData);
  });
}

function ignore(): void {}
