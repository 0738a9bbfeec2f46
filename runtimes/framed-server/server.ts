import { createServer, type Socket as NetSocket, type Server } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { limits, plainAddress } from "../../core/base/mod.ts";
import { FramedSockets } from "../../core/websocket/mod.ts";
import type { ClientServer, ClientServerOptions, ServerTls } from "../server/mod.ts";
import { ClientPort } from "./client-port.ts";
import { Deadlines } from "./deadlines.ts";
import { HandshakeStream, type Handshakes } from "./handshake-stream.ts";
import { ignore } from "./owned-stream.ts";

/** The core counts a head by one rule on every runtime; white space around values is beside it. */
const headerSlackBytes = 256;

/** Engine wasm: our own WebSocket server over the streams of `node:net` and `node:tls`. */
export async function startFramedServer(options: ClientServerOptions): Promise<ClientServer> {
  const { clock, handshakeTimeoutMs = 0 } = options;
  const shared: Handshakes = {
    options,
    sockets: new FramedSockets({
      ...options,
      ...options.codec,
      batchBuffers: options.batchBuffers ?? true,
    }),
    head: {
      bytesMax: (options.headerBytesMax ?? limits.handshakeHeaderBytesMax) + headerSlackBytes,
      linesMax: limits.handshakeHeaderLinesMax,
      text,
    },
    requests: new Deadlines(clock, handshakeTimeoutMs),
    refused: new Deadlines(clock, limits.closeHandshakeMs),
  };
  const server = createStreamServer(shared, options.tls);
  const port = new ClientPort(server, options);
  await port.start();
  return new NodejsServer(shared, server, port);
}

function text(bytes: Uint8Array, from: number, to: number): string {
  const { buffer, byteOffset } = bytes;
  return Buffer.from(buffer, byteOffset + from, to - from).toString("latin1");
}

function createStreamServer(shared: Handshakes, tls: ServerTls | undefined): Server {
  // A client that half-closes its stream is told why it is refused.
  const settings = { allowHalfOpen: true, noDelay: true };
  const accept = (stream: NetSocket): void => {
    // The port may have cut it.
    if (!stream.destroyed) new HandshakeStream(shared, stream);
  };
  if (tls === undefined) return createServer(settings, accept);
  const { handshakeTimeoutMs = 0, refused } = shared.options;
  const server = createTlsServer({
    ...settings,
    ...tls,
    ALPNProtocols: ["http/1.1"],
    // The time for the request starts after the TLS handshake, which has a timeout of its own.
    ...(handshakeTimeoutMs > 0 && { handshakeTimeout: handshakeTimeoutMs }),
  });
  server.on("connection", (stream: NetSocket) => stream.on("error", ignore));
  server.on("secureConnection", accept);
  server.on("tlsClientError", (_error: Error, stream: NetSocket) => {
    // After a failure the runtime has destroyed the stream; a silent one it leaves to us.
    if (stream.destroyed) return;
    const address = plainAddress(stream.remoteAddress ?? "") || undefined;
    stream.destroy();
    refused?.("handshake-timeout", address);
  });
  return server;
}

class NodejsServer implements ClientServer {
  readonly #shared: Handshakes;
  #server: Server;
  readonly #clientPort: ClientPort;

  constructor(shared: Handshakes, server: Server, port: ClientPort) {
    this.#shared = shared;
    this.#server = server;
    this.#clientPort = port;
  }

  get port(): number {
    return this.#clientPort.number;
  }

  get streams(): number {
    return this.#clientPort.streams;
  }

  async reloadTls(tls: ServerTls): Promise<boolean> {
    const server = this.#server as TlsServer;
    if (typeof server.setSecureContext === "function") {
      server.setSecureContext(tls);
      return true;
    }
    // This runtime cannot do that: another server takes the port over, and connections stay.
    this.#server = createStreamServer(this.#shared, tls);
    await this.#clientPort.takeOver(this.#server);
    return true;
  }

  shortage(short: boolean): void {
    this.#clientPort.shortage(short);
  }

  async stop(): Promise<void> {
    this.#clientPort.stop();
    const { requests, refused } = this.#shared;
    for (const stream of [...requests.items(), ...refused.items()]) stream.destroy();
  }
}
