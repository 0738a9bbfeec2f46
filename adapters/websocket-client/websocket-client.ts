import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { closeCodeOf, ServiceError, withoutBrackets } from "../../core/base/mod.ts";
import { closePayload, Opcode } from "../../core/websocket/mod.ts";
import { clientFrame, ServerFrameReader } from "./client-frames.ts";
import {
  checkAnswer,
  type OpeningHandshake,
  openingHandshake,
  readAnswer,
  type ServerAnswer,
} from "./client-handshake.ts";
import { clientLimits } from "./client-limits.ts";

export interface ClientOptions {
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly subprotocols?: readonly string[];
  /** Authority of the server's certificate in PEM; the system's if there is none. */
  readonly ca?: string | undefined;
  /** From the start to the end of the handshake. */
  readonly timeoutMs: number;
}

/** How a connection has ended. */
export interface ClientEnd {
  /** 1005: without a code; 1006: without a close frame. */
  readonly code: number;
  readonly reason: string;
  /** We have asked for it. */
  readonly byUs: boolean;
}

/** What happens on a connection. The methods must not throw. */
export interface ClientListener {
  text(text: string): void;
  binary(bytes: Uint8Array): void;
  ping(payload: Uint8Array): void;
  pong(payload: Uint8Array): void;
  /** Called once, and last. */
  closed(end: ClientEnd): void;
}

/** A WebSocket to a server: RFC 6455 without extensions. Pings are answered. */
export class WebSocketClient {
  /** The one that the server has chosen; empty without one. */
  readonly subprotocol: string;
  readonly #socket: Socket;
  readonly #listener: ClientListener;
  #sentClose = false;
  #byUs = false;
  #end: { readonly code: number; readonly reason: string } | undefined;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(socket: Socket, subprotocol: string, listener: ClientListener) {
    this.#socket = socket;
    this.subprotocol = subprotocol;
    this.#listener = listener;
  }

  /**
   * Connects. Rejects with `setting-invalid` (the URL or a header), `http-connect`,
   * `http-timeout`, `http-lost`, `handshake-refused` (any answer but 101) or
   * `http-answer-malformed`.
   */
  static async connect(
    address: string,
    options: ClientOptions,
    listener: ClientListener,
  ): Promise<WebSocketClient> {
    const url = parseUrl(address);
    const { headers = [], subprotocols = [] } = options;
    const handshake = openingHandshake(url, { headers, subprotocols });
    const socket = openSocket(url, options.ca);
    try {
      const answer = await answerTo(socket, handshake, options.timeoutMs);
      const client = new WebSocketClient(socket, checkAnswer(answer, handshake), listener);
      client.#read(answer.rest);
      return client;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** Bytes that wait in this process. */
  get bufferedAmount(): number {
    return this.#socket.writableLength;
  }

  send(data: string | Uint8Array): void {
    if (typeof data === "string") this.#write(Opcode.text, Buffer.from(data));
    else this.#write(Opcode.binary, data);
  }

  ping(payload: Uint8Array = new Uint8Array(0)): void {
    this.#write(Opcode.ping, payload);
  }

  /** Resolves when everything is with the system. */
  drained(): Promise<void> {
    if (this.#socket.writableLength === 0 || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off("drain", done);
        this.#socket.off("close", done);
        resolve();
      };
      this.#socket.on("drain", done);
      this.#socket.on("close", done);
    });
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends a close frame and waits for the server's; then `closed` is called. */
  close(code = 1000, reason = ""): void {
    if (this.#sentClose) return;
    this.#byUs = true;
    this.#writeClose(code, reason);
    this.#socket.resume();
  }

  #read(rest: Uint8Array): void {
    const reader = new ServerFrameReader(
      {
        text: (text) => this.#listener.text(text),
        binary: (bytes) => this.#listener.binary(bytes),
        pong: (payload) => this.#listener.pong(payload),
        ping: (payload) => {
          this.#write(Opcode.pong, payload);
          this.#listener.ping(payload);
        },
        closeFrame: (code, reason) => this.#serverClosed(code, reason),
      },
      clientLimits.messageBytesMax,
    );
    const push = (chunk: Uint8Array): void => {
      try {
        reader.push(chunk);
      } catch (error) {
        this.#fail(error as ServiceError);
      }
    };
    this.#socket.on("data", push);
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#finish());
    // A server that ends without a close frame is not waited for.
    this.#socket.on("end", () => this.#socket.destroy());
    // The caller of `connect` has the client before the first message comes. What came with the
    // answer is read before what came after it.
    setImmediate(() => {
      if (rest.length > 0) push(rest);
      this.#socket.resume();
    });
  }

  #serverClosed(code: number, reason: string): void {
    this.#end ??= { code, reason };
    this.#writeClose(code, "");
    // RFC 6455, 7.1.1: the server closes the TCP connection first.
    this.#endWithin();
  }

  /** RFC 6455, 7.1.7: the connection fails. */
  #fail({ code, message }: ServiceError): void {
    this.#end ??= { code: 1006, reason: `${code}: ${message}` };
    this.#writeClose(closeCodeOf(code), "");
    this.#socket.destroySoon();
  }

  #writeClose(code: number, reason: string): void {
    if (this.#sentClose) return;
    this.#write(Opcode.close, closePayload(code, reason));
    this.#sentClose = true;
    this.#endWithin();
  }

  #endWithin(): void {
    this.#timer ??= setTimeout(() => this.#socket.destroy(), clientLimits.closeMs);
  }

  #write(opcode: number, payload: Uint8Array): void {
    if (this.#sentClose || this.#socket.destroyed) return;
    this.#socket.write(clientFrame(opcode, payload));
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    const { code, reason } = this.#end ?? { code: 1006, reason: "" };
    this.#listener.closed({ code, reason, byUs: this.#byUs });
  }
}

/** Throws `setting-invalid`. The text is not repeated: it may have a password or a token. */
function parseUrl(address: string): URL {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `ws://${address}`;
  const invalid = (what: string): ServiceError => new ServiceError("setting-invalid", what);
  if (!URL.canParse(text)) throw invalid("the address must be a URL such as ws://host:8080/path");
  const url = new URL(text);
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw invalid("the scheme of the address must be ws or wss");
  }
  if (url.hash !== "") throw invalid("the address of a WebSocket has no #fragment");
  return url;
}

function openSocket(url: URL, ca: string | undefined): Socket {
  const host = withoutBrackets(url.hostname);
  const isTls = url.protocol === "wss:";
  const port = url.port === "" ? (isTls ? 443 : 80) : Number(url.port);
  if (!isTls) return connectTcp({ host, port, noDelay: true });
  return connectTls({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca: [ca] }),
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: true,
  });
}

/** Writes the handshake and reads the answer. Rejects where it is no 101. */
function answerTo(
  socket: Socket,
  handshake: OpeningHandshake,
  timeoutMs: number,
): Promise<ServerAnswer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const done = (end: () => void): void => {
      clearTimeout(timer);
      for (const event of ["data", "error", "close"]) socket.removeAllListeners(event);
      socket.on("error", () => {});
      socket.pause();
      end();
    };
    const fail = (error: ServiceError): void => done(() => reject(error));
    const late = new ServiceError("http-timeout", "the server has not answered in time");
    const timer = setTimeout(() => fail(late), timeoutMs);
    socket.on("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code ?? cause.message;
      fail(new ServiceError("http-connect", `the server cannot be reached: ${why}`, { cause }));
    });
    socket.on("close", () => {
      fail(new ServiceError("http-lost", "the server has ended the connection without an answer"));
    });
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      try {
        const answer = readAnswer(received);
        if (answer === undefined) return;
        if (answer.statusCode === 101) done(() => resolve(answer));
        else done(() => void refusalOf(socket, answer).then(reject));
      } catch (error) {
        fail(error as ServiceError);
      }
    });
    socket.write(handshake.text);
  });
}

/** An answer that is no 101, with the beginning of its body. */
async function refusalOf(socket: Socket, answer: ServerAnswer): Promise<ServiceError> {
  const { statusCode, statusText, headers, rest } = answer;
  const length = Number(headers.get("content-length") ?? clientLimits.refusalBytesMax);
  const wanted = Math.min(length, clientLimits.refusalBytesMax);
  const body = await bodyOf(socket, rest, wanted);
  const text = Buffer.from(body.subarray(0, wanted)).toString("utf8").trim();
  const said = `the server refuses the handshake: ${statusCode} ${statusText}`.trimEnd();
  return new ServiceError("handshake-refused", text === "" ? said : `${said}: ${text}`);
}

function bodyOf(socket: Socket, first: Uint8Array, wanted: number): Promise<Uint8Array> {
  return new Promise((resolve) => {
    let body = Buffer.from(first);
    const timer = setTimeout(() => resolve(body), clientLimits.refusalMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve(body);
    };
    if (body.length >= wanted) return done();
    socket.on("close", done);
    socket.on("end", done);
    socket.on("data", (chunk: Buffer) => {
      body = Buffer.concat([body, chunk]);
      if (body.length >= wanted) done();
    });
    socket.resume();
  });
}
