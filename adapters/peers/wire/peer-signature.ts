import { createHash, createHmac } from "node:crypto";
import { incarnationPattern, namePattern } from "../../../core/base/mod.ts";
import { Refusal } from "../../http/mod.ts";
import { Secret } from "../../system/mod.ts";
import { peerLimits } from "./peer-limits.ts";

/** Who sends a request, to whom, and which one it is. */
export interface PeerStamp {
  readonly node: string;
  readonly incarnation: string;
  /** The incarnation of the peer that it is for; empty if it is not known yet. */
  readonly to: string;
  /** A session's number is higher than those of the sender's earlier sessions. */
  readonly session: number;
  /** Counts the requests of the session. */
  readonly number: number;
}

/** A request whose headers are genuine. Its body is genuine if it has the digest. */
export interface GenuineHeaders {
  readonly stamp: PeerStamp;
  /** Of the body. */
  readonly digest: string;
  /** The request's own signature; empty if there is no secret. */
  readonly signature: string;
}

/** What the headers of a request are read from. */
export interface PeerHeaders {
  get(name: string): string | null;
}

const numberPattern = /^(\d{1,15})\.(\d{1,15})$/;
const timePattern = /^\d{1,15}$/;
const scheme = "WSS-HMAC-SHA256 ";

/**
 * Signs requests and answers with `--cluster-secret`, and checks them. A request's signature is
 * over method, path, sender, receiver, session, number, time and the digest of the body, so that
 * the headers can be checked before anything of the body is read.
 */
export class PeerSignature {
  readonly #secret: string;

  /** `secret` is empty if there is none: nothing is signed or checked then. */
  constructor(secret: string) {
    this.#secret = secret;
  }

  get exists(): boolean {
    return this.#secret !== "";
  }

  /** The headers of a POST, and the signature among them. */
  sign(
    path: string,
    stamp: PeerStamp,
    { body, now }: { readonly body: Uint8Array; readonly now: number },
  ): { readonly headers: Record<string, string>; readonly signature: string } {
    const headers: Record<string, string> = {
      "content-type": "application/msgpack",
      "x-wss-from": `${stamp.node}/${stamp.incarnation}`,
      "x-wss-to": stamp.to || "-",
      "x-wss-number": `${stamp.session}.${stamp.number}`,
      "x-wss-time": String(now),
      "x-wss-digest": digestOf(body),
    };
    const signature = this.#request("POST", path, (name) => headers[name] ?? "");
    if (this.exists) headers.authorization = scheme + signature;
    return { headers, signature };
  }

  /** Checks a request's headers. Throws a `Refusal`. */
  check(
    request: { readonly method: string; readonly path: string; readonly headers: PeerHeaders },
    now: number,
  ): GenuineHeaders {
    const { method, path, headers } = request;
    const read = (name: string): string => headers.get(name) ?? "";
    const signature = this.#request(method, path, read);
    if (this.exists && !new Secret(scheme + signature).equals(read("authorization"))) {
      throw new Refusal("peer-signature", "the request has no valid signature");
    }
    const [node = "", incarnation = "", ...more] = read("x-wss-from").split("/");
    const isFrom =
      namePattern.test(node) && incarnationPattern.test(incarnation) && more.length === 0;
    const number = numberPattern.exec(read("x-wss-number"));
    const to = read("x-wss-to");
    const isTo = to === "-" || incarnationPattern.test(to);
    const time = read("x-wss-time");
    if (!isFrom || number === null || !isTo || !timePattern.test(time)) {
      throw new Refusal("peer-malformed", "a header of the request is missing or wrong");
    }
    if (Math.abs(now - Number(time)) > peerLimits.clockSkewMs) {
      const most = `${peerLimits.clockSkewMs / 1_000} s`;
      const message = `the request is too old, or the nodes' clocks differ by more than ${most}`;
      throw new Refusal("peer-clock", message);
    }
    const stamp = {
      node,
      incarnation,
      to: to === "-" ? "" : to,
      session: Number(number[1]),
      number: Number(number[2]),
    };
    return { stamp, digest: read("x-wss-digest"), signature };
  }

  /** The signature of an answer to the request with that signature. */
  answer(request: string, status: number, body: Uint8Array): string {
    return this.#hmac(["answer", request, String(status), digestOf(body)]);
  }

  /** Whether an answer is signed by who knows the secret. */
  isGenuineAnswer(
    request: string,
    answer: { readonly status: number; readonly body: Uint8Array },
    signature: string,
  ): boolean {
    return (
      !this.exists ||
      new Secret(this.answer(request, answer.status, answer.body)).equals(signature)
    );
  }

  #request(method: string, path: string, read: (name: string) => string): string {
    const signed = ["x-wss-from", "x-wss-to", "x-wss-number", "x-wss-time", "x-wss-digest"];
    return this.#hmac([method, path, ...signed.map(read)]);
  }

  #hmac(lines: readonly string[]): string {
    if (!this.exists) return "";
    return createHmac("sha256", this.#secret).update(lines.join("\n")).digest("base64");
  }
}

export function digestOf(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("base64");
}
