import type { ByteSocket, ByteSocketListener } from "../../core/ports/mod.ts";
import type { Backlog } from "./backlog.ts";
import type { Deadlines, Waiting } from "./deadlines.ts";

/**
 * Who is told what happens to a stream: its handshake first, then its WebSocket
 * (`core/websocket/framed-socket.ts`).
 */
export interface ClientStreamListener extends ByteSocketListener {
  /** The client has half-closed the stream. Without this method the stream ends. */
  ended?(): void;
}

/**
 * A client's TCP or TLS stream. The runtime's own stream refers to it and tells it what happens,
 * by listeners that all streams share. So a connection needs no closures and no further object.
 */
export abstract class ClientStream implements ByteSocket, Waiting {
  owner: ClientStreamListener | undefined = undefined;
  /** What waits for a client that does not read. */
  protected backlog: Backlog | undefined = undefined;

  /** The peer's address. It may be empty when the stream is gone. */
  abstract readonly remoteAddress: string;
  /** False once it was ended or is gone. */
  abstract readonly isWritable: boolean;
  abstract readonly bufferedAmount: number;
  abstract write(bytes: Uint8Array): void;
  abstract end(): void;
  abstract destroy(): void;
  abstract pause(): void;
  abstract resume(): void;

  /** Ends it after everything was written. It is cut if the client does not end it too by then. */
  endBy(endings: Deadlines<ClientStream>): void {
    endings.start(this);
    this.end();
  }

  late(): void {
    this.destroy();
  }

  /** The client has half-closed the stream. */
  clientEnded(endings: Deadlines<ClientStream>): void {
    const { owner } = this;
    if (owner?.ended !== undefined) owner.ended();
    // A WebSocket's client can answer nothing any more.
    else if (this.bufferedAmount === 0) this.destroy();
    // Unless it is ended already, which has a time limit.
    else if (this.isWritable) this.endBy(endings);
  }

  /** The stream is gone. Called once, and last. */
  protected gone(endings: Deadlines<ClientStream>): void {
    const { owner } = this;
    this.owner = undefined;
    this.backlog = undefined;
    endings.stop(this);
    owner?.closed();
  }
}
