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
  readonly heard: string[] = [];
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
    this.#hear("abandon");
  }

  open(socket: Socket): ConnectionHandle {
    this.socket = socket;
    this.during(socket, "open");
    return { slot: this.#slot };
  }

  text(_connection: ConnectionHandle, data: string): void {
    this.#hear(`text ${data}`);
  }

  binary(_connection: ConnectionHandle, data: Uint8Array): void {
    this.#hear(`binary ${[...data].join(",")}`);
  }

  batched(_connection: ConnectionHandle, messages: number, bytes: number): void {
    this.#hear(`batched ${messages} ${bytes}`);
  }

  inflated({ slot }: ConnectionHandle, kind: MessageKind, data: Uint8Array): void {
    while (!this.write(slot, kind, data)) this.bufferFull();
  }

  bufferFull(): void {
    this.#hear("buffer-full");
    this.takeBuffer();
  }

  fault(_connection: ConnectionHandle, errorCode: string): void {
    this.#hear(`fault ${errorCode}`);
  }

  pong(): void {
    this.#hear("pong");
  }

  closed(_connection: ConnectionHandle, closeCode: number, closeReason: string): void {
    this.#hear(`close ${closeCode} ${closeReason}`.trimEnd());
  }

  gone(): void {}

  #hear(what: string): void {
    this.heard.push(what);
    if (this.socket !== undefined) this.during(this.socket, what);
  }
}
