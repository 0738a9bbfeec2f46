// hono's bridge to node:http would be one more package, for three answers without a request body.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { limits, ServiceError } from "../../core/base/mod.ts";
import type { HttpHandler } from "./admin-app.ts";

export interface ServeOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** The address to listen on. Default: 127.0.0.1. */
  readonly host?: string;
}

export interface HttpServer {
  /** The port that it listens on, also if 0 was requested. */
  readonly port: number;
  readonly server: Server;
  /** Stops listening and closes all connections. */
  close(): Promise<void>;
}

/**
 * Serves a handler over `node:http`, which Bun, Deno and Node.js have. Request bodies are not
 * read. Rejects with `port-in-use` or `setting-invalid`.
 */
export function serveHttp(handler: HttpHandler, options: ServeOptions): Promise<HttpServer> {
  const host = options.host ?? "127.0.0.1";
  const server = createServer({ maxHeaderSize: limits.handshakeHeaderBytesMax });
  server.on("request", (request, response) => void answer(handler, request, response));
  return new Promise((resolve, reject) => {
    // This listener stays: a later failure to accept must not end the process.
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
    // The request target is no URL, or the client is gone.
    if (!outgoing.headersSent) outgoing.writeHead(400);
    outgoing.end();
  }
}

function requestOf(incoming: IncomingMessage): Request {
  // Only the path counts. The Host header comes from the client and is ignored.
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
  return new Request(url, { method: incoming.method ?? "GET" });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
