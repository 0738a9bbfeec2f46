import net from "node:net";

/** A TCP proxy before a broker, so that a test can cut one client's connections, or block them. */
export class BrokerProxy {
  readonly port: number;
  readonly #server: net.Server;
  readonly #sockets: Set<net.Socket> = new Set();
  #blocked = false;
  /** Is shown what the broker sends. */
  fromBroker: (chunk: Buffer) => void = () => {};

  private constructor(server: net.Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static start(brokerPort: number): Promise<BrokerProxy> {
    return new Promise((resolve, reject) => {
      const server = net.createServer({ noDelay: true });
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address() as net.AddressInfo;
        const proxy = new BrokerProxy(server, address.port);
        server.on("connection", (socket) => proxy.#accept(socket, brokerPort));
        resolve(proxy);
      });
    });
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Connections that stand. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Cuts what stands; new connections are let in. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Cuts what stands and whatever comes, until `unblock`. */
  block(): void {
    this.#blocked = true;
    this.cut();
  }

  unblock(): void {
    this.#blocked = false;
  }

  async close(): Promise<void> {
    this.block();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: net.Socket, brokerPort: number): void {
    socket.on("error", () => {});
    if (this.#blocked) {
      socket.destroy();
      return;
    }
    const upstream = net.connect({ port: brokerPort, host: "127.0.0.1", noDelay: true });
    upstream.on("error", () => {});
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      upstream.destroy();
    });
    upstream.once("close", () => socket.destroy());
    socket.pipe(upstream);
    upstream.pipe(socket);
    upstream.on("data", (chunk: Buffer) => this.fromBroker(chunk));
  }
}
