import type {
  ConnectionHandle,
  HandshakeAdmission,
  HandshakeAnswer,
  MessageKind,
  Socket,
  SocketHandler,
} from "../../../core/ports/mod.ts";
import { refuse } from "../../../core/websocket/mod.ts";

export const admission: HandshakeAdmission = {
  accepted: true,
  app: "default",
  subprotocol: undefined,
  deflate: false,
  info: {},
};

/** Writes down what it is told, one line each. All its connections have the slot it is given. */
export class RecordingHandler implements SocketHandler {
  readonly calls: string[] = [];
  readonly #slot: number;
  /** Called for a full batch buffer, which must be empty afterwards. */
  takeBuffer: () => void = () => {};
  /** Writes an inflated message to the batch buffer; false where that is full. */
  write: (slot: number, kind: MessageKind, data: Uint8Array) => boolean = () => true;
  /** Called inside `open` and with each line. */
  during: (socket: Socket, what: string) => void = () => {};
  socket: Socket | undefined = undefined;

  constructor(slot: number = 0) {
    this.#slot = slot;
  }

  handshake(): HandshakeAnswer {
    return refuse(400, "handshake-refused", "no test asks");
  }

  abandon(): void {
    this.#record("abandon");
  }

  open(socket: Socket): ConnectionHandle {
    this.socket = socket;
    this.during(socket, "open");
    return { slot: this.#slot };
  }

  text(_connection: ConnectionHandle, data: string): void {
    this.#record(`text ${data}`);
  }

  binary(_connection: ConnectionHandle, data: Uint8Array): void {
    this.#record(`binary ${[...data].join(",")}`);
  }

  batched(_connection: ConnectionHandle, messages: number, bytes: number): void {
    this.#record(`batched ${messages} ${bytes}`);
  }

  inflated({ slot }: ConnectionHandle, kind: MessageKind, data: Uint8Array): void {
    while (!this.write(slot, kind, data)) this.bufferFull();
  }

  bufferFull(): void {
    this.#record("buffer-full");
    this.takeBuffer();
  }

  fault(_connection: ConnectionHandle, errorCode: string): void {
    this.#record(`fault ${errorCode}`);
  }

  pong(): void {
    this.#record("pong");
  }

  closed(_connection: ConnectionHandle, closeCode: number, closeReason: string): void {
    this.#record(`close ${closeCode} ${closeReason}`.trimEnd());
  }

  gone(): void {}

  #record(what: string): void {
    this.calls.push(what);
    if (this.socket !== undefined) this.during(this.socket, what);
  }
}
