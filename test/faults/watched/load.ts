import { connect, type Socket } from "node:net";
import { clientFrame, serverFrame } from "../../bench/programs/load/wire.ts";
import { handshakeText } from "../../support/clients/raw-client.ts";

const steadyCount = 100;
/** Each of the steady clients sends so often. */
const messageMs = 500;
/** So often one comes that stays for `stayMs`, on a path that nobody had before. */
const arrivalMs = 200;
const stayMs = 3_000;

const message = Buffer.from("soaked to the skin ".padEnd(64, "."));
const frame = clientFrame(message);
const echoBytes = serverFrame(message).length;

/** Clients that talk, and clients that come and go, until `stop`. The origin echoes all. */
export class SoakLoad {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #arrivals = 0;
  sent = 0;
  #echoedBytes = 0;
  /** Connections that ended though nobody wanted it. */
  lost = 0;
  #stopping = false;

  constructor(port: number) {
    this.#port = port;
  }

  get echoed(): number {
    return Math.floor(this.#echoedBytes / echoBytes);
  }

  async start(): Promise<void> {
    const all = Array.from({ length: steadyCount }, (_, at) => this.#open(`/steady/${at}`));
    for (const [at, socket] of (await Promise.all(all)).entries()) {
      const begin = setTimeout(
        () => this.#timers.push(setInterval(() => this.#say(socket), messageMs)),
        (at * messageMs) / steadyCount,
      );
      this.#timers.push(begin);
    }
    this.#timers.push(setInterval(() => void this.#visit(), arrivalMs));
  }

  stop(): void {
    this.#stopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  async #visit(): Promise<void> {
    const socket = await this.#open(`/visit/${this.#arrivals++}?page=${Math.random()}`);
    this.#say(socket);
    setTimeout(() => this.#leave(socket), stayMs).unref();
  }

  #say(socket: Socket): void {
    this.sent += 1;
    socket.write(frame);
  }

  #leave(socket: Socket): void {
    this.#sockets.delete(socket);
    // Status 1000.
    socket.end(clientFrame(Buffer.from([3, 232]), 8));
  }

  #open(path: string): Promise<Socket> {
    return new Promise((resolve) => {
      const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
      let head = "";
      const opening = (chunk: Buffer): void => {
        head += chunk.toString("latin1");
        if (!head.includes("\r\n\r\n")) return;
        if (!head.startsWith("HTTP/1.1 101")) this.lost += 1;
        socket.off("data", opening);
        socket.on("data", (data) => this.#read(data, socket));
        resolve(socket);
      };
      socket.on("data", opening);
      socket.on("error", () => {});
      socket.on("close", () => {
        if (this.#sockets.delete(socket) && !this.#stopping) this.lost += 1;
      });
      this.#sockets.add(socket);
      socket.write(handshakeText({ path }));
    });
  }

  /** A chunk holds whole echoes nearly always; a ping or a close frame is not counted. */
  #read(chunk: Buffer, socket: Socket): void {
    if (chunk[0] === 0x89) socket.write(clientFrame(chunk.subarray(2), 10));
    else if (chunk[0] !== 0x88) this.#echoedBytes += chunk.length;
  }
}
