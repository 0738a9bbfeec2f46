import { assert, type ErrorCode } from "../base/mod.ts";
import type {
  ConnectionHandle,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRequest,
  OutgoingMessage,
  Socket,
  SocketHandler,
} from "../ports/mod.ts";

/**
 * One connection of a subprotocol, which passes everything on in both directions: what a
 * subprotocol looks at it overrides. To the gateway it is the socket. It has no `subscribe`, so
 * that what is published to a group comes by `send`, through here, too.
 */
export class SubprotocolConnection implements Socket, ConnectionHandle {
  /** The client's side. */
  protected readonly socket: Socket;
  /** The gateway's side. */
  protected readonly handler: SocketHandler;
  #handle: ConnectionHandle | undefined = undefined;

  constructor(socket: Socket, handler: SocketHandler) {
    this.socket = socket;
    this.handler = handler;
  }

  /** Opens it at the gateway. */
  open(admission: HandshakeAdmission): void {
    this.#handle = this.handler.open(this, admission);
  }

  /** The gateway's own handle. */
  get inner(): ConnectionHandle {
    assert(this.#handle, "a subprotocol's connection spoke before it was open");
    return this.#handle;
  }

  get slot(): number {
    return this.inner.slot;
  }

  /** A text message of the client. */
  text(data: string): void {
    this.handler.text(this.inner, data);
  }

  /** A binary message of the client, only valid during the call. */
  binary(data: Uint8Array): void {
    this.handler.binary(this.inner, data);
  }

  /** The socket is gone. */
  closed(closeCode: number, closeReason: string): void {
    this.handler.closed(this.inner, closeCode, closeReason);
  }

  /** A message goes no further; to the limits of rate and idleness it counts all the same. */
  protected kept(bytes: number): void {
    this.handler.batched(this.inner, 1, bytes);
  }

  /** The client broke the subprotocol: closes with a code of the subprotocol's own. */
  protected violated(closeCode: number, closeReason: string): void {
    this.handler.fault(this.inner, "subprotocol-violation");
    this.socket.close(closeCode, closeReason);
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  send(message: OutgoingMessage): boolean {
    return this.socket.send(message);
  }

  flush(): void {
    this.socket.flush();
  }

  close(closeCode: number, closeReason: string): void {
    this.socket.close(closeCode, closeReason);
  }

  terminate(): void {
    this.socket.terminate();
  }

  pause(): boolean {
    return this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  ping(): boolean {
    return this.socket.ping();
  }
}

/** What `Subprotocol.decorate` gives: a handler whose connections the subprotocol makes. */
export class SubprotocolHandler implements SocketHandler<SubprotocolConnection> {
  readonly #handler: SocketHandler;
  readonly #create: (socket: Socket) => SubprotocolConnection;

  constructor(handler: SocketHandler, create: (socket: Socket) => SubprotocolConnection) {
    this.#handler = handler;
    this.#create = create;
  }

  handshake(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    return this.#handler.handshake(request);
  }

  abandon(admission: HandshakeAdmission): void {
    this.#handler.abandon(admission);
  }

  open(socket: Socket, admission: HandshakeAdmission): SubprotocolConnection {
    const connection = this.#create(socket);
    connection.open(admission);
    return connection;
  }

  text(connection: SubprotocolConnection, data: string): void {
    connection.text(data);
  }

  binary(connection: SubprotocolConnection, data: Uint8Array): void {
    connection.binary(data);
  }

  batched(connection: SubprotocolConnection, messages: number, bytes: number): void {
    this.#handler.batched(connection.inner, messages, bytes);
  }

  bufferFull(connection: SubprotocolConnection): void {
    this.#handler.bufferFull(connection.inner);
  }

  fault(connection: SubprotocolConnection, errorCode: ErrorCode): void {
    this.#handler.fault(connection.inner, errorCode);
  }

  pong(connection: SubprotocolConnection, controlFrames: number): void {
    this.#handler.pong(connection.inner, controlFrames);
  }

  closed(connection: SubprotocolConnection, closeCode: number, closeReason: string): void {
    connection.closed(closeCode, closeReason);
  }

  gone(connection: SubprotocolConnection): void {
    this.#handler.gone(connection.inner);
  }
}
