import { exportJWK, exportSPKI, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { JwtAuthorizer, type JwtOptions, jwtAlgorithms } from "../../../adapters/jwt/mod.ts";
import type {
  Authorization,
  HandshakeCandidate,
  HandshakeRefusal,
} from "../../../core/ports/mod.ts";
import { ManualClock, MemoryLogger } from "../memory/mod.ts";

/** Signs tokens by a key of its own. */
export interface Issuer {
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  /** As `-----BEGIN PUBLIC KEY-----`. */
  readonly pem: string;
  /** The public key as an entry of a key set, with `kid`. */
  readonly jwk: JWK;
}

export async function createIssuer(algorithm: string, keyId: string = "k1"): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: keyId, alg: algorithm, use: "sig" };
  return { algorithm, privateKey, pem: await exportSPKI(publicKey), jwk };
}

/** A token by an issuer; `kid` of its key is named. */
export function signBy(issuer: Issuer, claims: JWTPayload): Promise<string> {
  return sign(issuer.algorithm, issuer.privateKey, claims, issuer.jwk.kid);
}

/** A token by a key or a secret. */
export function sign(
  alg: string,
  key: CryptoKey | Uint8Array,
  claims: JWTPayload,
  kid?: string,
): Promise<string> {
  const header = kid === undefined ? { alg } : { alg, kid };
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

/** Any bytes or JSON as base64url. */
export function base64url(value: unknown): string {
  const bytes =
    value instanceof Uint8Array ? value : new TextEncoder().encode(JSON.stringify(value));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

export const secret = "an unguessable secret of 32 bytes or more";
export const secretBytes: Uint8Array = new TextEncoder().encode(secret);

/** `ManualClock` begins here, in seconds. */
export const startSeconds = 1_700_000_000;

export interface Rig {
  readonly clock: ManualClock;
  readonly logger: MemoryLogger;
  readonly authorizer: JwtAuthorizer;
}

export async function createRig(options: Partial<JwtOptions>): Promise<Rig> {
  const [clock, logger] = [new ManualClock(), new MemoryLogger()];
  const all: JwtOptions = {
    sources: ["header", "query:access_token", "subprotocol:bearer."],
    algorithms: jwtAlgorithms,
    userClaim: "sub",
    groupsClaim: "groups",
    ...options,
  };
  return { clock, logger, authorizer: await JwtAuthorizer.create(all, { clock, logger }) };
}

export interface CandidateOptions {
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly info?: Readonly<Record<string, unknown>>;
}

/** A handshake, with `info` as the gateway makes it where every header and cookie is allowed. */
export function candidate(options: CandidateOptions): HandshakeCandidate {
  const { query = "", headers = {}, info } = options;
  const subprotocols = headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim());
  return {
    app: "default",
    request: {
      method: "GET",
      path: "/",
      query,
      header: (name) => headers[name],
      headers: () => Object.entries(headers),
      remoteAddress: "127.0.0.1",
    },
    info: info ?? { path: "/", query, headers, subprotocols: subprotocols ?? [] },
  };
}

/** A handshake with the token in the Authorization header. */
export function bearer(token: string): HandshakeCandidate {
  return candidate({ headers: { authorization: `Bearer ${token}` } });
}

/** What an answer comes down to: `ok`, or status and code. */
export function summary(answer: Authorization | HandshakeRefusal): string {
  return answer.accepted ? "ok" : `${answer.statusCode} ${answer.errorCode}`;
}

export function reasonOf(answer: Authorization | HandshakeRefusal): string {
  if (answer.accepted) return "accepted";
  return /error_description="([^"]*)"/.exec(answer.headers["www-authenticate"] ?? "")?.[1] ?? "";
}
