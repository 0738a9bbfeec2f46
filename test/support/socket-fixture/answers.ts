import type {
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
} from "../../../core/ports/mod.ts";
import { checkHandshake, chooseSubprotocol, refuse } from "../../../core/websocket/mod.ts";
import { say } from "./say.ts";

const refusals: Readonly<Record<string, HandshakeRefusal>> = {
  "/forbidden": refuse(403, "handshake-refused", "not here"),
  "/page": {
    accepted: false,
    statusCode: 200,
    headers: { "content-type": "text/html" },
    body: "<p>a page</p>",
  },
  "/rejected": {
    accepted: false,
    statusCode: 401,
    headers: { "WWW-Authenticate": 'Bearer error="invalid_token"', "Set-Cookie": "seen=1" },
    body: new Uint8Array([0x6e, 0x6f]),
  },
  "/split-refusal": refuse(403, "handshake-refused", "no", { "x-a": "b\r\nx-injected: 1" }),
  "/framed-refusal": refuse(403, "handshake-refused", "no", { "Content-Length": "0" }),
  "/no-status": { accepted: false, statusCode: 99, headers: {}, body: "" },
};

/** Of an admission's answer, by path. All but the first must never be written. */
const headers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/cookie": { "Set-Cookie": "session=1; Path=/; HttpOnly", "X-Request-Id": "r 1" },
  "/split": { "x-a": "b\r\nx-injected: 1" },
  "/no-token": { "x a": "b" },
  "/not-ascii": { "x-a": "ü" },
  "/other-accept": { "Sec-WebSocket-Accept": "x-injected" },
  "/other-upgrade": { Upgrade: "h2c" },
};

/** Decides over handshakes by their path. */
export class Answers {
  readonly #deflate: boolean;
  #waiting: (() => void)[] = [];

  constructor(deflate: boolean) {
    this.#deflate = deflate;
  }

  /** Handshakes of `/held` that wait for `release`. */
  get held(): number {
    return this.#waiting.length;
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  of(request: HandshakeRequest): HandshakeAnswer | Promise<HandshakeAnswer> {
    const { path, query } = request;
    const refusal = refusals[path];
    if (refusal !== undefined) return refusal;
    // What no runtime sees as an upgrade is admitted here on purpose.
    if (path === "/mistaken") return this.#admission(request, undefined, false);
    const offer = checkHandshake(request);
    if (!("ok" in offer)) return offer;
    const subprotocol = chooseSubprotocol(offer.offeredSubprotocols, ["chat", "v2", "graph"]);
    const admission = this.#admission(request, subprotocol, offer.deflateOffered);
    switch (path) {
      case "/throws":
        return Promise.reject(new Error("as a test wants it"));
      case "/later":
        return new Promise((resolve) => {
          setTimeout(() => resolve(admission), 20);
        });
      case "/held":
        say({ event: "held", name: new URLSearchParams(query).get("name") });
        request.onLeft?.(() => {
          say({ event: "left", name: new URLSearchParams(query).get("name") });
        });
        return new Promise((resolve) => {
          this.#waiting.push(() => resolve(admission));
        });
      case "/held-rejected":
        return new Promise((resolve) => {
          this.#waiting.push(() => resolve(refusals["/rejected"]!));
        });
      default:
        return admission;
    }
  }

  #admission(
    { path, query, remoteAddress }: HandshakeRequest,
    subprotocol: string | undefined,
    deflateOffered: boolean,
  ): HandshakeAdmission {
    return {
      accepted: true,
      app: "default",
      subprotocol,
      deflate: this.#deflate && deflateOffered,
      info: { path, query, ip: remoteAddress },
      headers: headers[path],
    };
  }
}
