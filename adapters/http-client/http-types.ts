import type { ProxyRules } from "./proxy-rules.ts";

export interface HttpClientOptions {
  /** For name resolution, TCP, a proxy's tunnel and TLS together. Default 1,000. */
  readonly connectMs?: number;
  /** From the call to the last byte of the answer, waiting included. Default 15,000. */
  readonly timeoutMs?: number;
  /** Bytes of an answer's body. Default 1 MiB. */
  readonly answerBytesMax?: number;
  /** Connections to one server at the same time. Default 256. */
  readonly connectionsMax?: number;
  /** Requests to one server that wait for a connection. Default 10,000. */
  readonly waitingMax?: number;
  /** None by default: `ProxyRules.ofEnvironment` reads those of the process. */
  readonly proxies?: ProxyRules | undefined;
  /** Certificate authorities in PEM, such as `systemAuthorities`; the runtime's own by default. */
  readonly ca?: string | undefined;
}

/** Of a request whose answer is read piece by piece. */
export interface StreamedOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** For name resolution, TCP, a proxy's tunnel and TLS together. */
  readonly connectMs: number;
  /** The longest time without a byte from the server, from the request on. */
  readonly silenceMs: number;
  /** Bytes of the body of an answer that is no success. */
  readonly answerBytesMax: number;
  readonly proxies?: ProxyRules | undefined;
  readonly ca?: string | undefined;
}

/** A request without a body. */
export interface HttpQuestion {
  /** Names in any case; values of printable ASCII. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the request early, with `http-aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** In place of the client's own. */
  readonly timeoutMs?: number | undefined;
}

export interface HttpRequest extends HttpQuestion {
  readonly body: Uint8Array | string;
  /**
   * The server may get the request twice. Then it is sent once more, on a new connection, if a
   * kept-alive connection ended before any byte of the answer (RFC 9112, 9.3.1).
   */
  readonly repeatable?: boolean;
}
