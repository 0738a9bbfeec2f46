// hono's bridge to node:http would be one more package, for so little.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout } from "node:timers";
import { limits, plainAddress } from "../../core/base/mod.ts";
import { portError } from "../system/mod.ts";
import { answerBroken, checkHost, type Refused } from "./broken-requests.ts";
import { Refusal, refusalOf } from "./refusal.ts";
import { type RequestSource, sourceOf } from "./request-source.ts";
import { Turns } from "./turns.ts";

/** Answers a request. Any HTTP server can call it. */
export type HttpHandler = (
  request: Request,
  source: RequestSource,
) => Response | Promise<Response>;

export interface ServeOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** The address to listen on. Default: 127.0.0.1. */
  readonly host?: string;
  /** A request was refused that no handler gets. */
  readonly refused?: Refused;
}

export interface HttpServer {
  /** The port that it listens on, also if 0 was requested. */
  readonly port: number;
  readonly server: Server;
  /** Stops listening and closes all connections. */
  close(): Promise<void>;
}

/**
 * Serves a handler over `node:http`, which Bun, Deno and Node.js have. A request's body is read
 * if the handler asks for it. Rejects with `port-in-use` or `setting-invalid`.
 */
export function serveHttp(handler: HttpHandler, options: ServeOptions): Promise<HttpServer> {
  const host = options.host ?? "127.0.0.1";
  const { refused = () => {} } = options;
  // Without the header the runtime would answer by itself, and say nothing.
  const server = createServer({
    maxHeaderSize: limits.handshakeHeaderBytesMax,
    requireHostHeader: false,
  });
  const turns = new Turns();
  server.on("request", (request, response) => {
    const { socket } = request;
    if (turns.take(socket, () => answer(handler, { request, response }, refused))) return;
    const message = "too many requests wait on one connection: it is closed";
    refused(new Refusal("requests-full", message), plainAddress(socket.remoteAddress ?? ""));
    socket.destroy();
  });
  answerBroken(server, refused);
  return new Promise((resolve, reject) => {
    // This listener stays: a later failure to accept must not end the process.
    server.on("error", (error) => reject(portError(error, { host, port: options.port })));
    server.listen(options.port, host, () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, server, close: () => closeServer(server) });
    });
  });
}

async function answer(
  handler: HttpHandler,
  { request: incoming, response: outgoing }: Exchange,
  refused: Refused,
): Promise<void> {
  try {
    checkHost(incoming);
    const response = await handler(requestOf(incoming), sourceOf(incoming));
    await write(response, incoming, outgoing);
    endBody(incoming);
  } catch (error) {
    // The client is gone, or the handler has failed: then its answer has begun.
    if (outgoing.headersSent) {
      outgoing.end();
      return;
    }
    const refusal = refusalOf(error);
    refused(refusal, plainAddress(incoming.socket.remoteAddress ?? ""));
    await write(refusal.response(), incoming, outgoing);
    endBody(incoming);
  }
}

/** A request, and what it is answered with. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function write(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const headers: Record<string, string | number> = Object.fromEntries(response.headers);
  if (headers["content-type"] === eventStream && response.body !== null) {
    outgoing.writeHead(response.status, headers);
    await writeStream(response.body, outgoing, incoming.socket);
    return;
  }
  const body = new Uint8Array(await response.arrayBuffer());
  const isHead = incoming.method === "HEAD";
  // RFC 9110, 8.6: not with 204. The body that HEAD leaves out is not known here.
  if (response.status !== 204 && !isHead) headers["content-length"] = body.length;
  outgoing.writeHead(response.status, headers);
  outgoing.end(isHead ? undefined : body);
}

/** The media type of answers that are written as they come; any other is written as a whole. */
export const eventStream = "text/event-stream";

/** Writes an answer as it comes, until it ends or its reader is gone, which cancels it. */
async function writeStream(
  body: ReadableStream<Uint8Array>,
  outgoing: ServerResponse,
  socket: Socket,
): Promise<void> {
  const reader = body.getReader();
  const cancel = (): void => void reader.cancel().catch(() => {});
  // A reader that is gone leaves nobody to write to.
  outgoing.on("close", cancel);
  outgoing.on("error", () => {});
  // It may have left while the handler was at work: then no `close` follows.
  if (socket.destroyed || outgoing.destroyed) cancel();
  outgoing.flushHeaders();
  while (true) {
    const { done, value } = await reader.read();
    if (done || outgoing.destroyed) break;
    if (!outgoing.write(value)) await drained(outgoing);
  }
  outgoing.end();
}

/** The kernel has taken what was written, or nobody reads it any more. */
function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done).off("close", done);
      resolve();
    };
    outgoing.on("drain", done).on("close", done);
  });
}

/** The rest of an unread body is accepted for a moment, so that the client reads the answer. */
function endBody(incoming: IncomingMessage): void {
  if (incoming.complete) return;
  incoming.on("error", () => {});
  incoming.resume();
  const cut = setTimeout(() => {
    if (!incoming.complete) incoming.destroy();
  }, limits.requestLingerMs);
  cut.unref();
}

function requestOf(incoming: IncomingMessage): Request {
  // Only the path counts. The Host header comes from the client and is ignored.
  const url = urlOf(incoming.url ?? "/");
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  // Nobody serves TRACE or OPTIONS, and a `Request` cannot have the former.
  const method = incoming.method === "TRACE" ? "OPTIONS" : (incoming.method ?? "GET");
  return new Request(url, { method, headers });
}

function urlOf(target: string): URL {
  try {
    // Put together, so that a path that begins with two slashes names no host (RFC 3986, 4.2).
    return new URL(target.startsWith("/") ? `http://127.0.0.1${target}` : target);
  } catch {
    throw new Refusal("request-malformed", "the request target is no path");
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
