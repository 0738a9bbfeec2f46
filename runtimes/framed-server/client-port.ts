import { limits, plainAddress } from "../../core/base/mod.ts";
import type { ClientServerOptions, ServerTls } from "../server/mod.ts";

/** What a runtime listens with. */
export interface TcpPort {
  /** Resolves to the real port number. Rejects with `port-in-use` if it is taken. */
  open(port: number): Promise<number>;
  /** Closes the port if it is open. Its streams stay. */
  close(): void;
  /** Uses another certificate: at once (true), or from the next `open` on. */
  setTls?(tls: ServerTls): boolean;
}

/** A stream of the runtime that it has just accepted. */
export interface AcceptedStream {
  readonly remoteAddress?: string | undefined;
}

/**
 * The listening port. It counts its TCP streams from their beginning and has those past the limit
 * cut. For a moment those use descriptors too, so the port is opened again after a flood.
 */
export class ClientPort {
  readonly #options: ClientServerOptions;
  readonly #streamsMax: number;
  #tcpPort: TcpPort | undefined = undefined;
  #streams = 0;
  /** File descriptors are short. */
  #short = false;
  /** False once the port was closed for good. */
  #wanted = true;
  #opening = false;
  /** The real port number, once it listens. */
  number = 0;

  constructor(options: ClientServerOptions) {
    this.#options = options;
    this.#streamsMax = options.streamsMax ?? Number.POSITIVE_INFINITY;
  }

  /** TCP streams now. */
  get streams(): number {
    return this.#streams;
  }

  async start(tcpPort: TcpPort): Promise<void> {
    this.#tcpPort = tcpPort;
    this.number = await tcpPort.open(this.#options.port);
  }

  /** Counts a stream. False if there is no room for it: it must be closed. */
  admits(stream: AcceptedStream): boolean {
    if (this.#short || this.#streams >= this.#streamsMax) {
      const address = plainAddress(stream.remoteAddress ?? "") || undefined;
      this.#options.refused?.({ code: "tcp-streams-full", address });
      return false;
    }
    this.#streams += 1;
    return true;
  }

  /** A stream that was admitted is gone. */
  readonly left = (): void => {
    this.#streams -= 1;
  };

  async setTls(tls: ServerTls): Promise<boolean> {
    const tcpPort = this.#tcpPort;
    if (tcpPort?.setTls === undefined) return false;
    if (!tcpPort.setTls(tls)) await this.#openAgain();
    return true;
  }

  shortage(short: boolean): void {
    this.#short = short;
    if (short || this.#opening) return;
    this.#opening = true;
    this.#openSoon();
  }

  stop(): void {
    this.#wanted = false;
    this.#tcpPort?.close();
  }

  async #openAgain(): Promise<void> {
    this.#tcpPort?.close();
    // The runtime releases the port in a later turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#wanted) await this.#tcpPort?.open(this.number);
  }

  /** Deno stops accepting for good when it has run out of descriptors, and reports nothing. */
  #openSoon(): void {
    this.#options.clock.after(limits.descriptorsTickMs, async () => {
      if (!this.#wanted || this.#short) {
        this.#opening = false;
      } else if (this.#streams >= this.#streamsMax) {
        this.#openSoon();
      } else {
        await this.#openAgain().then(
          () => {
            this.#opening = false;
          },
          () => this.#openSoon(),
        );
      }
    });
  }
}
