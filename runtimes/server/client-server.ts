import type { AddressRange } from "../../core/base/mod.ts";
import type {
  Broadcast,
  Clock,
  Codec,
  Deflate,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
  RefusedStream,
  SocketHandler,
} from "../../core/ports/mod.ts";
import { refuse } from "../../core/websocket/mod.ts";
import { isWritable } from "./answer-head.ts";

/** The open port that clients connect to. */
export interface ClientServer {
  /** The port, also if 0 was requested. */
  readonly port: number;
  /** The runtime's own fan-out if it has one; its sockets have `subscribe` then. */
  readonly broadcast?: Broadcast | undefined;
  /** TCP streams now; undefined where the runtime does not tell. */
  readonly streams?: number | undefined;
  /** Uses another certificate for new connections; false if the runtime cannot. */
  reloadTls(tls: ServerTls): Promise<boolean>;
  /**
   * File descriptors are short, or there are enough again. During a shortage no new stream is
   * accepted. After it the port is opened again, because a runtime may have stopped accepting.
   */
  shortage(short: boolean): void;
  /** Closes the port and drops pending requests. The handler closes the connections before. */
  stop(): Promise<void>;
}

/** A certificate chain and its private key, in PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
}

export interface ClientServerOptions {
  readonly host: string;
  /** 0 picks a free one. Starting rejects with `port-in-use` if it is in use. */
  readonly port: number;
  /** Other processes listen on the port too, and each gets a share of the connections. */
  readonly reusePort?: boolean | undefined;
  /** Present if the port speaks TLS. */
  readonly tls?: ServerTls | undefined;
  /** Streams begin with a PROXY header (engine wasm only). */
  readonly proxyProtocol?: boolean | undefined;
  /** The addresses that may send that header; any if it is left out. */
  readonly trustedProxies?: readonly AddressRange[] | undefined;
  readonly handler: SocketHandler;
  /** What parses frames (engine wasm). */
  readonly codec: Codec;
  readonly clock: Clock;
  /** The coder of permessage-deflate; without it the extension is off. */
  readonly deflate: Deflate | undefined;
  readonly messageBytesMax: number;
  /** How many times larger than its compressed form a message may be (engine wasm). */
  readonly inflateRatioMax?: number | undefined;
  /** How long a message may take from its first frame on (engine wasm); 0: without a limit. */
  readonly messageTimeoutMs?: number | undefined;
  /** Bytes of request line and headers; a larger head is answered with 431. */
  readonly headerBytesMax?: number | undefined;
  /** A client that has not sent a whole request by then is cut; 0: never. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** TCP streams at once, including those before their handshake (engine wasm). */
  readonly streamsMax?: number | undefined;
  /** Called if the runtime reports a failed accept. */
  readonly acceptFailed?: (() => void) | undefined;
  /** Called for a stream that is refused before the handler sees a request. */
  readonly refused?: ((stream: RefusedStream) => void) | undefined;
  /** The handler has failed, and the client got 500. */
  readonly handlerFailed?: ((error: unknown) => void) | undefined;
  /** Where sockets cannot ping, the runtime closes connections silent for so long; 0: never. */
  readonly deadAfterMs?: number | undefined;
  /** False if slots have no batch buffers: whole messages go to the handler. Default true. */
  readonly batchBuffers?: boolean;
}

/** The handler has failed, or its answer cannot be written. */
export const failed: HandshakeRefusal = refuse(
  500,
  "internal",
  "the request could not be handled",
);

/** Asks the handler and passes its answer on, in the same turn if the answer is no promise. */
export function answerRequest<Result>(
  { handler, handlerFailed }: Pick<ClientServerOptions, "handler" | "handlerFailed">,
  request: HandshakeRequest,
  respond: (answer: HandshakeAnswer) => Result,
): Result | Promise<Result> {
  const answer = handler.handshake(request);
  if (!(answer instanceof Promise)) return respond(writable(handler, answer));
  const fails = (error: unknown): HandshakeAnswer => {
    handlerFailed?.(error);
    return failed;
  };
  return answer.catch(fails).then((late) => respond(writable(handler, late)));
}

/** The core checks the headers of its answers. This is the last check before they are written. */
function writable(handler: SocketHandler, answer: HandshakeAnswer): HandshakeAnswer {
  if (isWritable(answer)) return answer;
  if (answer.accepted) handler.abandon(answer, failed.errorCode);
  return failed;
}
