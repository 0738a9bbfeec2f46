import type { AddressInfo } from "node:net";
import net from "node:net";
import tls from "node:tls";
import { waitFor } from "../process/wait.ts";

/** What the server does with a complete request, or (`opened`) with a new connection. */
export interface RawBehaviour {
  readonly opened?: (socket: net.Socket) => void;
  readonly request?: (socket: net.Socket, request: string) => void;
}

/** A TCP or TLS server that reads requests and writes whatever a test wants. */
export class RawServer {
  behaviour: RawBehaviour;
  /** Complete requests as they came, in latin1. */
  readonly requests: string[] = [];
  /** Connections so far. */
  accepted = 0;
  readonly #server: net.Server;
  readonly #sockets: Set<net.Socket> = new Set();

  private constructor(behaviour: RawBehaviour, material: tls.TlsOptions | undefined) {
    this.behaviour = behaviour;
    const accept = (socket: net.Socket): void => this.#accept(socket);
    this.#server =
      material === undefined ? net.createServer(accept) : tls.createServer(material, accept);
    this.#server.on("tlsClientError", () => {});
  }

  static async start(behaviour: RawBehaviour = {}, material?: tls.TlsOptions): Promise<RawServer> {
    const server = new RawServer(behaviour, material);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/path?query`;
  }

  /** Connections that stand. */
  get open(): number {
    return this.#sockets.size;
  }

  async waitForRequests(count: number): Promise<void> {
    await waitFor(() => this.requests.length >= count, { what: `request ${count}` });
  }

  async waitForOpen(count: number): Promise<void> {
    await waitFor(() => this.open === count, { what: `${count} open connections` });
  }

  /** Does something with every connection that stands. */
  each(act: (socket: net.Socket) => void): void {
    for (const socket of this.#sockets) act(socket);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: net.Socket): void {
    this.accepted++;
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    let bytes = "";
    socket.on("data", (chunk) => {
      bytes += chunk.toString("latin1");
      for (let end = endOfRequest(bytes); end !== undefined; end = endOfRequest(bytes)) {
        const request = bytes.slice(0, end);
        bytes = bytes.slice(end);
        this.requests.push(request);
        this.behaviour.request?.(socket, request);
      }
    });
    this.behaviour.opened?.(socket);
  }
}

/** Where a complete request ends. */
function endOfRequest(bytes: string): number | undefined {
  const head = bytes.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(bytes.slice(0, head + 2))?.[1] ?? "0";
  const end = head + 4 + Number(length);
  return bytes.length < end ? undefined : end;
}

/** An answer with a length. */
export function answer(status: number, body: string, ...headers: readonly string[]): string {
  const lines = [
    `HTTP/1.1 ${status} Text`,
    ...headers,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** Writes this for each request. */
export function writes(text: string): RawBehaviour {
  return { request: (socket) => void socket.write(text, "latin1") };
}
