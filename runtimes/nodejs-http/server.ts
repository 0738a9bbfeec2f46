import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket as NetSocket } from "node:net";
import { limits, ServiceError } from "../../core/base/mod.ts";
import type { HandshakeAdmission } from "../../core/ports/mod.ts";
import { deflateAnswer, FramedSockets } from "../../core/protocol/mod.ts";
import {
  answerRequest,
  type ClientServer,
  type ClientServerOptions,
  type ServerTls,
} from "../client-server.ts";
import { answerFault, answerLate, answerPlain, writeRefusal } from "./answers.ts";
import { NodejsByteSocket } from "./byte-socket.ts";
import { startHandshakeTimer, stopHandshakeTimer } from "./handshake-timer.ts";
import { NodejsRequest } from "./request.ts";

/** RFC 6455, 1.3. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Engine wasm: our own WebSocket server over `node:http`'s upgraded streams. */
export async function startFramedServer(options: ClientServerOptions): Promise<ClientServer> {
  const sockets = new FramedSockets({ ...options, lanes: options.lanes ?? true });
  const create = (tls: ServerTls | undefined): Server => createHttpServer(options, sockets, tls);
  const server = create(options.tls);
  await listen(server, options);
  return new NodejsServer(server, create, options.host);
}

function createHttpServer(
  options: ClientServerOptions,
  sockets: FramedSockets,
  tls: ServerTls | undefined,
): Server {
  const settings = {
    maxHeaderSize: limits.handshakeHeaderBytesMax,
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
  server.on("request", (request, response) => {
    answerPlain(options, request, response);
    // The next request on the same stream has as long as the first.
    startTimer(request.socket);
  });
  server.on("upgrade", (request, stream: NetSocket, head) => {
    stopHandshakeTimer(stream);
    // Between here and the listening byte socket an error must not end the process.
    stream.on("error", ignore);
    stream.setTimeout(0);
    void answerRequest(options.handler, new NodejsRequest(request), (answer) => {
      if (stream.destroyed) return;
      if (answer.accepted) upgrade(sockets, { request, stream, head, admission: answer });
      else writeRefusal(stream, answer);
    });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, stream: NetSocket) => {
    answerFault(error, stream);
  });
  return server;
}

class NodejsServer implements ClientServer {
  readonly port: number;
  readonly canPause = true;
  private server: Server;
  private readonly create: (tls: ServerTls | undefined) => Server;
  private readonly host: string;

  constructor(server: Server, create: (tls: ServerTls | undefined) => Server, host: string) {
    this.server = server;
    this.create = create;
    this.host = host;
    this.port = (server.address() as AddressInfo).port;
  }

  async reloadTls(tls: ServerTls): Promise<boolean> {
    const server = this.server as TlsServer;
    if (typeof server.setSecureContext === "function") {
      server.setSecureContext(tls);
      return true;
    }
    // The runtime cannot: another server takes the port over, connections stay with the first.
    const next = this.create(tls);
    await new Promise((resolve) => {
      server.close();
      setImmediate(resolve);
    });
    await listen(next, { host: this.host, port: this.port });
    this.server = next;
    return true;
  }

  stopListening(): void {
    this.server.close();
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
  }
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly stream: NetSocket;
  readonly head: Uint8Array;
  readonly admission: HandshakeAdmission;
}

function upgrade(sockets: FramedSockets, { request, stream, head, admission }: Upgrade): void {
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(`${key.trim()}${KEY_SUFFIX}`).digest("base64");
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  if (admission.subprotocol !== undefined) {
    lines.push(`Sec-WebSocket-Protocol: ${admission.subprotocol}`);
  }
  if (admission.deflate) lines.push(`Sec-WebSocket-Extensions: ${deflateAnswer}`);
  stream.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const bytes = new NodejsByteSocket(stream);
  bytes.listen(sockets.start(bytes, admission, head));
}

function listen(
  server: Server,
  { host, port }: Pick<ClientServerOptions, "host" | "port">,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const message = taken ? `port ${port} on ${host} is in use` : error.message;
      reject(new ServiceError(taken ? "port-in-use" : "internal", message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

function ignore(): void {}
