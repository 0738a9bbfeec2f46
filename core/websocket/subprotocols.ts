import type { ErrorCode } from "../base/mod.ts";
import type {
  ConnectionHandle,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRequest,
  NewMessage,
  Socket,
  SocketHandler,
  Subprotocol,
} from "../ports/mod.ts";

/**
 * The handler with subprotocols before it. Connections that chose none of them go through as they
 * are: same handle, same socket.
 */
export function withSubprotocols(
  handler: SocketHandler,
  subprotocols: readonly Subprotocol[],
  options: { readonly newMessage: NewMessage },
): SocketHandler {
  if (subprotocols.length === 0) return handler;
  const decorated = subprotocols.map(
    (one) => [one.name, one.decorate(handler, options.newMessage)] as const,
  );
  return new SubprotocolRouter(handler, new Map(decorated));
}

/** A connection of a subprotocol, as the runtime holds it. */
class RoutedConnection implements ConnectionHandle {
  readonly slot: number;
  /** Engine wasm must not write the messages into batches behind the subprotocol's back. */
  readonly bypassBatch = true;
  readonly handler: SocketHandler;
  readonly inner: ConnectionHandle;

  constructor(handler: SocketHandler, inner: ConnectionHandle) {
    this.slot = inner.slot;
    this.handler = handler;
    this.inner = inner;
  }
}

/** Looks at a handle's class, and at nothing else: a plain connection pays for one comparison. */
class SubprotocolRouter implements SocketHandler {
  readonly #plain: SocketHandler;
  readonly #decorated: ReadonlyMap<string | undefined, SocketHandler>;

  constructor(plain: SocketHandler, decorated: ReadonlyMap<string | undefined, SocketHandler>) {
    this.#plain = plain;
    this.#decorated = decorated;
  }

  handshake(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    return this.#plain.handshake(request);
  }

  abandon(admission: HandshakeAdmission): void {
    (this.#decorated.get(admission.subprotocol) ?? this.#plain).abandon(admission);
  }

  open(socket: Socket, admission: HandshakeAdmission): ConnectionHandle {
    const handler = this.#decorated.get(admission.subprotocol);
    if (handler === undefined) return this.#plain.open(socket, admission);
    return new RoutedConnection(handler, handler.open(socket, admission));
  }

  text(connection: ConnectionHandle, data: string): void {
    if (connection instanceof RoutedConnection) connection.handler.text(connection.inner, data);
    else this.#plain.text(connection, data);
  }

  binary(connection: ConnectionHandle, data: Uint8Array): void {
    if (connection instanceof RoutedConnection) connection.handler.binary(connection.inner, data);
    else this.#plain.binary(connection, data);
  }

  batched(connection: ConnectionHandle, messages: number, bytes: number): void {
    if (connection instanceof RoutedConnection) {
      connection.handler.batched(connection.inner, messages, bytes);
    } else {
      this.#plain.batched(connection, messages, bytes);
    }
  }

  bufferFull(connection: ConnectionHandle): void {
    if (connection instanceof RoutedConnection) connection.handler.bufferFull(connection.inner);
    else this.#plain.bufferFull(connection);
  }

  fault(connection: ConnectionHandle, errorCode: ErrorCode): void {
    if (connection instanceof RoutedConnection) {
      connection.handler.fault(connection.inner, errorCode);
    } else {
      this.#plain.fault(connection, errorCode);
    }
  }

  pong(connection: ConnectionHandle, controlFrames: number): void {
    if (connection instanceof RoutedConnection) {
      connection.handler.pong(connection.inner, controlFrames);
    } else this.#plain.pong(connection, controlFrames);
  }

  closed(connection: ConnectionHandle, closeCode: number, closeReason: string): void {
    if (connection instanceof RoutedConnection) {
      connection.handler.closed(connection.inner, closeCode, closeReason);
    } else {
      this.#plain.closed(connection, closeCode, closeReason);
    }
  }

  gone(connection: ConnectionHandle): void {
    if (connection instanceof RoutedConnection) connection.handler.gone(connection.inner);
    else this.#plain.gone(connection);
  }
}
