import { createServer, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Socket as NetSocket } from "node:net";
import { limits } from "../../core/base/mod.ts";
import { FramedSockets } from "../../core/websocket/mod.ts";
import {
  answerRequest,
  type ClientServer,
  type ClientServerOptions,
  type ServerTls,
} from "../server/mod.ts";
import { answerConnect, answerFault, answerLate, answerPlain, writeRefusal } from "./answers.ts";
import { ClientPort } from "./client-port.ts";
import { startHandshakeTimer, stopHandshakeTimer } from "./handshake-timer.ts";
import { createProxyFront } from "./proxy-front.ts";
import { NodejsRequest } from "./request.ts";
import { upgrade } from "./upgrade.ts";
import { WaitingStream } from "./waiting-stream.ts";

/** The runtimes count the bytes of a request's head differently: with line ends, or without. */
const headerSlackBytes = 256;

/** Engine wasm: our own WebSocket server over `node:http`'s upgraded streams. */
export async function startFramedServer(options: ClientServerOptions): Promise<ClientServer> {
  const sockets = new FramedSockets({
    ...options,
    ...options.codec,
    batchBuffers: options.batchBuffers ?? true,
  });
  const create = (tls: ServerTls | undefined): Server => createHttpServer(options, sockets, tls);
  const server = create(options.tls);
  const front = options.proxyProtocol === true ? createProxyFront(server, options) : server;
  const port = new ClientPort(front, options);
  await port.start();
  return new NodejsServer(server, port, create);
}

function createHttpServer(
  options: ClientServerOptions,
  sockets: FramedSockets,
  tls: ServerTls | undefined,
): Server {
  const settings = {
    // A little more than allowed, so that the core checks the head by one rule on every runtime.
    maxHeaderSize: (options.headerBytesMax ?? limits.handshakeHeaderBytesMax) + headerSlackBytes,
    noDelay: true,
    // The handshake timer replaces them, on every runtime.
    headersTimeout: 0,
    requestTimeout: 0,
  };
  const { handshakeTimeoutMs = 0, refused } = options;
  // The handshake timer starts after the TLS handshake, which has a timeout of its own.
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
    // The next request on the same stream has as much time as the first.
    if (!socket.destroyed) startTimer(socket);
  });
  // Until the byte socket listens, an error of the stream must not end the process.
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
    const asked = new NodejsRequest(request);
    let waiting: WaitingStream | undefined;
    const answered = answerRequest(options, asked, (answer) => {
      const early = waiting?.take() ?? head;
      if (!answer.accepted) {
        if (!stream.destroyed) writeRefusal(stream, answer);
      } else if (!stream.readable || !stream.writable) {
        // A client that has half-closed the stream could not answer; the handler knows it left.
        options.handler.abandon(answer);
        stream.destroy();
      } else {
        upgrade(sockets, { request, stream, head: early, admission: answer });
      }
    });
    if (answered instanceof Promise) {
      waiting = new WaitingStream(stream, head, () => asked.left());
    }
  });
  server.on("clientError", (error: NodeJS.ErrnoException, stream: NetSocket) => {
    answerFault(error, stream, refused);
  });
  return server;
}

class NodejsServer implements ClientServer {
  #server: Server;
  readonly #clientPort: ClientPort;
  /** Creates another server for the same port. */
  readonly #create: (tls: ServerTls) => Server;

  constructor(server: Server, port: ClientPort, create: (tls: ServerTls) => Server) {
    this.#server = server;
    this.#clientPort = port;
    this.#create = create;
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
    this.#server = this.#create(tls);
    await this.#clientPort.takeOver(this.#server);
    return true;
  }

  shortage(short: boolean): void {
    this.#clientPort.shortage(short);
  }

  async stop(): Promise<void> {
    this.#clientPort.stop();
    this.#server.closeAllConnections();
  }
}

function ignore(): void {}
