import type { AddressInfo, Socket as NetSocket, Server } from "node:net";
import { limits } from "../../core/base/mod.ts";
import type { ClientServerOptions } from "../server/mod.ts";
import { listen } from "./listen.ts";

/**
 * What listens, and how many TCP streams it has, from their beginning. Those past the cap are cut.
 * In the moment of a flood they take descriptors all the same, so the port is opened again after.
 */
export class ClientPort {
  readonly #options: ClientServerOptions;
  readonly #streamsMax: number;
  #server: Server;
  #streams = 0;
  /** No descriptor can be spared. */
  #short = false;
  /** False from the end of listening on, for good. */
  #wanted = true;
  #opening = false;
  /** The real one, from the first listening on. */
  number = 0;

  constructor(server: Server, options: ClientServerOptions) {
    this.#options = options;
    this.#streamsMax = options.streamsMax ?? Number.POSITIVE_INFINITY;
    this.#server = server;
  }

  async start(): Promise<void> {
    await this.#listen(this.#server, this.#options.port);
    this.number = (this.#server.address() as AddressInfo).port;
  }

  /** Another server has the port from now on; the streams of the first stay. */
  async takeOver(next: Server): Promise<void> {
    // Not where the last attempt to open it failed.
    if (this.#server.listening) this.#server.close();
    this.#server = next;
    // The runtime lets go of the port in a later turn.
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
      stream.destroy();
      this.#options.refused?.("tcp-streams-full");
      return;
    }
    this.#streams += 1;
    stream.once("close", () => {
      this.#streams -= 1;
    });
  };

  /** Out of descriptors Deno stops accepting for good, and tells nobody. */
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
