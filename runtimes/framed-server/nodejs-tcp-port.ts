import {
  type AddressInfo,
  createServer,
  type ListenOptions,
  type Socket as NetSocket,
  type Server,
} from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { portError } from "../../adapters/system/mod.ts";
import { plainAddress } from "../../core/base/mod.ts";
import type { ClientServer, ClientServerOptions, ServerTls } from "../server/mod.ts";
import type { TcpPort } from "./client-port.ts";
import { ignore, type NodejsStream, nodejsStreams } from "./nodejs-stream.ts";
import { type Clients, startServer } from "./server.ts";

// A client that half-closes its stream is told why it is refused.
const settings = { allowHalfOpen: true, noDelay: true };

/** Engine wasm over the streams of `node:net` and `node:tls`, on any of the runtimes. */
export function startFramedServer(options: ClientServerOptions): Promise<ClientServer> {
  return startServer(options, (clients) => new NodejsTcpPort(options, clients));
}

export class NodejsTcpPort implements TcpPort {
  readonly #options: ClientServerOptions;
  readonly #clients: Clients;
  readonly #ownStream: (stream: NetSocket) => NodejsStream;
  #server: Server;

  constructor(options: ClientServerOptions, clients: Clients) {
    this.#options = options;
    this.#clients = clients;
    this.#ownStream = nodejsStreams(clients.endings);
    this.#server = options.tls === undefined ? this.#plain() : this.#encrypted(options.tls);
  }

  open(port: number): Promise<number> {
    const server = this.#server;
    const { host, reusePort = false, acceptFailed } = this.#options;
    server.removeAllListeners("error");
    return new Promise((resolve, reject) => {
      // This listener stays: a later error of an accept must not end the process.
      server.on("error", (error: NodeJS.ErrnoException) => {
        if (server.listening) acceptFailed?.();
        reject(portError(error, { host, port }));
      });
      // `reusePort` is newer than the types of Node.js 20.
      const where: ListenOptions & { readonly reusePort: boolean } = { port, host, reusePort };
      server.listen(where, () => resolve((server.address() as AddressInfo).port));
    });
  }

  close(): void {
    // It does not listen if the last attempt to open it failed.
    if (this.#server.listening) this.#server.close();
  }

  setTls(tls: ServerTls): boolean {
    const server = this.#server as TlsServer;
    if (typeof server.setSecureContext === "function") {
      server.setSecureContext(tls);
      return true;
    }
    // This runtime cannot do that: another server takes the port over, and connections stay.
    this.close();
    this.#server = this.#encrypted(tls);
    return false;
  }

  #plain(): Server {
    return createServer(settings, (stream) => {
      if (this.#admits(stream)) this.#clients.greet(this.#ownStream(stream));
    });
  }

  #encrypted(tls: ServerTls): Server {
    const { handshakeTimeoutMs = 0, refused } = this.#options;
    const server = createTlsServer({
      ...settings,
      ...tls,
      ALPNProtocols: ["http/1.1"],
      // The time for the request starts after the TLS handshake, which has a timeout of its own.
      ...(handshakeTimeoutMs > 0 && { handshakeTimeout: handshakeTimeoutMs }),
    });
    // Before the runtime's own listener, which begins the TLS handshake.
    server.prependListener("connection", (stream: NetSocket) => {
      stream.on("error", ignore);
      this.#admits(stream);
    });
    server.on("secureConnection", (stream: NetSocket) => {
      if (!stream.destroyed) this.#clients.greet(this.#ownStream(stream));
    });
    server.on("tlsClientError", (_error: Error, stream: NetSocket) => {
      // After a failure the runtime has destroyed the stream; a silent one it leaves to us.
      if (stream.destroyed) return;
      const address = plainAddress(stream.remoteAddress ?? "") || undefined;
      stream.destroy();
      refused?.({ code: "handshake-timeout", address });
    });
    return server;
  }

  #admits(stream: NetSocket): boolean {
    const { admits, left } = this.#clients;
    if (admits(stream)) stream.on("close", left);
    else stream.destroy();
    return !stream.destroyed;
  }
}
