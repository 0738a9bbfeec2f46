import { createHash } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo, Socket as NetSocket } from "node:net";
import { limits, ServiceError } from "../../core/base/mod.ts";
import type { HandshakeAdmission, HandshakeRefusal } from "../../core/ports/mod.ts";
import { deflateAnswer, FramedSockets, refuse } from "../../core/protocol/mod.ts";
import { answerRequest, type ClientServer, type ClientServerOptions } from "../client-server.ts";
import { endWithin, NodejsByteSocket } from "./byte-socket.ts";
import { startHandshakeTimer, stopHandshakeTimer } from "./handshake-timer.ts";
import { NodejsRequest } from "./request.ts";

/** RFC 6455, 1.3. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Engine wasm: our own WebSocket server over `node:http`'s upgraded streams. */
export async function startFramedServer(options: ClientServerOptions): Promise<ClientServer> {
  const sockets = new FramedSockets({ ...options, lanes: options.lanes ?? true });
  const server = createServer({
    maxHeaderSize: limits.handshakeHeaderBytesMax,
    noDelay: true,
    // Ours counts, on every runtime.
    headersTimeout: 0,
    requestTimeout: 0,
  });
  const { handshakeTimeoutMs = 0, refused } = options;
  const late = (stream: NetSocket): void => answerLate(stream, refused);
  const startTimer = (stream: NetSocket): void => {
    if (handshakeTimeoutMs > 0) startHandshakeTimer(stream, handshakeTimeoutMs, late);
  };
  server.on("connection", startTimer);
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
  await listen(server, options);
  return new NodejsServer(server);
}

class NodejsServer implements ClientServer {
  readonly port: number;
  readonly canPause = true;
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
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

function answerPlain(
  options: ClientServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  void answerRequest(options.handler, new NodejsRequest(request), (answer) => {
    const refusal = answer.accepted ? unasked : answer;
    const body = bodyOf(refusal);
    response.writeHead(refusal.statusCode, { ...refusal.headers, "content-length": body.length });
    response.end(body);
  });
}

/** The handler admitted what this runtime does not see as an upgrade. */
const unasked = refuse(400, "handshake-upgrade", "an upgrade to websocket is what is served here");

/** An HTTP answer on a stream that `node:http` has let go of. */
function writeRefusal(stream: NetSocket, refusal: HandshakeRefusal): void {
  const body = bodyOf(refusal);
  const status = `${refusal.statusCode} ${STATUS_CODES[refusal.statusCode] ?? "Refused"}`;
  const lines = [
    `HTTP/1.1 ${status}`,
    ...Object.entries(refusal.headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
    "connection: close",
  ];
  stream.write(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body]));
  // What the client has sent is read, or the reset would take our answer with it.
  stream.resume();
  endWithin(stream, limits.closeHandshakeMs);
}

function bodyOf({ body }: HandshakeRefusal): Uint8Array {
  return typeof body === "string" ? Buffer.from(body) : body;
}

function answerLate(stream: NetSocket, refused: ClientServerOptions["refused"]): void {
  // Who has said nothing, or has had an answer before, gets none now.
  if (stream.bytesRead === 0 || stream.bytesWritten > 0 || !stream.writable) {
    stream.destroy();
  } else {
    writeRefusal(stream, refuse(408, "handshake-timeout", "the request took too long"));
  }
  refused?.("handshake-timeout");
}

function answerFault(error: NodeJS.ErrnoException, stream: NetSocket): void {
  if (!stream.writable || error.code === "ECONNRESET") {
    stream.destroy();
  } else if (error.code === "HPE_HEADER_OVERFLOW") {
    writeRefusal(stream, refuse(431, "handshake-headers", "the request's headers are too large"));
  } else {
    writeRefusal(stream, refuse(400, "handshake-refused", "this is no HTTP request"));
  }
}

function listen(server: Server, { host, port }: ClientServerOptions): Promise<void> {
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
