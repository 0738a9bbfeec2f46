import type { ErrorCode } from "../../base/mod.ts";
import type { HandshakeAdmission, HandshakeAnswer, HandshakeRequest } from "./handshake.ts";
import type { Socket } from "./socket.ts";

/** What a runtime keeps in its socket's slot. Opaque to it, but for the codec's slot. */
export interface ConnectionHandle {
  /** Index of the connection in the codec's tables, for its whole life. */
  readonly slot: number;
  /** Messages come to `text` and `binary` on any engine: a decorator wants to see each. */
  readonly bypassBatch?: boolean | undefined;
}

/** What a runtime tells the gateway. The gateway implements it. */
export interface SocketHandler<Connection extends ConnectionHandle = ConnectionHandle> {
  /** Decides over any HTTP request on the client port: plain ones get their answer here too. */
  handshake(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer>;
  /** An admission came to nothing: the client is gone or the upgrade failed. No `open` follows. */
  abandon(admission: HandshakeAdmission): void;
  /** The upgrade is done. Exactly one `closed` follows each `open`. */
  open(socket: Socket, admission: HandshakeAdmission): Connection;
  /** A text message that the runtime parsed (engine native); valid UTF-16. */
  text(connection: Connection, data: string): void;
  /** A binary message that the runtime parsed; `data` is only valid during the call. */
  binary(connection: Connection, data: Uint8Array): void;
  /** The codec has written `messages` messages of `bytes` payload bytes (engine wasm). */
  batched(connection: Connection, messages: number, bytes: number): void;
  /** The codec's batch buffer of this connection is full: it is empty again when this returns. */
  bufferFull(connection: Connection): void;
  /** A fault in the client's bytes. The socket closes by itself and calls `closed` in the end. */
  fault(connection: Connection, errorCode: ErrorCode): void;
  /** Any sign of life that is not a message; `controlFrames` of it are pings and pongs. */
  pong(connection: Connection, controlFrames: number): void;
  /**
   * The WebSocket is closed. 1005 where the close frame carried no code, 1006 where there was none
   * (RFC 6455, 7.1.5); otherwise the code that the client sent, or the one of our own close.
   */
  closed(connection: Connection, closeCode: number, closeReason: string): void;
  /**
   * Its stream is gone too: exactly once after each `closed`. A client that does not answer our
   * close keeps its descriptor here for a while, so until then the socket counts.
   */
  gone(connection: Connection): void;
}
