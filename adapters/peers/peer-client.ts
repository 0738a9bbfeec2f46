import { type ErrorCode, ServiceError } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";
import {
  type PeerIdentity,
  type PeerSignature,
  type PeerStamp,
  parseIdentity,
  peerLimits,
  reasonOf,
} from "./wire/mod.ts";

/** What the peers need of an HTTP client: `HttpClient` of `adapters/http-client` is one. */
export interface PeerPost {
  /** Resolves with any complete answer; rejects if there is none. */
  post(
    url: string,
    request: {
      readonly body: Uint8Array;
      readonly headers: Readonly<Record<string, string>>;
      readonly timeoutMs: number;
      readonly repeatable: boolean;
    },
  ): Promise<{
    readonly status: number;
    readonly headers: ReadonlyMap<string, string>;
    readonly body: Uint8Array;
  }>;
}

/** A request that a peer did not carry out, as far as is known. */
export class PeerFailure extends ServiceError {
  override readonly name: string = "PeerFailure";
  /** The same request may succeed later: the peer did not answer, or was overloaded. */
  readonly mayRepeat: boolean;

  constructor(code: ErrorCode, message: string, mayRepeat: boolean) {
    super(code, message);
    this.mayRepeat = mayRepeat;
  }
}

const nothing: Uint8Array = new Uint8Array(0);

/** Sends signed requests to peers, and checks their answers. */
export class PeerClient {
  readonly #own: PeerIdentity;
  readonly #signature: PeerSignature;
  readonly #http: PeerPost;
  readonly #clock: Clock;

  constructor(
    own: PeerIdentity,
    signature: PeerSignature,
    { http, clock }: { readonly http: PeerPost; readonly clock: Clock },
  ) {
    this.#own = own;
    this.#signature = signature;
    this.#http = http;
    this.#clock = clock;
  }

  /** Asks who listens at an address. Rejects with a `PeerFailure`. */
  async hello(address: string): Promise<PeerIdentity> {
    const stamp = { ...this.#own, to: "", session: this.#clock.now(), number: 0 };
    const identity = parseIdentity(await this.#post(address, "/v1/hello", stamp, nothing));
    if (identity !== undefined) return identity;
    throw new PeerFailure(
      "peer-malformed",
      `${address} does not answer with the name of a node`,
      false,
    );
  }

  /** Sends a batch of messages. Rejects with a `PeerFailure`. */
  async messages(
    address: string,
    { to, session, number }: Pick<PeerStamp, "to" | "session" | "number">,
    body: Uint8Array,
  ): Promise<void> {
    await this.#post(address, "/v1/messages", { ...this.#own, to, session, number }, body);
  }

  async #post(
    address: string,
    path: string,
    stamp: PeerStamp,
    body: Uint8Array,
  ): Promise<Uint8Array> {
    const now = this.#clock.now();
    const { headers, signature } = this.#signature.sign(path, stamp, { body, now });
    const timeoutMs = peerLimits.answerMs + Math.ceil(body.length / peerLimits.bytesPerMs);
    const request = { body, headers, timeoutMs, repeatable: true };
    const answer = await this.#http.post(address + path, request).catch((error: Error) => {
      throw new PeerFailure("peer-lost", error.message, true);
    });
    const { status } = answer;
    if (status >= 500) {
      throw new PeerFailure("peer-lost", `${address} answered ${status}`, true);
    }
    // A peer that refuses the signature (401) does not sign its answer.
    const sign = answer.headers.get("x-wss-signature") ?? "";
    if (status !== 401 && !this.#signature.isGenuineAnswer(signature, answer, sign)) {
      const message = `the answer of ${address} is not signed with --cluster-secret`;
      throw new PeerFailure("peer-signature", message, false);
    }
    if (status === 200) return answer.body;
    const message = `${address} refuses this node: ${reasonOf(answer.body)}`;
    throw new PeerFailure("peer-refused", message, false);
  }
}
