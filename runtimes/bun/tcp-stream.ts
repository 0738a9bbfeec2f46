import type { Socket } from "bun";
import { Backlog, ClientStream, type Deadlines } from "../framed-server/mod.ts";

/** Bun's handle, whose `data` is ours. Undefined: there was no room for the stream. */
export interface TcpSocket extends Socket<BunStream | undefined> {
  /**
   * Closes the descriptor at once; the kernel still sends what it has taken. Bun's own `node:net`
   * destroys a stream with it. `terminate` would send a reset, and `end` is documented otherwise.
   */
  close(): void;
}

/** `ending`: ended by us, and the client's end is awaited. `closed`: nothing of it is left. */
const State = { open: 0, ending: 1, closed: 2 } as const;
type State = (typeof State)[keyof typeof State];

/** A TCP stream of `Bun.listen`, which keeps less than half of what one of `node:net` does. */
export class BunStream extends ClientStream {
  readonly #socket: TcpSocket;
  #state: State = State.open;

  constructor(socket: TcpSocket) {
    super();
    this.#socket = socket;
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? "";
  }

  get isWritable(): boolean {
    return this.#state === State.open;
  }

  get bufferedAmount(): number {
    return this.backlog?.byteLength ?? 0;
  }

  write(bytes: Uint8Array): void {
    if (this.#state !== State.open) return;
    const taken = this.backlog === undefined ? this.#put(bytes) : 0;
    if (taken === bytes.length) return;
    this.backlog ??= new Backlog();
    this.backlog.add(taken === 0 ? bytes : bytes.subarray(taken));
  }

  /** How many of the bytes the kernel has taken; all if there is no use in keeping any. */
  #put(bytes: Uint8Array): number {
    const taken =
      this.#state === State.closed ? -1 : this.#socket.write(bytes as Uint8Array<ArrayBuffer>);
    if (taken >= 0) return taken;
    // The client is gone. Bun would not tell a stream that is paused: the write took the error.
    this.destroy();
    return bytes.length;
  }

  /** The kernel has room. Bun also says so after `pause`, `resume` and a half-close. */
  emptied(): void {
    const { backlog } = this;
    if (backlog === undefined) return;
    backlog.drain((bytes) => this.#put(bytes));
    if (backlog.byteLength > 0) return;
    this.backlog = undefined;
    if (this.#state === State.ending) this.#socket.shutdown();
    else if (this.#state === State.open) this.owner?.drained();
  }

  end(): void {
    if (this.#state !== State.open) return;
    this.#state = State.ending;
    // Bun's own `end` closes the descriptor, and unread bytes would then cause a reset, which can
    // destroy what was written: oven-sh/bun#35947.
    if (this.backlog === undefined) this.#socket.shutdown();
  }

  destroy(): void {
    if (this.#state === State.closed) return;
    this.#state = State.closed;
    this.backlog = undefined;
    this.#socket.close();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Bun has closed the descriptor. */
  closed(endings: Deadlines<ClientStream>): void {
    // Inside our own `destroy` the caller expects no call back yet.
    if (this.#state === State.closed) queueMicrotask(() => this.gone(endings));
    else {
      this.#state = State.closed;
      this.gone(endings);
    }
  }
}
