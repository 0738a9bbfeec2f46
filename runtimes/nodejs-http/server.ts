import { createServer, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Server as NetServer, Socket as NetSocket } from "node:net";
import { limits } from "../../core/base/mod.ts";
import { FramedSockets } from "../../core/protocol/mod.ts";
import {
  answerRequest,
  type ClientServer,
  type ClientServerOptions,
  type ServerTls,
} from "../client-server.ts";
import { answerConnect, answerFault, answerLate, answerPlain, writeRefusal } from "./answers.ts";
import { startHandshakeTimer, stopHandshakeTimer } from "./handshake-timer.ts";
import { listen } from "./listen.ts";
import { createProxyFront } from "./proxy-front.ts";
import { NodejsRequest } from "./request.ts";
import { upgrade } from "./upgrade.ts";

/** Runtimes count a head's bytes each in its own way: with line ends, or without. */
const headerSlackBytes = 256;

/** Engine wasm: our own WebSocket server over `node:http`'s upgraded streams. */
export async function startFramedServer(options: ClientServerOptions): Promise<ClientServer> {
  const sockets = new FramedSockets({ ...options, lanes: options.lanes ?? true });
  const create = (tls: ServerTls | undefined): Server => createHttpServer(options, sockets, tls);
  const server = create(options.tls);
  const front = options.proxyProtocol === true ? createProxyFront(server, options) : server;
  await listen(front, options);
  return new NodejsServer(server, front, { create, host: options.host });
}

function createHttpServer(
  options: ClientServerOptions,
  sockets: FramedSockets,
  tls: ServerTls | undefined,
): Server {
  const settings = {
    // A little more than allowed, so that a whole request is judged by the common rule.
    maxHeaderSize: (options.headerBytesMax ?? limits.handshakeHeaderBytesMax) + headerSlackBytes,
    noDelay: true,
    // Ours counts, on every runtime.
    headersTimeout: 0,
    requestTimeout: 0,
  };
  const { handshakeTimeoutMs = 0, refused } = options;
  // The stream before TLS is not ours to time.
  const handshakeTimeout = handshakeTimeoutMs || undefined;
  const server: Server =
    tls === undefined
      ? createServer(settings)
      : createTlsServer({ ...settings, ...tls, ...(handshakeTimeout && { handshakeTimeout }) });
  const late = (stream: NetSocket): void => answerLate(stream, refused);
  const startTimer = (stream: NetSocket): void => {
    if (handshakeTimeoutMs > 0) startHandshakeTimer(stream, handshakeTimeoutMs, late);
  };
  server.on(tls === undefined ? "connection" : "secureConnection", startTimer);
  server.on("request", async (request, response) => {
    const { socket } = request;
    stopHandshakeTimer(socket);
    await answerPlain(options, request, response);
    // The next request on the same stream has as long as the first.
    if (!socket.destroyed) startTimer(socket);
  });
  // Between here and the listening byte socket an error must not end the process.
  const letGo = (stream: NetSocket): void => {
    stopHandshakeTimer(stream);
    stream.on("error", ignore);
    stream.setTimeout(0);
  };
  server.on("connect", (request, stream: NetSocket) => {
    letGo(stream);
    void answerConnect(options, request, stream);
  });
  server.on("upgrade", (request, stream: NetSocket, head) => {
    letGo(stream);
    void answerRequest(options.handler, new NodejsRequest(request), (answer) => {
      if (!answer.accepted) {
        if (!stream.destroyed) writeRefusal(stream, answer);
      } else if (!stream.readable || !stream.writable) {
        // Who has half-closed the stream would never answer us; its end was told before.
        options.handler.abandon(answer);
        stream.destroy();
      } else {
        upgrade(sockets, { request, stream, head, admission: answer });
      }
    });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, stream: NetSocket) => {
    answerFault(error, stream, refused);
  });
  return server;
}

/** How to make another server for the same port. */
interface Again {
  readonly create: (tls: ServerTls | undefined) => Server;
  readonly host: string;
}

class NodejsServer implements ClientServer {
  readonly port: number;
  readonly canPause = true;
  private server: Server;
  /** What listens: the server itself, or what takes the PROXY header off before it. */
  private front: NetServer;
  private readonly again: Again;

  constructor(server: Server, front: NetServer, again: Again) {
    this.server = server;
    this.front = front;
    this.again = again;
    this.port = (front.address() as AddressInfo).port;
  }

  async reloadTls(tls: ServerTls): Promise<boolean> {
    const server = this.server as TlsServer;
    if (typeof server.setSecureContext === "function") {
      server.setSecureContext(tls);
      return true;
    }
    // The runtime cannot: another server takes the port over, connections stay with the first.
    const next = this.again.create(tls);
    await new Promise((resolve) => {
      server.close();
      setImmediate(resolve);
    });
    await listen(next, { host: this.again.host, port: this.port });
    this.server = next;
    this.front = next;
    return true;
  }

  stopListening(): void {
    this.front.close();
  }

  async stop(): Promise<void> {
    this.front.close();
    this.server.closeAllConnections();
  }
}

function ignore(): void {}
