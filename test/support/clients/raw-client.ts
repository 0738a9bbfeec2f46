import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { waitFor } from "../process/wait.ts";
import {
  type ClientFrame,
  clientFrame,
  readServerFrame,
  type ServerFrame,
} from "./raw-client-frames.ts";

export interface Handshake {
  readonly path?: string;
  readonly method?: string;
  /** Added to the usual headers; undefined leaves one of them out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** An HTTP answer's head. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** The example of RFC 6455, 1.3, and what must come of it. */
export const sampleKey = "dGhlIHNhbXBsZSBub25jZQ==";
export const sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** A client's opening handshake as text. */
export function handshakeText(handshake: Handshake = {}): string {
  const headers = {
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": sampleKey,
    "Sec-WebSocket-Version": "13",
    ...handshake.headers,
  };
  const lines = Object.entries(headers).filter(([, value]) => value !== undefined);
  const request = `${handshake.method ?? "GET"} ${handshake.path ?? "/"} HTTP/1.1`;
  return [request, ...lines.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
}

/** A TCP client that says exactly what it is told to, and keeps all that it receives. */
export class RawClient {
  readonly socket: Socket;
  /** What came and was not taken yet. */
  received: Buffer = Buffer.alloc(0);
  /** The server has sent its FIN. */
  ended = false;
  /** The connection is gone, by either side. */
  closed = false;
  #chunks: Buffer[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
    });
  }

  static async connect(port: number): Promise<RawClient> {
    // Half-open, so that a test decides when our side ends.
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawClient(socket);
  }

  /** Over TLS, to a server whose certificate `ca` has signed. */
  static async secure(port: number, ca: string): Promise<RawClient> {
    const socket = connectTls({ port, host: "127.0.0.1", ca });
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
    return new RawClient(socket);
  }

  /** Connects and upgrades. */
  static async open(port: number, handshake: Handshake = {}): Promise<RawClient> {
    return (await RawClient.connect(port)).upgrade(handshake);
  }

  /** Upgrades a connected client. */
  async upgrade(handshake: Handshake = {}): Promise<this> {
    this.write(handshakeText(handshake));
    const answer = await this.answer();
    if (answer.statusCode !== 101) throw new Error(`handshake refused: ${answer.statusCode}`);
    return this;
  }

  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Resolves when the kernel has taken the bytes. */
  writeAll(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  send(...frames: ClientFrame[]): void {
    this.write(Buffer.concat(frames.map(clientFrame)));
  }

  text(text: string): void {
    this.send({ opcode: 1, payload: text });
  }

  /** The head of an HTTP answer. */
  async answer(): Promise<HttpAnswer> {
    const end = await waitFor(() => {
      const at = this.#take().indexOf("\r\n\r\n");
      // After the server's FIN none comes, and a reset behind it is told to nobody.
      const over = this.closed || this.ended;
      if (at < 0 && over) throw new Error(`closed without an answer: ${this.received}`);
      return at < 0 ? undefined : at;
    });
    const [first = "", ...lines] = this.received.toString("latin1", 0, end).split("\r\n");
    this.received = this.received.subarray(end + 4);
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    return { statusCode: Number(first.split(" ")[1]), headers: new Map(headers) };
  }

  /** The whole of an HTTP answer that carries a length. */
  async wholeAnswer(): Promise<HttpAnswer & { readonly body: string }> {
    const answer = await this.answer();
    const body = await this.bytes(Number(answer.headers.get("content-length") ?? 0));
    return { ...answer, body: body.toString() };
  }

  /** The next `count` bytes. */
  async bytes(count: number): Promise<Buffer> {
    await waitFor(() => this.#take().length >= count, { what: `${count} bytes` });
    const bytes = this.received.subarray(0, count);
    this.received = this.received.subarray(count);
    return bytes;
  }

  /** Lets what was written leave before more is written. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  /** The next frame. */
  frame(): Promise<ServerFrame> {
    return waitFor(
      () => {
        const found = readServerFrame(this.#take());
        if (found === undefined) {
          if (this.closed || this.ended) throw new Error("the stream ended without a frame");
          return undefined;
        }
        this.received = this.received.subarray(found.end);
        return found.frame;
      },
      { what: "a frame" },
    );
  }

  /** The next frame's payload as text; it must be a text frame. A ping may come at any time. */
  async nextText(): Promise<string> {
    let frame = await this.frame();
    while (frame.opcode === 9) frame = await this.frame();
    if (frame.opcode !== 1) throw new Error(`opcode ${frame.opcode} in place of a text`);
    return frame.payload.toString();
  }

  /** The close frame's code and reason; frames before it are dropped. Undefined if none comes. */
  async closeFrame(): Promise<{ code: number; reason: string } | undefined> {
    for (;;) {
      const found = await waitFor(
        () => {
          const next = readServerFrame(this.#take());
          return next ?? (this.ended || this.closed ? ("end" as const) : undefined);
        },
        { what: "a close frame or the end" },
      );
      if (found === "end") return undefined;
      this.received = this.received.subarray(found.end);
      const { opcode, payload } = found.frame;
      if (opcode === 8) {
        const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
        return { code, reason: payload.toString("utf8", 2) };
      }
    }
  }

  /** Waits for the server's FIN or reset. */
  async end(): Promise<void> {
    await waitFor(() => this.ended || this.closed, { what: "the end of the stream" });
  }

  /** Cuts the connection by a TCP reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(): Buffer {
    if (this.#chunks.length > 0) {
      this.received = Buffer.concat([this.received, ...this.#chunks]);
      this.#chunks = [];
    }
    return this.received;
  }
}
