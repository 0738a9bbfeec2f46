import net from "node:net";

/** What came in one direction of a connection, and when it may go on. */
interface Chunk {
  readonly at: number;
  readonly bytes: Buffer;
}

/** Makes what the bytes of one direction of a connection go through. */
type Filter = () => (bytes: Buffer) => Buffer;

/** A client's connection to the proxy, and the proxy's own to the target. */
type Pair = readonly [client: net.Socket, upstream: net.Socket];

/** A TCP proxy before a broker or a node that delays, cuts, blocks, holds, stalls and swallows. */
export class TcpProxy {
  readonly port: number;
  /** Sees what the target sends. */
  fromTarget: (chunk: Buffer) => void = () => {};
  readonly #server: net.Server;
  readonly #filter: Filter;
  readonly #pairs: Set<Pair> = new Set();
  #blocked = false;
  #swallows = false;
  #holds = false;
  #delayMs = 0;

  private constructor(server: net.Server, port: number, filter: Filter) {
    this.#server = server;
    this.port = port;
    this.#filter = filter;
  }

  static start(target: number, filter: Filter = () => (bytes) => bytes): Promise<TcpProxy> {
    return new Promise((resolve, reject) => {
      const server = net.createServer({ noDelay: true });
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const proxy = new TcpProxy(server, (server.address() as net.AddressInfo).port, filter);
        server.on("connection", (socket) => proxy.#accept(socket, target));
        resolve(proxy);
      });
    });
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Connections that stand. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Everything takes this much longer in each direction, from now on. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Cuts what stands by a reset, also what is under way; new connections are let in. */
  cut(): void {
    for (const [client, upstream] of this.#pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  }

  /** Cuts what stands and whatever comes, until `unblock`. */
  block(): void {
    this.#blocked = true;
    this.cut();
  }

  unblock(): void {
    this.#blocked = false;
  }

  /** What is said to the target is lost from now on; what it says still comes through. */
  swallow(): void {
    this.#swallows = true;
  }

  /** Nothing goes on in either direction, and nobody is told: no FIN, no reset. */
  hold(): void {
    this.#holds = true;
  }

  /** Stops or goes on to read what the target sends: meanwhile the buffers before here fill. */
  stall(on: boolean): void {
    for (const [, upstream] of this.#pairs) {
      if (on) upstream.pause();
      else upstream.resume();
    }
  }

  /** Cuts what stands, because a stream that lost bytes makes no sense; lets all through again. */
  recover(): void {
    this.#swallows = false;
    this.#holds = false;
    this.cut();
  }

  async close(): Promise<void> {
    this.block();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: net.Socket, target: number): void {
    client.on("error", () => {});
    if (this.#blocked) {
      client.resetAndDestroy();
      return;
    }
    const upstream = net.connect({ port: target, host: "127.0.0.1", noDelay: true });
    upstream.on("error", () => {});
    const pair = [client, upstream] as const;
    this.#pairs.add(pair);
    client.once("close", () => {
      this.#pairs.delete(pair);
      upstream.destroy();
    });
    upstream.once("close", () => client.destroy());
    upstream.on("data", (bytes: Buffer) => this.fromTarget(bytes));
    this.#forward(client, upstream, () => this.#swallows || this.#holds);
    this.#forward(upstream, client, () => this.#holds);
  }

  /** In order, whatever the delay becomes meanwhile. */
  #forward(from: net.Socket, to: net.Socket, drops: () => boolean): void {
    const waiting: Chunk[] = [];
    const filtered = this.#filter();
    let due = 0;
    const flush = (): void => {
      while (waiting.length > 0 && waiting[0]!.at <= Date.now()) to.write(waiting.shift()!.bytes);
      if (waiting.length > 0) setTimeout(flush, waiting[0]!.at - Date.now());
    };
    from.on("data", (chunk: Buffer) => {
      const bytes = filtered(chunk);
      if (drops() || bytes.length === 0) return;
      due = Math.max(due, Date.now() + this.#delayMs);
      waiting.push({ at: due, bytes });
      if (waiting.length === 1) flush();
    });
  }
}
