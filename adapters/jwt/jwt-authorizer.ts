import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { limits, ServiceError } from "../../core/base/mod.ts";
import type {
  Authorization,
  Authorizer,
  Clock,
  HandshakeCandidate,
  HandshakeRefusal,
  Logger,
} from "../../core/ports/mod.ts";
import { refuse } from "../../core/websocket/mod.ts";
import type { JwtOptions } from "./jwt-options.ts";
import { RemoteKeys } from "./remote-keys.ts";
import { grantOf } from "./token-grant.ts";
import { keysUnavailable, TokenFault, tokenMissing, tokenRefused } from "./token-refusal.ts";
import { findToken, parseTokenSource, type TokenSource, withoutTokens } from "./token-source.ts";
import {
  type JwtAlgorithm,
  pemKeys,
  secretKey,
  type VerificationKey,
} from "./verification-key.ts";

export interface JwtParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The JWS Compact Serialization, RFC 7515, 7.1. An empty signature is told of by itself. */
const compact = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** What a token says of itself, before any of it is believed. */
interface TokenHeader {
  readonly algorithm: JwtAlgorithm;
  readonly keyId: string | undefined;
}

/** Lets in who brings a JSON Web Token (RFC 7519) that the operator's issuer has signed. */
export class JwtAuthorizer implements Authorizer {
  readonly #options: JwtOptions;
  readonly #toleranceMs: number;
  readonly #parts: JwtParts;
  readonly #sources: readonly TokenSource[];
  readonly #keys: readonly VerificationKey[];
  readonly #remote: RemoteKeys | undefined;
  readonly #algorithms: ReadonlySet<string>;

  private constructor(options: JwtOptions, parts: JwtParts, keys: readonly VerificationKey[]) {
    this.#options = options;
    this.#toleranceMs = options.clockToleranceMs ?? 0;
    this.#parts = parts;
    this.#keys = keys;
    this.#sources = options.sources.map(parseTokenSource);
    this.#remote = options.jwksUrl ? new RemoteKeys(options.jwksUrl, parts) : undefined;
    const served = new Set<string>(keys.map(({ algorithm }) => algorithm));
    if (this.#remote !== undefined) for (const it of ["RS256", "ES256", "EdDSA"]) served.add(it);
    this.#algorithms = new Set(options.algorithms.filter((algorithm) => served.has(algorithm)));
    if (this.#sources.length === 0) throw wrongSetting("jwt-from: must name a place of the token");
    if (served.size === 0) {
      throw wrongSetting("authorize jwt: needs one of jwt-secret, jwt-key and jwt-jwks");
    }
    if (this.#algorithms.size === 0) {
      throw wrongSetting("jwt-algorithms: none of them fits the keys that are given");
    }
  }

  /** Reads the keys that need no network; throws `setting-invalid` where one cannot be used. */
  static async create(options: JwtOptions, parts: JwtParts): Promise<JwtAuthorizer> {
    const { secret, publicKeyPem } = options;
    const keys: VerificationKey[] = [];
    if (secret !== undefined && secret.length > 0) keys.push(await secretKey(secret));
    if (publicKeyPem) keys.push(...(await pemKeys(publicKeyPem)));
    return new JwtAuthorizer(options, parts, keys);
  }

  /** Asks the JWKS endpoint, where there is one; without it the first handshake does. */
  start(): void {
    this.#remote?.start();
  }

  /** Asks no endpoint any more. */
  close(): void {
    this.#remote?.close();
  }

  async authorize({
    request,
    info,
  }: HandshakeCandidate): Promise<Authorization | HandshakeRefusal> {
    try {
      const token = findToken(request, this.#sources);
      if (token === undefined) return tokenMissing();
      const claims = await this.#verify(token);
      if (claims === undefined) return keysUnavailable();
      const grant = grantOf(claims, { ...this.#options, clockToleranceMs: this.#toleranceMs });
      return { accepted: true, grant, info: withoutTokens(info, this.#sources) };
    } catch (error) {
      if (error instanceof TokenFault) return tokenRefused(error);
      // Its name alone: the text may be of the token.
      const fields = { code: "internal", error: error instanceof Error ? error.name : "unknown" };
      this.#parts.logger.log("error", "jwt-failed", "a token could not be checked", fields);
      return refuse(500, "internal", "the token could not be checked");
    }
  }

  /** The claims of a token that is right; undefined where there are no keys to tell. */
  async #verify(token: string): Promise<JWTPayload | undefined> {
    const header = this.#readHeader(token);
    const remote = this.#remote;
    const keys = remote?.keys;
    const claims = await this.#tryKeys(token, header, this.#candidates(header));
    if (claims !== undefined) return claims;
    if (remote === undefined || header.algorithm === "HS256") throw unfitting;
    const isKnown = header.keyId !== undefined && keys?.some((key) => key.keyId === header.keyId);
    // The issuer may sign by a key that it has had since we asked.
    if (!isKnown) await remote.refresh();
    if (remote.keys === undefined) return undefined;
    if (remote.keys === keys) throw unfitting;
    const later = await this.#tryKeys(token, header, this.#candidates(header));
    if (later === undefined) throw unfitting;
    return later;
  }

  #readHeader(token: string): TokenHeader {
    if (token.length > limits.tokenBytesMax) throw new TokenFault("the token is too long");
    if (!compact.test(token)) throw malformed;
    let header: ReturnType<typeof decodeProtectedHeader>;
    try {
      header = decodeProtectedHeader(token);
    } catch {
      throw malformed;
    }
    const { alg: algorithm, kid: keyId } = header;
    if (token.endsWith(".") || algorithm === "none") {
      throw new TokenFault("the token is not signed");
    }
    if (typeof algorithm !== "string" || !this.#algorithms.has(algorithm)) {
      throw new TokenFault("the algorithm of the token's signature is not allowed");
    }
    if (keyId !== undefined && typeof keyId !== "string") throw malformed;
    return { algorithm: algorithm as JwtAlgorithm, keyId };
  }

  /** Keys of the token's algorithm, and of its name where it names one. */
  #candidates({ algorithm, keyId }: TokenHeader): VerificationKey[] {
    const remote = this.#remote?.keys ?? [];
    return [
      ...this.#keys.filter((key) => key.algorithm === algorithm),
      ...remote.filter(
        (key) => key.algorithm === algorithm && (keyId === undefined || key.keyId === keyId),
      ),
    ];
  }

  /** Undefined where the signature is of none of the keys. */
  async #tryKeys(
    token: string,
    { algorithm }: TokenHeader,
    keys: readonly VerificationKey[],
  ): Promise<JWTPayload | undefined> {
    // Each try costs a signature's check, and who sends the token need not be anybody.
    if (keys.length > limits.tokenKeyTriesMax) {
      throw new TokenFault("the token does not say which of many keys has signed it");
    }
    const options = this.#verifyOptions(algorithm);
    for (const { key } of keys) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (error) {
        if (error instanceof errors.JWSSignatureVerificationFailed) continue;
        throw faultOf(error);
      }
    }
    return undefined;
  }

  #verifyOptions(algorithm: JwtAlgorithm): JWTVerifyOptions {
    const { issuer, audience } = this.#options;
    return {
      algorithms: [algorithm],
      clockTolerance: this.#toleranceMs / 1_000,
      currentDate: new Date(this.#parts.clock.now()),
      ...(issuer ? { issuer } : {}),
      ...(audience ? { audience } : {}),
    };
  }
}

const malformed = new TokenFault("the token is no signed JWT");
const unfitting = new TokenFault("the token is signed by none of the keys that are known");

const claimFaults: Readonly<Record<string, string>> = {
  iss: "the token is of another issuer",
  aud: "the token is for another audience",
  nbf: "the token is not valid yet",
};

/** What jose found, in words of ours: its own error holds the claims. */
function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWTExpired) {
    return new TokenFault("the token has expired", "token-expired");
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new TokenFault(claimFaults[error.claim] ?? "a claim of the token is of a wrong kind");
  }
  return malformed;
}

function wrongSetting(sentence: string): ServiceError {
  return new ServiceError("setting-invalid", sentence);
}
