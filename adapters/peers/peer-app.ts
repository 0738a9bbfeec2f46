import { Hono } from "hono/tiny";
import { isLoopbackAddress } from "../../core/base/mod.ts";
import {
  digestOf,
  type GenuineHeaders,
  PeerRefusal,
  type PeerSignature,
  type PeerStamp,
  peerLimits,
  refusalOf,
} from "./wire/mod.ts";

/** What is asked of a request besides what is in `Request`, as `adapters/http` has it. */
export interface PeerRequestSource {
  /** The address of the TCP stream's other end. */
  readonly address: string;
  /** Bytes of the body as the headers say; undefined where they do not. */
  readonly length: number | undefined;
  body(bytesMax: number): Promise<Uint8Array<ArrayBuffer>>;
}

export interface PeerAppOptions {
  readonly signature: PeerSignature;
  readonly now: () => number;
  /** What a genuine request is answered with, as JSON. Throws a `PeerRefusal`. */
  readonly hello: (stamp: PeerStamp) => unknown;
  readonly messages: (stamp: PeerStamp, body: Uint8Array) => unknown;
  /** A request was refused. */
  readonly refused: (refusal: PeerRefusal, address: string) => void;
}

/** Answers a request; `HttpHandler` of `adapters/http`. */
export type PeerHandler = (request: Request, source: PeerRequestSource) => Promise<Response>;

interface Environment {
  readonly Bindings: PeerRequestSource;
}

/** `POST /v1/hello` and `POST /v1/messages`, for peers alone. */
export function createPeerApp(options: PeerAppOptions): PeerHandler {
  const { hello, messages } = options;
  const requests = new PeerRequests(options);
  const app = new Hono<Environment>();
  app.post("/v1/hello", ({ req, env }) => requests.answer(req.raw, env, hello));
  app.post("/v1/messages", ({ req, env }) => requests.answer(req.raw, env, messages));
  app.all("/v1/hello", notAllowed);
  app.all("/v1/messages", notAllowed);
  app.notFound(() => {
    throw new PeerRefusal(404, "request-path", "this port is for the peers of this node alone");
  });
  app.onError((error, { env }) => {
    const refusal = refusalOf(error);
    options.refused(refusal, env.address);
    return answerOf(refusal);
  });
  return async (request, source) => app.fetch(request, source);
}

function notAllowed(): never {
  throw new PeerRefusal(405, "request-method", "the method must be POST");
}

function answerOf({ status, code, message }: PeerRefusal): Response {
  const allow = status === 405 ? { allow: "POST" } : {};
  return Response.json({ code, message }, { status, headers: allow });
}

/** Reads requests: what is not genuine gets no answer but a refusal, and its body is not read. */
class PeerRequests {
  readonly #options: PeerAppOptions;
  #bytes = 0;

  constructor(options: PeerAppOptions) {
    this.#options = options;
  }

  async answer(
    request: Request,
    source: PeerRequestSource,
    carryOut: (stamp: PeerStamp, body: Uint8Array) => unknown,
  ): Promise<Response> {
    const { signature, now, refused } = this.#options;
    const { method, headers } = request;
    if (!signature.exists) checkLoopback(headers, source.address);
    const { pathname: path } = new URL(request.url);
    const genuine = signature.check({ method, path, headers }, now());
    try {
      const body = await this.#body(source, genuine);
      return this.#signed(200, carryOut(genuine.stamp, body), genuine);
    } catch (error) {
      const refusal = refusalOf(error);
      refused(refusal, source.address);
      const { status, code, message } = refusal;
      return this.#signed(status, { code, message }, genuine);
    }
  }

  #signed(status: number, value: unknown, genuine: GenuineHeaders): Response {
    const text = JSON.stringify(value);
    const body = new TextEncoder().encode(text);
    const sign = this.#options.signature.answer(genuine.signature, status, body);
    const headers = { "content-type": "application/json", "x-wss-signature": sign };
    return new Response(text, { status, headers });
  }

  /** Reads a body of a genuine sender. Throws where another one came. */
  async #body(
    { length = peerLimits.bodyBytesMax, body: read }: PeerRequestSource,
    { digest }: GenuineHeaders,
  ): Promise<Uint8Array> {
    if (length > peerLimits.bodyBytesMax) {
      const most = `the body may have ${peerLimits.bodyBytesMax} bytes`;
      throw new PeerRefusal(413, "request-too-big", most);
    }
    if (this.#bytes + length > peerLimits.bodiesBytesMax) {
      throw new PeerRefusal(503, "requests-full", "too many bytes of other requests are read now");
    }
    this.#bytes += length;
    try {
      const body = await read(peerLimits.bodyBytesMax);
      if (digestOf(body) === digest) return body;
    } finally {
      this.#bytes -= length;
    }
    throw new PeerRefusal(401, "peer-signature", "the body is not the one that was signed");
  }
}

/** Without a secret, only programs on this machine may connect, and no browser pages. */
function checkLoopback(headers: Headers, address: string): void {
  if (!isLoopbackAddress(address)) {
    throw new PeerRefusal(
      403,
      "request-forbidden",
      "without --cluster-secret only loopback addresses may connect",
    );
  }
  if (headers.has("origin")) {
    throw new PeerRefusal(403, "request-forbidden", "a browser page may not connect");
  }
}
