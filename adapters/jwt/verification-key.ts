import { importJWK, importSPKI } from "jose";
import { isMap, limits, ServiceError } from "../../core/base/mod.ts";

/** Supported signature algorithms: RFC 7518, 3.1, and RFC 8037, 3.1. */
export const jwtAlgorithms = ["HS256", "RS256", "ES256", "EdDSA"] as const;
export type JwtAlgorithm = (typeof jwtAlgorithms)[number];

/** A key for one algorithm. The algorithm follows from the key, never from a token. */
export interface VerificationKey {
  readonly algorithm: JwtAlgorithm;
  /** `kid`; undefined for a key that is tried whatever `kid` a token has. */
  readonly keyId: string | undefined;
  readonly key: CryptoKey;
}

/** RFC 7518, 3.2: at least as long as the hash. */
const secretBytesMin = 32;
const publicKeyPem = /-----BEGIN PUBLIC KEY-----[^-]{1,16384}-----END PUBLIC KEY-----/g;

function refuse(setting: string, sentence: string): never {
  throw new ServiceError("setting-invalid", `${setting}: ${sentence}`);
}

/** The key of HS256. Throws `setting-invalid`; the message does not contain the secret. */
export async function secretKey(
  secret: string | Uint8Array,
  setting: string = "jwt-secret",
): Promise<VerificationKey> {
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
  if (bytes.length < secretBytesMin) {
    refuse(setting, `must have at least ${secretBytesMin} bytes`);
  }
  // A public key as the secret would let everybody who can read it sign tokens.
  if (new TextDecoder().decode(bytes).includes("-----BEGIN ")) {
    refuse(setting, "is a PEM file; put a public key into jwt-key");
  }
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const raw = new Uint8Array(bytes);
  const key = await crypto.subtle.importKey("raw", raw, hmac, false, ["verify"]);
  return { algorithm: "HS256", keyId: undefined, key };
}

/** The public keys of a PEM text. Throws `setting-invalid` if one of them cannot be used. */
export async function pemKeys(text: string): Promise<VerificationKey[]> {
  if (text.includes("PRIVATE KEY-----")) {
    refuse("jwt-key", "contains a private key; only the issuer may have it: give the public key");
  }
  const blocks = text.match(publicKeyPem) ?? [];
  if (blocks.length === 0) refuse("jwt-key", "must be a PEM file with a public key (SPKI)");
  if (blocks.length > limits.tokenKeyTriesMax) {
    refuse("jwt-key", `must have ${limits.tokenKeyTriesMax} keys at most`);
  }
  return Promise.all(blocks.map(pemKey));
}

async function pemKey(block: string): Promise<VerificationKey> {
  for (const algorithm of ["RS256", "ES256", "EdDSA"] as const) {
    try {
      const key = await importSPKI(block, algorithm);
      if (!isStrong(key)) continue;
      await probe(key);
      return { algorithm, keyId: undefined, key };
    } catch {
      // The key is of another kind.
    }
  }
  const allowed = `RSA of ${limits.rsaBitsMin} to ${limits.rsaBitsMax} bits, P-256 or Ed25519`;
  return refuse("jwt-key", `must be ${allowed}`);
}

/**
 * The usable keys of a JSON Web Key Set; others are ignored, as RFC 7517, 5 demands. Undefined if
 * `set` is no key set.
 */
export async function keysOfSet(set: unknown): Promise<VerificationKey[] | undefined> {
  const entries = isMap(set) ? set.keys : undefined;
  if (!Array.isArray(entries) || entries.length > limits.jwksKeysMax) return undefined;
  const keys: VerificationKey[] = [];
  for (const entry of entries) {
    const key = isMap(entry) ? await keyOfSet(entry) : undefined;
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

async function keyOfSet(
  entry: Readonly<Record<string, unknown>>,
): Promise<VerificationKey | undefined> {
  const { kty, use, alg, kid, crv, n, e, x, y, d, key_ops: operations } = entry;
  // With a published private part everybody could sign.
  if (d !== undefined || (use !== undefined && use !== "sig")) return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) {
    return undefined;
  }
  if (kid !== undefined && typeof kid !== "string") return undefined;
  const algorithm = algorithmOf(kty, crv);
  const named = alg === "Ed25519" ? "EdDSA" : alg;
  if (algorithm === undefined || (named !== undefined && named !== algorithm)) return undefined;
  if (![n, e, x, y].every((part) => part === undefined || typeof part === "string")) {
    return undefined;
  }
  try {
    const jwk = Object.entries({ kty, crv, n, e, x, y }).filter(([, part]) => part !== undefined);
    const key = await importJWK(Object.fromEntries(jwk), algorithm);
    if (!(key instanceof CryptoKey) || !isStrong(key)) return undefined;
    await probe(key);
    return { algorithm, keyId: kid, key };
  } catch {
    return undefined;
  }
}

/** Undefined for symmetric keys (`oct`), too: everybody can read a published set. */
function algorithmOf(kty: unknown, crv: unknown): JwtAlgorithm | undefined {
  if (kty === "RSA") return "RS256";
  if (kty === "EC" && crv === "P-256") return "ES256";
  return kty === "OKP" && crv === "Ed25519" ? "EdDSA" : undefined;
}

/** RFC 7518, 3.3: 2048 bits at least. A maximum bounds the time of a signature check. */
function isStrong(key: CryptoKey): boolean {
  const { modulusLength } = key.algorithm as { readonly modulusLength?: number };
  if (modulusLength === undefined) return true;
  return modulusLength >= limits.rsaBitsMin && modulusLength <= limits.rsaBitsMax;
}

/** Throws if the key cannot be used. Deno checks the point of a curve only at the first use. */
async function probe(key: CryptoKey): Promise<void> {
  const use = { name: key.algorithm.name, hash: "SHA-256" };
  await crypto.subtle.verify(use, key, new Uint8Array(64), new Uint8Array(1));
}
