import net from "node:net";
import tls from "node:tls";
import { AnswerParser, HeadReader } from "./answer/mod.ts";
import { systemCode } from "./http-error.ts";
import type { HttpTarget } from "./http-target.ts";
import type { ProxyAddress } from "./proxy-rules.ts";
import type { Trust } from "./trust.ts";

export interface StreamListener {
  /** The stream can be written to. */
  opened(stream: net.Socket): void;
  /** It cannot be opened. Not called after `opened`. */
  failed(why: string): void;
}

/** Opens a stream to the server of a target. Returns a function that gives up. */
export function openStream(
  target: HttpTarget,
  trust: Trust,
  listener: StreamListener,
): () => void {
  const attempt = new Attempt(target, trust, listener);
  try {
    attempt.start();
  } catch (error) {
    // The caller must have that function before it is told anything.
    queueMicrotask(() => attempt.fail(`cannot be reached (${systemCode(error) ?? "internal"})`));
  }
  return () => attempt.giveUp();
}

class Attempt {
  readonly #target: HttpTarget;
  readonly #trust: Trust;
  readonly #listener: StreamListener;
  /** The tunnel and the TLS stream in it, or one stream. */
  readonly #streams: net.Socket[] = [];
  #ended = false;

  constructor(target: HttpTarget, trust: Trust, listener: StreamListener) {
    this.#target = target;
    this.#trust = trust;
    this.#listener = listener;
  }

  start(): void {
    const { isTls, proxy } = this.#target;
    if (proxy === undefined && isTls) {
      this.#startTls(undefined);
      return;
    }
    // Without `noDelay` a small request would wait for an acknowledgement (Nagle's algorithm).
    const { host, port } = proxy ?? this.#target;
    const stream = net.connect({ host, port, noDelay: true });
    this.#watch(stream, "cannot be reached");
    stream.once("connect", () => {
      if (proxy !== undefined && isTls) this.#startTunnel(stream, proxy);
      else this.#open(stream);
    });
  }

  giveUp(): void {
    this.#ended = true;
    for (const stream of this.#streams) stream.destroy();
  }

  fail(why: string): void {
    if (this.#ended) return;
    this.giveUp();
    this.#listener.failed(why);
  }

  /** RFC 9110, 9.3.6. */
  #startTunnel(stream: net.Socket, { authorization }: ProxyAddress): void {
    const { host, port } = this.#target;
    const name = `${net.isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    const credentials =
      authorization === undefined ? "" : `Proxy-Authorization: ${authorization}\r\n`;
    stream.write(`CONNECT ${name} HTTP/1.1\r\nHost: ${name}\r\n${credentials}\r\n`);
    const parser = new AnswerParser({ heads: new HeadReader(), bodyBytesMax: 0, connect: true });
    const read = (bytes: Buffer): void => {
      try {
        parser.push(bytes);
      } catch {
        this.fail("could not be reached: the proxy's answer is not valid HTTP");
      }
      const status = parser.answer?.status;
      if (status === undefined || this.#ended) return;
      stream.off("data", read);
      if (status < 300 && !parser.hasSurplus) this.#startTls(stream);
      else this.fail(`was refused by the proxy with status ${status}`);
    };
    stream.on("data", read);
  }

  #startTls(tunnel: net.Socket | undefined): void {
    const { host, port } = this.#target;
    const stream = tls.connect({
      host,
      port,
      ...(tunnel === undefined ? {} : { socket: tunnel }),
      // RFC 6066, 3: the server name must not be a literal address.
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ...this.#trust.options,
      ALPNProtocols: ["http/1.1"],
    });
    this.#watch(stream, "cannot be reached by TLS");
    stream.setNoDelay(true);
    stream.once("secureConnect", () => this.#open(stream));
  }

  #watch(stream: net.Socket, what: string): void {
    this.#streams.push(stream);
    // Some listener has to stay: an error without a listener ends the process.
    stream.on("error", (error) => {
      const code = systemCode(error);
      this.fail(code === undefined ? what : `${what} (${code})`);
    });
    stream.once("close", () => this.fail(`${what}: the connection was closed`));
  }

  #open(stream: net.Socket): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#listener.opened(stream);
  }
}
