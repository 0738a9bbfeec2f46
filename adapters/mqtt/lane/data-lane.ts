import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { PacketCutter, type PacketCutterOptions } from "./packet-cutter.ts";
import { publishHead, publishHeadBytes, writePublishHead } from "./publish-packet.ts";

export interface DataLaneOptions extends PacketCutterOptions {
  /** A smaller payload is copied, to write it with its header at once. */
  readonly joinBytesMax: number;
  /** A PUBLISH at QoS 0 has come. `payload` is only valid during the call. */
  message(topic: string, payload: Uint8Array): void;
}

/**
 * The stream of a session with a broker. An MQTT library reads and writes on it as on the socket
 * itself, except that PUBLISH packets at QoS 0 pass it by: `publish` writes them to the socket,
 * and those that come in go to `message`. The order of all packets stays as it was, in both
 * directions. The library keeps whatever else there is: CONNECT, subscriptions, keep-alive, QoS 1.
 */
export class DataLane extends Duplex {
  readonly #socket: Socket;
  readonly #options: DataLaneOptions;
  readonly #cutter: PacketCutter;
  /** Packets that the library has, or is to get, and has not handled. */
  #unhandled = 0;
  #paused = false;
  /** The broker has ended the connection, and the library may still have bytes to read. */
  #ended = false;

  constructor(socket: Socket, options: DataLaneOptions) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#options = options;
    const isBusy = (): boolean => this.#unhandled > 0 || this.destroyed;
    this.#cutter = new PacketCutter(
      {
        get busy(): boolean {
          return isBusy();
        },
        message: (topic, payload) => options.message(topic, payload),
        begun: () => {
          this.#unhandled++;
        },
        others: (bytes) => this.#pass(bytes),
      },
      options,
    );
    socket.on("data", (bytes: Buffer) => this.#cutter.push(bytes));
    socket.on("error", (error) => this.destroy(error));
    socket.on("end", () => {
      this.#ended = true;
      this.push(null);
    });
    socket.on("close", () => {
      if (!this.#ended) this.destroy();
    });
  }

  /** The library has handled a packet. Until then, packets behind it go the same way. */
  handled(): void {
    if (this.#unhandled > 0) this.#unhandled--;
  }

  /**
   * Writes a PUBLISH at QoS 0. The caller must not change `payload` before it is sent. The `room`
   * bytes before it in its buffer may be overwritten: a large payload then gets its header there,
   * and is written without a copy.
   */
  publish(topic: string, payload: Uint8Array, room = 0): void {
    const { joinBytesMax, version } = this.#options;
    const payloadBytes = payload.byteLength;
    const head = { topic, payloadBytes, version };
    // A packet of the library that is not written yet goes first.
    const target = this.writableLength > 0 ? this : this.#socket;
    if (payloadBytes <= joinBytesMax) {
      const packet = publishHead(head, payloadBytes);
      packet.set(payload, packet.length - payloadBytes);
      target.write(packet);
      return;
    }
    const headBytes = publishHeadBytes(head);
    if (headBytes <= room) {
      const { buffer, byteOffset } = payload;
      const packet = Buffer.from(buffer, byteOffset - headBytes, headBytes + payloadBytes);
      writePublishHead(packet, head);
      target.write(packet);
      return;
    }
    target.cork();
    target.write(publishHead(head));
    target.write(payload);
    target.uncork();
  }

  override _read(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#socket.write(bytes);
    done();
  }

  /** The library writes a packet in several pieces, and corks meanwhile. */
  override _writev(pieces: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.#socket.write(Buffer.concat(pieces.map(({ chunk }) => chunk)));
    done();
  }

  override _final(done: () => void): void {
    if (this.#socket.destroyed) done();
    else this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #pass(bytes: Buffer): void {
    if (this.push(bytes)) return;
    this.#paused = true;
    this.#socket.pause();
  }
}
