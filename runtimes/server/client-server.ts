import type { AddressRange, ErrorCode } from "../../core/base/mod.ts";
import type {
  Broadcast,
  Clock,
  Codec,
  Deflate,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
  SocketHandler,
} from "../../core/ports/mod.ts";
import { isWritable } from "./answer-head.ts";

/** The port that clients connect to, open. */
export interface ClientServer {
  /** The real port, where 0 was asked for. */
  readonly port: number;
  /** The runtime's own fan-out, where it has one: its sockets have `subscribe` then. */
  readonly broadcast?: Broadcast | undefined;
  /** Takes another certificate for new connections; false where the runtime cannot. */
  reloadTls(tls: ServerTls): Promise<boolean>;
  /**
   * No descriptor can be spared for a new stream, or can again: until then none is taken, and then
   * the port is opened again, because a runtime may have stopped accepting for good.
   */
  shortage(short: boolean): void;
  /** Stops listening and drops every request; connections are the handler's to close before. */
  stop(): Promise<void>;
}

/** A certificate with its chain, and its key: PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
}

export interface ClientServerOptions {
  readonly host: string;
  /** 0 picks a free one. Rejects with `port-in-use` where it is taken. */
  readonly port: number;
  /** The port speaks TLS where there is one. */
  readonly tls?: ServerTls | undefined;
  /** Streams begin with a PROXY header; only where the byte stream is ours (engine wasm). */
  readonly proxyProtocol?: boolean | undefined;
  /** Who may send that header; anybody where it is left out. */
  readonly trustedProxies?: readonly AddressRange[] | undefined;
  readonly handler: SocketHandler;
  /** What parses frames (engine wasm). */
  readonly codec: Codec;
  readonly clock: Clock;
  /** Present where permessage-deflate is on. */
  readonly deflate: Deflate | undefined;
  readonly messageBytesMax: number;
  /** How many times larger than what came an inflated message may be (engine wasm). */
  readonly inflateRatioMax?: number | undefined;
  /** How long a message may take from its first frame on (engine wasm); 0: any time. */
  readonly messageTimeoutMs?: number | undefined;
  /** Request line and headers; what is larger is 431, wherever it is found. */
  readonly headerBytesMax?: number | undefined;
  /** Whoever has not sent a whole request by then is cut; 0 never. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** TCP streams at once, handshakes not begun included (engine wasm). */
  readonly streamsMax?: number | undefined;
  /** Told of an accept that the runtime says has failed. */
  readonly acceptFailed?: (() => void) | undefined;
  /** Told of what is refused before it is a request that the handler could see. */
  readonly refused?: ((code: ErrorCode) => void) | undefined;
  /** For a runtime whose sockets cannot ping: it is to find who is silent this long; 0 never. */
  readonly deadAfterMs?: number | undefined;
  /** False where slots have no batch buffers: whole messages go to the handler. Default true. */
  readonly batchBuffers?: boolean;
}

const failed: HandshakeRefusal = {
  accepted: false,
  statusCode: 500,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "internal: the request could not be handled.\n",
};

/** Asks the handler and goes on with its answer: at once, where it is known at once. */
export function answerRequest<Result>(
  handler: SocketHandler,
  request: HandshakeRequest,
  respond: (answer: HandshakeAnswer) => Result,
): Result | Promise<Result> {
  const answer = handler.handshake(request);
  if (!(answer instanceof Promise)) return respond(writable(handler, answer));
  return answer.catch(() => failed).then((late) => respond(writable(handler, late)));
}

/** The core refuses what would break an answer's head; should one slip through, it ends here. */
function writable(handler: SocketHandler, answer: HandshakeAnswer): HandshakeAnswer {
  if (isWritable(answer)) return answer;
  if (answer.accepted) handler.abandon(answer);
  return failed;
}
