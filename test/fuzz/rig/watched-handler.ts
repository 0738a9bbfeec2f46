import type { ErrorCode } from "../../../core/base/mod.ts";
import type { Connection } from "../../../core/connection/connection.ts";
import type { Gateway } from "../../../core/mod.ts";
import type {
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRequest,
  MessageKind,
  Socket,
  SocketHandler,
} from "../../../core/ports/mod.ts";

/** What a watched connection has come to. */
export interface Watched {
  readonly id: string;
  closed: boolean;
  fault: ErrorCode | undefined;
}

/** Stands between sockets and gateway: what is closed must be silent for ever. */
export class WatchedHandler implements SocketHandler<Connection> {
  readonly #gateway: Gateway;
  readonly #open: Map<Connection, Watched> = new Map();
  readonly #closing: Set<Connection> = new Set();
  #latest: Watched | undefined;
  /** Faults by how often they came: the dice must find them all. */
  readonly faults: Map<ErrorCode, number> = new Map();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#open.size;
  }

  /** The connection that was opened last. */
  takeLatest(): Watched {
    if (this.#latest === undefined) throw new Error("nothing was opened");
    return this.#latest;
  }

  handshake(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    return this.#gateway.handshake(request);
  }

  abandon(admission: HandshakeAdmission, code?: ErrorCode): void {
    this.#gateway.abandon(admission, code);
  }

  open(socket: Socket, admission: HandshakeAdmission): Connection {
    const connection = this.#gateway.open(socket, admission);
    this.#latest = { id: connection.id, closed: false, fault: undefined };
    this.#open.set(connection, this.#latest);
    return connection;
  }

  text(connection: Connection, data: string): void {
    this.#of(connection, "text");
    this.#gateway.text(connection, data);
  }

  binary(connection: Connection, data: Uint8Array): void {
    this.#of(connection, "binary");
    this.#gateway.binary(connection, data);
  }

  batched(connection: Connection, messages: number, bytes: number): void {
    this.#of(connection, "batched");
    this.#gateway.batched(connection, messages, bytes);
  }

  inflated(connection: Connection, kind: MessageKind, data: Uint8Array): void {
    this.#of(connection, "inflated");
    this.#gateway.inflated(connection, kind, data);
  }

  bufferFull(connection: Connection): void {
    this.#of(connection, "bufferFull");
    this.#gateway.bufferFull(connection);
  }

  fault(connection: Connection, code: ErrorCode): void {
    const watched = this.#of(connection, "fault");
    if (watched.fault !== undefined) throw new Error(`a second fault: ${code}`);
    watched.fault = code;
    this.faults.set(code, (this.faults.get(code) ?? 0) + 1);
    this.#gateway.fault(connection, code);
  }

  pong(connection: Connection, controlFrames: number): void {
    this.#of(connection, "pong");
    this.#gateway.pong(connection, controlFrames);
  }

  closed(connection: Connection, closeCode: number, closeReason: string): void {
    this.#of(connection, "close").closed = true;
    this.#open.delete(connection);
    this.#closing.add(connection);
    this.#gateway.closed(connection, closeCode, closeReason);
  }

  gone(connection: Connection): void {
    if (!this.#closing.delete(connection)) throw new Error(`gone without close: ${connection.id}`);
    this.#gateway.gone(connection);
  }

  #of(connection: Connection, what: string): Watched {
    const watched = this.#open.get(connection);
    if (watched === undefined) throw new Error(`${what} after the close of ${connection.id}`);
    return watched;
  }
}
