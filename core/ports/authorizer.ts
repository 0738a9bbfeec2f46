import type { HandshakeRefusal, HandshakeRequest } from "./socket/mod.ts";

/** What a connection gets when it is accepted. */
export interface ConnectionGrant {
  /** Its user, who makes it a member of the group `@user/{user}`. */
  readonly user?: string | undefined;
  /** Groups that it joins at once. */
  readonly groups?: readonly string[] | undefined;
  /** Any value that MessagePack can carry; handed back with each message of the connection. */
  readonly state?: unknown;
  /** Milliseconds since the epoch. Past it the connection is closed (4401), unless renewed. */
  readonly expiresAt?: number | undefined;
}

/** A valid handshake (RFC 6455, 4.2.1) that is to be decided. */
export interface HandshakeCandidate {
  readonly request: HandshakeRequest;
  /** The app that the request's route leads to. */
  readonly app: string;
  /** The map that the event `open` will carry. */
  readonly info: Readonly<Record<string, unknown>>;
}

/** The client may connect. */
export interface Authorization {
  readonly accepted: true;
  readonly grant: ConnectionGrant;
  /** One of the subprotocols offered; if it is left out the gateway chooses. */
  readonly subprotocol?: string | undefined;
  /** Headers of the 101 answer. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Replaces entries of `info`, such as a query that contains a secret. */
  readonly info?: Readonly<Record<string, unknown>> | undefined;
}

/** Decides from the request alone whether a client may connect, such as by a token. */
export interface Authorizer {
  /** Never rejects: an error of its own is a refusal too. */
  authorize(candidate: HandshakeCandidate): Promise<Authorization | HandshakeRefusal>;
  /** No token can be verified now: no key is known yet. */
  readonly keysMissing?: boolean | undefined;
  /** How old the keys of a remote set are; undefined without one. */
  readonly keysAgeMs?: number | undefined;
}
