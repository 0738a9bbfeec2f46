import { isInRanges, limits, plainAddress } from "../../core/base/mod.ts";
import type { HandshakeAnswer, HandshakeRefusal, RefusedStream } from "../../core/ports/mod.ts";
import {
  type FramedSockets,
  type RequestHead,
  RequestHeadReader,
  readProxyHeader,
  upgradeMissing,
} from "../../core/websocket/mod.ts";
import { answerRequest, type ClientServerOptions, readTarget } from "../server/mod.ts";
import { answerBytes, cutShort, tooLate } from "./answers.ts";
import type { ClientStream, ClientStreamListener } from "./client-stream.ts";
import type { Deadlines } from "./deadlines.ts";
import { HeadRequest } from "./request.ts";
import { upgrade } from "./upgrade.ts";

/** What the streams of a server share until they are WebSockets. */
export interface Handshakes {
  readonly options: ClientServerOptions;
  readonly sockets: FramedSockets;
  readonly head: ConstructorParameters<typeof RequestHeadReader>[0];
  /** Streams that must bring their request. */
  readonly requests: Deadlines<HandshakeStream>;
  /** Streams that we have ended, until the client has ended them too. */
  readonly endings: Deadlines<ClientStream>;
}

/**
 * `proxy`: a PROXY header must come. `head`: the request must. `asked`: its answer is awaited.
 * `refused`: the refusal is written, and the stream ends.
 */
const State = { proxy: 0, head: 1, asked: 2, refused: 3 } as const;
type State = (typeof State)[keyof typeof State];

/** A stream until its handshake is answered. The WebSocket that follows keeps nothing of it. */
export class HandshakeStream implements ClientStreamListener {
  readonly #shared: Handshakes;
  readonly #stream: ClientStream;
  #state: State;
  /** The peer's address, or that of the PROXY header. */
  #address: string;
  #reader: RequestHeadReader | undefined = undefined;
  #request: HeadRequest | undefined = undefined;
  /** What came before the whole PROXY header, or before the answer. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  /** The client has half-closed or reset the stream. */
  #left = false;

  constructor(shared: Handshakes, stream: ClientStream) {
    this.#shared = shared;
    this.#stream = stream;
    const { proxyProtocol, trustedProxies } = shared.options;
    this.#address = stream.remoteAddress;
    this.#state = proxyProtocol === true ? State.proxy : State.head;
    stream.owner = this;
    shared.requests.start(this);
    if (this.#state !== State.proxy || trustedProxies === undefined) return;
    // Whoever may send the header can claim any address.
    if (!isInRanges(this.#address, trustedProxies)) this.#cut("proxy-header");
  }

  data(chunk: Uint8Array): void {
    if (this.#state === State.head) this.#read(chunk);
    else if (this.#state === State.proxy) this.#readProxyHeader(chunk);
    else if (this.#state === State.asked) this.#keep(chunk);
    // The rest of a refused request is read: closing with unread bytes would send a reset, and the
    // client might not get the answer.
  }

  ended(): void {
    if (this.#state === State.asked) this.#leaves();
    else if (this.#reader !== undefined) this.#refuse(cutShort, true);
    else if (this.#state !== State.refused) this.#end();
  }

  drained(): void {}

  closed(): void {
    this.#shared.requests.stop(this);
    if (this.#state === State.asked) this.#leaves();
  }

  late(): void {
    if (this.#state === State.proxy) this.#cut("proxy-header");
    // No answer to a client that has sent nothing.
    else if (this.#reader === undefined) this.#cut("handshake-timeout");
    else this.#refuse(tooLate, true);
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #readProxyHeader(chunk: Uint8Array): void {
    this.#early.push(chunk);
    const bytes = joined(this.#early);
    const header = readProxyHeader(bytes);
    if (header === "more") return;
    this.#early = [];
    if (header === "bad") {
      this.#cut("proxy-header");
      return;
    }
    if (header.address !== undefined) this.#address = header.address;
    this.#state = State.head;
    this.#shared.requests.start(this);
    if (header.end < bytes.length) this.#read(bytes.subarray(header.end));
  }

  #read(chunk: Uint8Array): void {
    this.#reader ??= new RequestHeadReader(this.#shared.head);
    const head = this.#reader.read(chunk);
    if (head === undefined) return;
    if ("statusCode" in head) this.#refuse(head, true);
    else this.#ask(head);
  }

  #ask(head: RequestHead): void {
    const { options, requests } = this.#shared;
    requests.stop(this);
    this.#reader = undefined;
    this.#early = head.rest.length > 0 ? [head.rest] : [];
    this.#earlyBytes = head.rest.length;
    this.#state = State.asked;
    this.#request = new HeadRequest(head, this.#address);
    const answered = answerRequest(options, this.#request, (answer) => this.#answer(answer));
    const isTooMuch = this.#earlyBytes > limits.earlyBytesMax;
    if (answered instanceof Promise && isTooMuch) this.#stream.destroy();
  }

  /**
   * The stream is read while its handshake waits, because no runtime reports the end of one that
   * is not. RFC 6455, 4.1: a client must not send data before the answer, so little is kept.
   */
  #keep(chunk: Uint8Array): void {
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes > limits.earlyBytesMax) this.#stream.destroy();
    else this.#early.push(chunk);
  }

  #answer(answer: HandshakeAnswer): void {
    const { options, sockets } = this.#shared;
    const stream = this.#stream;
    const request = this.#request!;
    if (!answer.accepted) {
      if (stream.isWritable) this.#refuse(answer, false);
    } else if (this.#left || !stream.isWritable) {
      // A client that has half-closed the stream could not answer; the handler knows it left.
      options.handler.abandon(answer);
      stream.destroy();
    } else if (request.asksUpgrade) {
      upgrade(sockets, { request, stream, early: joined(this.#early), admission: answer });
    } else {
      options.handler.abandon(answer, upgradeMissing.errorCode);
      this.#refuse(upgradeMissing, false);
    }
  }

  #leaves(): void {
    if (this.#left) return;
    this.#left = true;
    this.#request?.left();
  }

  /** `isCounted`: the handler has seen no request, so that it could not count the refusal. */
  #refuse(refusal: HandshakeRefusal, isCounted: boolean): void {
    const { errorCode, statusCode } = refusal;
    if (isCounted && errorCode) this.#tell({ code: errorCode, status: statusCode });
    this.#end(answerBytes(refusal, this.#request?.method === "HEAD"));
  }

  #end(answer?: Uint8Array): void {
    const { endings, requests } = this.#shared;
    this.#state = State.refused;
    this.#reader = undefined;
    this.#early = [];
    requests.stop(this);
    if (answer !== undefined) this.#stream.write(answer);
    this.#stream.endBy(endings);
  }

  #cut(code: "proxy-header" | "handshake-timeout"): void {
    this.#tell({ code });
    this.#stream.destroy();
  }

  /** For log and counter: the handler has seen no request. */
  #tell(refused: RefusedStream): void {
    const address = plainAddress(this.#address) || undefined;
    const target = this.#reader?.target;
    const path = target === undefined ? undefined : readTarget(target).path;
    this.#shared.options.refused?.({ ...refused, address, path });
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}
