import { limits } from "../base/mod.ts";
import type {
  ByteSocket,
  Clock,
  FrameParser,
  HandshakeAdmission,
  SocketHandler,
} from "../ports/mod.ts";
import { FrameWriter } from "./frame-writer.ts";
import { type FramedServer, FramedSocket } from "./framed-socket.ts";
import { MessageReader, type ReaderOptions } from "./message-reader.ts";
import { UnfinishedMessages } from "./unfinished-messages.ts";

export interface FramedSocketsOptions extends ReaderOptions {
  /** Time (ms) from a message's first frame to its last. Default: 0, no limit. */
  readonly messageTimeoutMs?: number | undefined;
}

/** Makes WebSockets of upgraded byte sockets. One per server. */
export class FramedSockets implements FramedServer {
  readonly handler: SocketHandler;
  readonly frames: FrameParser;
  readonly clock: Clock;
  readonly reader: MessageReader;
  readonly writer: FrameWriter = new FrameWriter();
  readonly unfinished: UnfinishedMessages;

  constructor(options: FramedSocketsOptions) {
    this.handler = options.handler;
    this.frames = options.frames;
    this.clock = options.clock;
    this.reader = new MessageReader(options);
    const { messageTimeoutMs = 0, messageBytesMax } = options;
    this.unfinished = new UnfinishedMessages(this.clock, {
      messageTimeoutMs,
      // With less, one client with the largest message could not be served.
      addressBytesMax: Math.max(limits.unfinishedBytesPerAddressMax, 2 * messageBytesMax),
      bytesMax: limits.unfinishedBytesMax,
    });
  }

  /**
   * Opens the connection at the handler. `head` is what the client sent after its handshake. The
   * caller passes all events of the byte socket to the result.
   */
  start(bytes: ByteSocket, admission: HandshakeAdmission, head: Uint8Array): FramedSocket {
    const socket = new FramedSocket(this, bytes, admission);
    socket.attach(this.handler.open(socket, admission));
    if (head.length > 0) socket.data(head);
    return socket;
  }
}
