// hono's own bridge to node:http is a package more, for three answers without a request body.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { limits, ServiceError } from "../../core/base/mod.ts";
import type { HttpHandler } from "./admin-app.ts";

export interface ServeOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** The address to listen on. Default: the loopback one, so that only this machine can ask. */
  readonly host?: string;
}

export interface HttpServer {
  /** The port it listens on, where 0 was asked for too. */
  readonly port: number;
  /** What listens. */
  readonly server: Server;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

/** Serves a handler over `node:http`, which Bun, Deno and Node all have. Bodies are not read. */
export function serveHttp(handler: HttpHandler, options: ServeOptions): Promise<HttpServer> {
  const host = options.host ?? "127.0.0.1";
  const server = createServer({ maxHeaderSize: limits.handshakeHeaderBytesMax });
  server.on("request", (request, response) => void answer(handler, request, response));
  return new Promise((resolve, reject) => {
    // Stays on: once it listens, a connection that cannot be accepted must not end the process.
    server.on("error", (error) => reject(listenError(error, host, options.port)));
    server.listen(options.port, host, () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, server, close: () => closeServer(server) });
    });
  });
}

function listenError(error: Error, host: string, port: number): ServiceError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EADDRINUSE") {
    return new ServiceError("port-in-use", `port ${port} on ${host} is in use`, { cause: error });
  }
  const text = `cannot listen on ${host}, port ${port}: ${code ?? error.message}`;
  return new ServiceError("setting-invalid", text, { cause: error });
}

async function answer(
  handler: HttpHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    const response = await handler(requestOf(incoming));
    const body = new Uint8Array(await response.arrayBuffer());
    const headers = { ...Object.fromEntries(response.headers), "content-length": body.length };
    outgoing.writeHead(response.status, headers);
    outgoing.end(incoming.method === "HEAD" ? undefined : body);
  } catch {
    // A request line that is no URL, or a peer that is gone: nothing of ours is wrong.
    if (!outgoing.headersSent) outgoing.writeHead(400);
    outgoing.end();
  }
}

function requestOf(incoming: IncomingMessage): Request {
  // Only the path counts; a host header of a stranger's making must not decide anything.
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
  return new Request(url, { method: incoming.method ?? "GET" });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
