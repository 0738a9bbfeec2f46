import { assert, type ErrorCode } from "../base/mod.ts";
import type {
  ConnectionHandle,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRequest,
  MessageKind,
  OutgoingMessage,
  Socket,
  SocketHandler,
} from "../ports/mod.ts";

/** Makes a message for a socket. It is reused: valid until the next call. */
export type NewMessage = (data: string | Uint8Array) => OutgoingMessage;

/**
 * A protocol above WebSocket, such as `graphql-transport-ws`, that the node itself speaks with
 * clients whose handshake chose it. Handshakes can choose it only if it is one of the accepted
 * subprotocols (`--subprotocols`), too.
 */
export interface Subprotocol {
  /** As clients offer it in `Sec-WebSocket-Protocol`. */
  readonly name: string;
  /** Makes the connection between one client's socket and the gateway. */
  connect(socket: Socket, gateway: SocketHandler, newMessage: NewMessage): SubprotocolConnection;
}

/**
 * A connection of a subprotocol. To the gateway it is the socket; to the runtime it is the
 * connection. This class passes everything on in both directions; a subprotocol overrides what it
 * handles itself. It has no `subscribe`: what is published to a group comes through `send` too.
 */
export class SubprotocolConnection implements Socket, ConnectionHandle {
  /** Engine wasm must not write the client's messages into batches by itself. */
  readonly bypassBatch = true;
  protected readonly socket: Socket;
  protected readonly gateway: SocketHandler;
  #handle: ConnectionHandle | undefined = undefined;

  constructor(socket: Socket, gateway: SocketHandler) {
    this.socket = socket;
    this.gateway = gateway;
  }

  open(admission: HandshakeAdmission): void {
    this.#handle = this.gateway.open(this, admission);
  }

  /** The gateway's handle of the connection. */
  get handle(): ConnectionHandle {
    assert(this.#handle, "a subprotocol's connection was used before it was open");
    return this.#handle;
  }

  get slot(): number {
    return this.handle.slot;
  }

  /** A text message came from the client. */
  text(data: string): void {
    this.gateway.text(this.handle, data);
  }

  /** A binary message came from the client. `data` is only valid during the call. */
  binary(data: Uint8Array): void {
    this.gateway.binary(this.handle, data);
  }

  /** The WebSocket is closed, as `SocketHandler.closed` describes. */
  closed(closeCode: number, closeReason: string): void {
    this.gateway.closed(this.handle, closeCode, closeReason);
  }

  /** Counts a message of `bytes` bytes that is not passed on, for rates and idle times. */
  protected kept(bytes: number): void {
    this.gateway.batched(this.handle, 1, bytes);
  }

  /** Closes the connection because the client broke the subprotocol. */
  protected violated(closeCode: number, closeReason: string): void {
    this.gateway.fault(this.handle, "subprotocol-violation");
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

/**
 * A handler that puts subprotocols in front of the gateway. A connection that chose none of them
 * keeps its own handle and socket, at the cost of one comparison for each call.
 */
export function withSubprotocols(
  gateway: SocketHandler,
  subprotocols: readonly Subprotocol[],
  options: { readonly newMessage: NewMessage },
): SocketHandler {
  if (subprotocols.length === 0) return gateway;
  return new SubprotocolRouter(gateway, subprotocols, options.newMessage);
}

class SubprotocolRouter implements SocketHandler {
  readonly #gateway: SocketHandler;
  readonly #subprotocols: ReadonlyMap<string | undefined, Subprotocol>;
  readonly #newMessage: NewMessage;

  constructor(
    gateway: SocketHandler,
    subprotocols: readonly Subprotocol[],
    newMessage: NewMessage,
  ) {
    this.#gateway = gateway;
    this.#subprotocols = new Map(subprotocols.map((one) => [one.name, one]));
    this.#newMessage = newMessage;
  }

  handshake(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    return this.#gateway.handshake(request);
  }

  abandon(admission: HandshakeAdmission, code?: ErrorCode): void {
    this.#gateway.abandon(admission, code);
  }

  open(socket: Socket, admission: HandshakeAdmission): ConnectionHandle {
    const subprotocol = this.#subprotocols.get(admission.subprotocol);
    if (subprotocol === undefined) return this.#gateway.open(socket, admission);
    const connection = subprotocol.connect(socket, this.#gateway, this.#newMessage);
    connection.open(admission);
    return connection;
  }

  text(connection: ConnectionHandle, data: string): void {
    if (connection instanceof SubprotocolConnection) connection.text(data);
    else this.#gateway.text(connection, data);
  }

  binary(connection: ConnectionHandle, data: Uint8Array): void {
    if (connection instanceof SubprotocolConnection) connection.binary(data);
    else this.#gateway.binary(connection, data);
  }

  closed(connection: ConnectionHandle, closeCode: number, closeReason: string): void {
    if (connection instanceof SubprotocolConnection) connection.closed(closeCode, closeReason);
    else this.#gateway.closed(connection, closeCode, closeReason);
  }

  batched(connection: ConnectionHandle, messages: number, bytes: number): void {
    this.#gateway.batched(gatewayHandle(connection), messages, bytes);
  }

  inflated(connection: ConnectionHandle, kind: MessageKind, data: Uint8Array): void {
    this.#gateway.inflated(gatewayHandle(connection), kind, data);
  }

  bufferFull(connection: ConnectionHandle): void {
    this.#gateway.bufferFull(gatewayHandle(connection));
  }

  fault(connection: ConnectionHandle, errorCode: ErrorCode): void {
    this.#gateway.fault(gatewayHandle(connection), errorCode);
  }

  pong(connection: ConnectionHandle, controlFrames: number): void {
    this.#gateway.pong(gatewayHandle(connection), controlFrames);
  }

  gone(connection: ConnectionHandle): void {
    this.#gateway.gone(gatewayHandle(connection));
  }
}

function gatewayHandle(connection: ConnectionHandle): ConnectionHandle {
  return connection instanceof SubprotocolConnection ? connection.handle : connection;
}
