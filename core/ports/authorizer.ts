import type { HandshakeRefusal, HandshakeRequest } from "./socket/mod.ts";

/** What a connection is given together with its admission. */
export interface Grant {
  /** Whom it belongs to; it is a member of the group `@user/{user}` then. */
  readonly user?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** Handed back with each message; any value that MessagePack carries. */
  readonly state?: unknown;
  /** Milliseconds since the epoch: closed with 4401 then, unless it is renewed. */
  readonly expiresAt?: number | undefined;
}

/** A handshake that is right in itself, and where it goes. */
export interface HandshakeCandidate {
  readonly request: HandshakeRequest;
  readonly app: string;
  /** The map that `open` would carry. */
  readonly info: Readonly<Record<string, unknown>>;
}

/** The client may connect. */
export interface Authorization {
  readonly accepted: true;
  readonly grant: Grant;
  /** One of those offered; the gateway's own choice where it is left out. */
  readonly subprotocol?: string | undefined;
  /** Headers of the 101 answer. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Replaces entries of `info`, such as a query that carries a secret. */
  readonly info?: Readonly<Record<string, unknown>> | undefined;
}

/** Decides at the edge, from the request alone, whether a client may connect. */
export interface Authorizer {
  /** Never rejects: what goes wrong is a refusal. */
  authorize(candidate: HandshakeCandidate): Promise<Authorization | HandshakeRefusal>;
}
