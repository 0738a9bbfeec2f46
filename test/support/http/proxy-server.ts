import type { AddressInfo } from "node:net";
import net from "node:net";
import { waitFor } from "../process/wait.ts";

/** A forward proxy that reaches the same port of this host, whatever name it is asked for. */
export class ProxyServer {
  /** The heads of requests as they came. */
  readonly heads: string[] = [];
  /** What it answers to CONNECT. */
  connectAnswer = "HTTP/1.1 200 Connection established\r\n\r\n";
  readonly #server: net.Server = net.createServer((client) => this.#accept(client));
  readonly #sockets: Set<net.Socket> = new Set();
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
  }

  /** `port` is where everything leads. */
  static async start(port: number): Promise<ProxyServer> {
    const proxy = new ProxyServer(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://us%40er:secret@127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async waitForHeads(count: number): Promise<void> {
    await waitFor(() => this.heads.length >= count, { what: `request ${count} at the proxy` });
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(client: net.Socket): void {
    this.#keep(client);
    let bytes = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      client.off("data", read);
      const head = bytes.toString("latin1", 0, end);
      this.heads.push(head);
      if (!head.startsWith("CONNECT ")) {
        this.#join(client).write(bytes);
        return;
      }
      client.write(this.connectAnswer);
      if (/^HTTP\/1\.\d 2/.test(this.connectAnswer)) this.#join(client);
    };
    client.on("data", read);
  }

  #join(client: net.Socket): net.Socket {
    const server = net.connect(this.#port, "127.0.0.1");
    this.#keep(server);
    client.pipe(server);
    server.pipe(client);
    server.on("close", () => client.destroy());
    client.on("close", () => server.destroy());
    return server;
  }

  #keep(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
