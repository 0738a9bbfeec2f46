import type { AddressInfo, Socket as NetSocket, Server } from "node:net";
import { limits, plainAddress } from "../../core/base/mod.ts";
import type { ClientServerOptions } from "../server/mod.ts";
import { listen } from "./listen.ts";

/**
 * The listening port. It counts its TCP streams from their beginning and cuts those past the
 * limit. For a moment those use descriptors too, so the port is opened again after a flood.
 */
export class ClientPort {
  readonly #options: ClientServerOptions;
  readonly #streamsMax: number;
  #server: Server;
  #streams = 0;
  /** File descriptors are short. */
  #short = false;
  /** False once the port was closed for good. */
  #wanted = true;
  #opening = false;
  /** The real port number, once it listens. */
  number = 0;

  constructor(server: Server, options: ClientServerOptions) {
    this.#options = options;
    this.#streamsMax = options.streamsMax ?? Number.POSITIVE_INFINITY;
    this.#server = server;
  }

  /** TCP streams now. */
  get streams(): number {
    return this.#streams;
  }

  async start(): Promise<void> {
    await this.#listen(this.#server, this.#options.port);
    this.number = (this.#server.address() as AddressInfo).port;
  }

  /** Gives the port to another server; the streams of the former one stay. */
  async takeOver(next: Server): Promise<void> {
    // It does not listen if the last attempt to open it failed.
    if (this.#server.listening) this.#server.close();
    this.#server = next;
    // The runtime releases the port in a later turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#listen(next, this.number);
  }

  shortage(short: boolean): void {
    this.#short = short;
    if (short || this.#opening) return;
    this.#opening = true;
    this.#openAgain();
  }

  stop(): void {
    this.#wanted = false;
    this.#server.close();
  }

  #listen(server: Server, port: number): Promise<void> {
    server.removeAllListeners("error");
    server.removeListener("connection", this.#count);
    server.prependListener("connection", this.#count);
    return listen(server, { ...this.#options, port });
  }

  readonly #count = (stream: NetSocket): void => {
    if (this.#short || this.#streams >= this.#streamsMax) {
      // A stream that is destroyed has no address any more.
      const address = plainAddress(stream.remoteAddress ?? "") || undefined;
      stream.destroy();
      this.#options.refused?.("tcp-streams-full", address);
      return;
    }
    this.#streams += 1;
    stream.on("close", this.#uncount);
  };

  /** One for all streams: a closure for each would stay as long as its connection. */
  readonly #uncount = (): void => {
    this.#streams -= 1;
  };

  /** Deno stops accepting for good when it has run out of descriptors, and reports nothing. */
  #openAgain(): void {
    this.#options.clock.after(limits.descriptorsTickMs, async () => {
      if (!this.#wanted || this.#short) {
        this.#opening = false;
      } else if (this.#streams >= this.#streamsMax) {
        this.#openAgain();
      } else {
        await this.takeOver(this.#server).then(
          () => {
            this.#opening = false;
          },
          () => this.#openAgain(),
        );
      }
    });
  }
}
