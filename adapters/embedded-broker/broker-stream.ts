import type net from "node:net";
import process from "node:process";
import { Duplex } from "node:stream";
import { brokerLimits } from "./broker-limits.ts";
import { PacketGuard } from "./packet-guard.ts";

/**
 * A client's socket as aedes reads it: one `read()` for each `readable`. Streams of Deno (2.9.6)
 * stall or lose bytes in this use. So the socket flows, and this stream holds its bytes until
 * aedes reads. Writes go straight to the socket.
 */
export class BrokerStream extends Duplex {
  readonly #socket: net.Socket;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #scheduled = false;
  readonly #tooLarge: () => void;
  readonly #guard: PacketGuard = new PacketGuard({
    firstBytesMax: brokerLimits.connectBytesMax,
    bytesMax: brokerLimits.packetBytesMax,
  });
  readonly #emitReadable = (): void => {
    this.#scheduled = false;
    if (this.#bytes > 0 && !this.destroyed) this.emit("readable");
  };

  /** Calls `tooLarge` before it ends a stream because of a too large packet. */
  constructor(socket: net.Socket, tooLarge: () => void) {
    super();
    this.#socket = socket;
    this.#tooLarge = tooLarge;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("drain", () => this.emit("drain"));
    socket.once("end", () => this.emit("end"));
    socket.once("error", (error) => this.destroy(error));
    socket.once("close", () => this.destroy());
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  override read(size?: number): Buffer | null {
    if (size === 0 || this.#bytes === 0) return null;
    const chunks = this.#chunks;
    const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, this.#bytes);
    this.#chunks = [];
    this.#bytes = 0;
    if (this.#socket.isPaused()) this.#socket.resume();
    return whole;
  }

  override write(chunk: string | Uint8Array): boolean {
    return this.#socket.write(chunk);
  }

  override cork(): void {
    this.#socket.cork();
  }

  override uncork(): void {
    this.#socket.uncork();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }

  #take(chunk: Buffer): void {
    if (this.destroyed) return;
    if (!this.#guard.admits(chunk)) {
      this.#tooLarge();
      this.destroy();
      return;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= brokerLimits.readBytesMax) this.#socket.pause();
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#emitReadable);
  }
}
