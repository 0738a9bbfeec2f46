import http from "node:http";
import { type Server, serve, type WebSocketHandler } from "bun";
import { compressedBytesMax, type ErrorCode, limits, ServiceError } from "../../core/base/mod.ts";
import type { Broadcast, HandshakeAnswer, SocketHandler } from "../../core/ports/mod.ts";
import {
  answerRequest,
  type ClientServer,
  type ClientServerOptions,
  exceeds,
  FetchRequest,
  refusalResponse,
  type ServerTls,
} from "../server/mod.ts";
import { BunBroadcast } from "./broadcast.ts";
import { BunSocket, type BunWebSocket } from "./socket.ts";

/** Bun counts the head's bytes in a way of its own. */
const headerSlackBytes = 256;

/** Engine native: the WebSocket server that Bun has built in. */
export async function startBunServer(options: ClientServerOptions): Promise<ClientServer> {
  // Bun's own limit of 16 KiB, for the whole process: what it refuses by itself is not told us.
  Object.assign(http, { maxHeaderSize: limits.handshakeHeaderBytesCeiling + headerSlackBytes });
  const server = listen(options, options.port, options.tls);
  return new BunServer(server, options);
}

function listen(
  options: ClientServerOptions,
  port: number,
  tls: ServerTls | undefined,
): Server<BunSocket> {
  const { host, handler } = options;
  const deflates = options.deflate !== undefined;
  try {
    return serve<BunSocket>({
      hostname: host,
      port,
      ...(tls === undefined ? {} : { tls }),
      development: false,
      // Without development mode Bun shares a port that another process has, unless told not to.
      reusePort: false,
      // Of a stream that is not upgraded, in seconds; Bun takes no more than 255.
      idleTimeout: Math.min(255, Math.ceil((options.handshakeTimeoutMs ?? 0) / 1_000)),
      fetch: (request, server) => answer(handler, request, server),
      websocket: {
        ...events(options),
        // Bun measures the compressed form too; the message is measured when it is there.
        maxPayloadLength: deflates
          ? compressedBytesMax(options.messageBytesMax)
          : options.messageBytesMax,
        perMessageDeflate: deflates,
        // Liveness is the gateway's heartbeat, and back-pressure its policy by `bufferedAmount`.
        idleTimeout: 0,
        sendPings: false,
        backpressureLimit: limits.runtimeQueueBytesMax,
        closeOnBackpressureLimit: false,
      },
    });
  } catch (cause) {
    const taken = (cause as { code?: unknown }).code === "EADDRINUSE";
    const message = taken ? `port ${port} on ${host} is in use` : String(cause);
    throw new ServiceError(taken ? "port-in-use" : "internal", message, { cause });
  }
}

class BunServer implements ClientServer {
  readonly port: number;
  readonly broadcast: Broadcast;
  private readonly options: ClientServerOptions;
  private server: Server<BunSocket>;
  /** Those whose certificate is an old one; their connections stay. */
  private former: Server<BunSocket>[] = [];
  private listening = true;
  private stopped = false;
  private tls: ServerTls | undefined;

  constructor(server: Server<BunSocket>, options: ClientServerOptions) {
    this.server = server;
    this.options = options;
    this.tls = options.tls;
    this.port = server.port ?? 0;
    const deflate = options.deflate !== undefined;
    this.broadcast = new BunBroadcast(() => [this.server, ...this.former], deflate);
  }

  /** Bun's `reload` keeps the certificate, so another server takes the port over. */
  async reloadTls(tls: ServerTls): Promise<boolean> {
    this.tls = tls;
    // While descriptors are short, the port is opened with it later.
    if (this.listening) {
      void this.server.stop(false);
      this.takeOver();
    }
    return true;
  }

  /** Bun tells of no stream before its request, so the port closes while there are too many. */
  shortage(short: boolean): void {
    if (this.stopped || this.listening !== short) return;
    this.listening = !short;
    if (short) void this.server.stop(false);
    else this.openAgain();
  }

  private openAgain(): void {
    if (this.stopped || !this.listening) return;
    try {
      this.takeOver();
    } catch {
      this.options.clock.after(limits.descriptorsTickMs, () => this.openAgain());
    }
  }

  /** Another server has the port from now on. */
  private takeOver(): void {
    const next = listen(this.options, this.port, this.tls);
    const used = this.former.filter((one) => one.pendingWebSockets + one.pendingRequests > 0);
    this.former = [...used, this.server];
    this.server = next;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all([this.server, ...this.former].map((server) => server.stop(true)));
  }
}

function answer(
  handler: SocketHandler,
  request: Request,
  server: Server<BunSocket>,
): Response | undefined | Promise<Response | undefined> {
  const wrapped = new FetchRequest(request, server.requestIP(request)?.address ?? "");
  // While an upgrade waits for this, Bun's `idleTimeout` does not run. (After `server.timeout` it
  // would not run on a refused stream either, for ever.)
  return answerRequest(handler, wrapped, (known) =>
    upgrade(handler, { request, server, answer: known }),
  );
}

interface Upgrade {
  readonly request: Request;
  readonly server: Server<BunSocket>;
  readonly answer: HandshakeAnswer;
}

function upgrade(
  handler: SocketHandler,
  { request, server, answer }: Upgrade,
): Response | undefined {
  if (!answer.accepted) return refusalResponse(answer);
  // Without the header Bun would answer with the first one offered; an empty one is not sent.
  const headers = { ...answer.headers, "sec-websocket-protocol": answer.subprotocol ?? "" };
  const socket = new BunSocket(answer, server);
  // Bun opens it before this returns; false where the client has gone, or asked for no upgrade.
  if (server.upgrade(request, { data: socket, headers })) return undefined;
  handler.abandon(answer);
  return refusalResponse(answer);
}

function events(options: ClientServerOptions): WebSocketHandler<BunSocket> {
  const { handler, messageBytesMax } = options;
  return {
    open(socket: BunWebSocket): void {
      const { data } = socket;
      data.opened(socket);
      const { admission } = data;
      data.admission = undefined;
      if (admission !== undefined) data.connection = handler.open(data, admission);
    },
    message(socket: BunWebSocket, message: string | Buffer): void {
      const { connection } = socket.data;
      if (connection === undefined || socket.data.closed) return;
      if (exceeds(message, messageBytesMax)) {
        handler.fault(connection, "message-too-big");
        socket.data.close(1009, "message-too-big" satisfies ErrorCode);
      } else if (typeof message === "string") handler.text(connection, message);
      else handler.binary(connection, message);
    },
    ping(socket: BunWebSocket): void {
      const { connection } = socket.data;
      if (connection !== undefined) handler.pong(connection, 1);
    },
    pong(socket: BunWebSocket): void {
      const { connection } = socket.data;
      if (connection !== undefined) handler.pong(connection, 1);
    },
    close(socket: BunWebSocket, closeCode: number, closeReason: string): void {
      const { data } = socket;
      const inOwnCall = data.closesItself;
      data.released();
      const tell = (): void => tellClosed(options, data, { closeCode, closeReason });
      if (inOwnCall) queueMicrotask(tell);
      else tell();
    },
  };
}

function tellClosed(
  { handler, clock }: ClientServerOptions,
  { connection }: BunSocket,
  { closeCode, closeReason }: { closeCode: number; closeReason: string },
): void {
  if (connection === undefined) return;
  // Bun sends the right close frame for a fault, but tells of it as 1006 with a text for people;
  // a stream that is merely cut has no text.
  const fault = closeCode === 1006 && closeReason !== "";
  if (fault) handler.fault(connection, "frame-refused");
  handler.closed(connection, closeCode, fault ? "" : closeReason);
  // Without a close frame the stream has gone first. After one it stays until the client ends it,
  // or Bun does, within 4 s; neither is told.
  if (closeCode === 1006 && !fault) handler.gone(connection);
  else clock.after(limits.closeHandshakeMs, () => handler.gone(connection));
}
