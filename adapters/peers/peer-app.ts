import { Hono } from "hono/tiny";
import { isLoopbackAddress } from "../../core/base/mod.ts";
import { Bodies, only, Refusal, type RequestSource, refusalOf } from "../http/mod.ts";
import {
  digestOf,
  type GenuineHeaders,
  type PeerSignature,
  type PeerStamp,
  peerLimits,
} from "./wire/mod.ts";

/** What the app needs of a request besides `Request` itself. */
export type PeerRequestSource = Pick<RequestSource, "address" | "length" | "body">;

export interface PeerAppOptions {
  readonly signature: PeerSignature;
  readonly now: () => number;
  /** What a genuine request is answered with, as JSON. Throws a `Refusal`. */
  readonly hello: (stamp: PeerStamp) => unknown;
  readonly messages: (stamp: PeerStamp, body: Uint8Array) => unknown;
  /** A request was refused. */
  readonly refused: (refusal: Refusal, address: string) => void;
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
  app.all("/v1/hello", only("POST"));
  app.all("/v1/messages", only("POST"));
  app.notFound(() => {
    throw new Refusal("request-path", "this port is for the peers of this node alone");
  });
  app.onError((error, { env }) => {
    const refusal = refusalOf(error);
    options.refused(refusal, env.address);
    return refusal.response();
  });
  return async (request, source) => app.fetch(request, source);
}

/** Checks and answers requests. The body of a request that is not genuine is not read. */
class PeerRequests {
  readonly #options: PeerAppOptions;
  readonly #bodies: Bodies = new Bodies(peerLimits.bodiesBytesMax);

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

  /** Reads the body. Throws if it is not the one that the headers sign. */
  #body(source: PeerRequestSource, { digest }: GenuineHeaders): Promise<Uint8Array> {
    return this.#bodies.with(source, peerLimits.bodyBytesMax, (body) => {
      if (digestOf(body) === digest) return body;
      throw new Refusal("peer-signature", "the body is not the one that was signed");
    });
  }
}

/** Without a secret, only programs on this machine may connect, and no browser pages. */
function checkLoopback(headers: Headers, address: string): void {
  if (!isLoopbackAddress(address)) {
    throw new Refusal(
      "request-forbidden",
      "without --cluster-secret only loopback addresses may connect",
    );
  }
  if (headers.has("origin")) {
    throw new Refusal("request-forbidden", "a browser page may not connect");
  }
}
