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
  HandshakeCandidate,
  HandshakeRefusal,
} from "../../core/ports/mod.ts";
import { refuse } from "../../core/websocket/mod.ts";
import type { JwtOptions, JwtPorts } from "./jwt-options.ts";
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

/** RFC 7515, 7.1: the compact serialization. An empty signature has an error of its own. */
const compact = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** The header of a token, before the signature is verified. */
interface TokenHeader {
  readonly algorithm: JwtAlgorithm;
  readonly keyId: string | undefined;
}

/** Accepts handshakes with a JSON Web Token (RFC 7519) that a known key has signed. */
export class JwtAuthorizer implements Authorizer {
  readonly #options: JwtOptions;
  readonly #toleranceMs: number;
  readonly #ports: JwtPorts;
  readonly #sources: readonly TokenSource[];
  readonly #keys: readonly VerificationKey[];
  readonly #remote: RemoteKeys | undefined;
  readonly #algorithms: ReadonlySet<string>;

  private constructor(options: JwtOptions, ports: JwtPorts, keys: readonly VerificationKey[]) {
    this.#options = options;
    this.#toleranceMs = options.clockToleranceMs ?? 0;
    this.#ports = ports;
    this.#keys = keys.filter(({ algorithm }) => options.algorithms.includes(algorithm));
    this.#sources = options.sources.map(parseTokenSource);
    const { jwksUrl } = options;
    const isAlone = this.#keys.length === 0;
    this.#remote = jwksUrl ? new RemoteKeys(jwksUrl, { ...ports, isAlone }) : undefined;
    const served = new Set<string>(keys.map(({ algorithm }) => algorithm));
    if (this.#remote !== undefined) for (const it of ["RS256", "ES256", "EdDSA"]) served.add(it);
    this.#algorithms = new Set(options.algorithms.filter((algorithm) => served.has(algorithm)));
    if (this.#sources.length === 0) throw wrongSetting("jwt-from: must name at least one source");
    if (served.size === 0) {
      throw wrongSetting("authorize jwt: needs one of jwt-secret, jwt-key and jwt-jwks");
    }
    if (this.#algorithms.size === 0) {
      throw wrongSetting("jwt-algorithms: no key is of one of these algorithms");
    }
  }

  /** Imports the configured keys. Rejects with `setting-invalid` if one cannot be used. */
  static async create(options: JwtOptions, ports: JwtPorts): Promise<JwtAuthorizer> {
    const { secret, secretSetting, publicKeyPem } = options;
    const keys: VerificationKey[] = [];
    if (secret !== undefined && secret.length > 0) {
      keys.push(await secretKey(secret, secretSetting));
    }
    if (publicKeyPem) keys.push(...(await pemKeys(publicKeyPem)));
    return new JwtAuthorizer(options, ports, keys);
  }

  /** Starts to fetch the JWKS keys. Without this call the first handshake does. */
  start(): void {
    this.#remote?.start();
  }

  /** Fetches the JWKS keys before any use. Rejects with `keys-unavailable` if there are none. */
  async fetchKeys(): Promise<void> {
    await this.#remote?.fetchFirst();
  }

  /** Goes on from the JWKS keys that another authorizer has of the same URL. */
  adoptKeys(former: JwtAuthorizer): void {
    const known = former.#remote;
    if (known === undefined || former.#options.jwksUrl !== this.#options.jwksUrl) return;
    this.#remote?.adopt(known);
  }

  get keysMissing(): boolean {
    return this.#keys.length === 0 && this.#remote?.keys === undefined;
  }

  /** Since when the JWKS keys were not fetched; undefined without a JWKS. */
  get keysAgeMs(): number | undefined {
    return this.#remote?.ageMs;
  }

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
      // Only the name of the error: its message may contain parts of the token.
      const fields = { code: "internal", error: error instanceof Error ? error.name : "unknown" };
      this.#ports.logger.log("error", "jwt-failed", "a token could not be verified", fields);
      return refuse(500, "internal", "the token could not be verified");
    }
  }

  /** The claims of a valid token; undefined while the JWKS keys are not available. */
  async #verify(token: string): Promise<JWTPayload | undefined> {
    const header = this.#readHeader(token);
    const remote = this.#remote;
    const keys = remote?.keys;
    const claims = await this.#tryKeys(token, header, this.#candidates(header));
    if (claims !== undefined) return claims;
    if (remote === undefined || header.algorithm === "HS256") throw noMatchingKey;
    const isKnown = header.keyId !== undefined && keys?.some((key) => key.keyId === header.keyId);
    // The issuer may have a new key since the last request.
    if (!isKnown) await remote.refresh();
    if (remote.keys === undefined) return undefined;
    if (remote.keys === keys) throw noMatchingKey;
    const later = await this.#tryKeys(token, header, this.#candidates(header));
    if (later === undefined) throw noMatchingKey;
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
      throw new TokenFault("the signature algorithm of the token is not allowed");
    }
    if (keyId !== undefined && typeof keyId !== "string") throw malformed;
    return { algorithm: algorithm as JwtAlgorithm, keyId };
  }

  /** The keys with the token's algorithm and, if the token has one, its `kid`. */
  #candidates({ algorithm, keyId }: TokenHeader): VerificationKey[] {
    const remote = this.#remote?.keys ?? [];
    return [
      ...this.#keys.filter((key) => key.algorithm === algorithm),
      ...remote.filter(
        (key) => key.algorithm === algorithm && (keyId === undefined || key.keyId === keyId),
      ),
    ];
  }

  /** The claims; undefined if none of the keys has made the signature. */
  async #tryKeys(
    token: string,
    { algorithm }: TokenHeader,
    keys: readonly VerificationKey[],
  ): Promise<JWTPayload | undefined> {
    // Each try costs a signature check, and anybody can send a token.
    if (keys.length > limits.tokenKeyTriesMax) {
      throw new TokenFault("the token must have a kid, because there are many keys");
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
      currentDate: new Date(this.#ports.clock.now()),
      ...(issuer ? { issuer } : {}),
      ...(audience ? { audience } : {}),
    };
  }
}

const malformed = new TokenFault("the token is not a signed JWT");
const noMatchingKey = new TokenFault("no known key has signed the token");

const claimFaults: Readonly<Record<string, string>> = {
  iss: "the token has another issuer",
  aud: "the token has another audience",
  nbf: "the token is not valid yet",
};

/** The error of jose without its message, which contains claims. */
function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWTExpired) {
    return new TokenFault("the token has expired", "token-expired");
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new TokenFault(claimFaults[error.claim] ?? "a claim of the token has a wrong type");
  }
  return malformed;
}

function wrongSetting(sentence: string): ServiceError {
  return new ServiceError("setting-invalid", sentence);
}
