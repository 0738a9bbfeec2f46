import type { ErrorCode } from "../../base/mod.ts";
import type { HandshakeAdmission, HandshakeAnswer, HandshakeRequest } from "./handshake.ts";
import type { MessageKind, Socket } from "./socket.ts";

/** What a runtime keeps beside its socket. It reads no more of it than this. */
export interface ConnectionHandle {
  /** Index of the connection in the codec's tables, for the connection's whole life. */
  readonly slot: number;
  /** Messages come to `text` and `binary` on any engine: a decorator wants to see each. */
  readonly bypassBatch?: boolean | undefined;
}

/** What a runtime asks and tells the gateway, which implements it. */
export interface SocketHandler<Connection extends ConnectionHandle = ConnectionHandle> {
  /** Decides over an HTTP request on the client port, whether or not it asks for an upgrade. */
  handshake(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer>;
  /** An accepted handshake failed: the client is gone, or `code` says what else. */
  abandon(admission: HandshakeAdmission, code?: ErrorCode): void;
  /** The upgrade is done. Exactly one `closed` and one `gone` follow. */
  open(socket: Socket, admission: HandshakeAdmission): Connection;
  /** A text message that the runtime parsed (engine `native`), as well-formed UTF-16. */
  text(connection: Connection, data: string): void;
  /** A binary message that the runtime parsed. `data` is only valid during the call. */
  binary(connection: Connection, data: Uint8Array): void;
  /** The codec wrote `messages` messages with `bytes` payload bytes (engine `wasm`). */
  batched(connection: Connection, messages: number, bytes: number): void;
  /**
   * A deflated message was inflated (engine `wasm`): it goes into the connection's batch buffer,
   * and `batched` counts it. `data` is valid only during the call.
   */
  inflated(connection: Connection, kind: MessageKind, data: Uint8Array): void;
  /** The connection's batch buffer is full. It is empty when the call returns. */
  bufferFull(connection: Connection): void;
  /** The client violated the protocol or a limit. The socket closes itself; `closed` follows. */
  fault(connection: Connection, errorCode: ErrorCode): void;
  /** The client sent something that is no message; it contained so many pings and pongs. */
  pong(connection: Connection, controlFrames: number): void;
  /**
   * The WebSocket is closed (RFC 6455, 7.1.5), with the code that the client sent or, if we
   * closed first, with ours. 1005: the close frame had no code. 1006: there was no close frame.
   */
  closed(connection: Connection, closeCode: number, closeReason: string): void;
  /**
   * The TCP stream is gone too. A client that does not answer our close frame keeps its descriptor
   * open for a while after `closed`, so the connection counts until this call.
   */
  gone(connection: Connection): void;
}
