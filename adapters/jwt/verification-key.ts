import { importJWK, importSPKI } from "jose";
import { limits, ServiceError } from "../../core/base/mod.ts";

/** What a token may be signed by. RFC 7518, 3.1, and RFC 8037, 3.1. */
export const jwtAlgorithms = ["HS256", "RS256", "ES256", "EdDSA"] as const;
export type JwtAlgorithm = (typeof jwtAlgorithms)[number];

/** Serves one algorithm, which follows from the key and never from a token. */
export interface VerificationKey {
  readonly algorithm: JwtAlgorithm;
  /** `kid`; undefined in a key that fits whatever a token names. */
  readonly keyId: string | undefined;
  readonly key: CryptoKey;
}

/** RFC 7518, 3.2: as long as the hash at least. */
const secretBytesMin = 32;
const publicKeyPem = /-----BEGIN PUBLIC KEY-----[^-]{1,16384}-----END PUBLIC KEY-----/g;

function refuse(setting: string, sentence: string): never {
  throw new ServiceError("setting-invalid", `${setting}: ${sentence}`);
}

/** The key of HS256; throws `setting-invalid`, which does not repeat the secret. */
export async function secretKey(secret: string | Uint8Array): Promise<VerificationKey> {
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
  if (bytes.length < secretBytesMin) refuse("jwt-secret", `must have ${secretBytesMin} bytes`);
  // What everybody may read must not become the secret by which anybody can sign.
  if (new TextDecoder().decode(bytes).includes("-----BEGIN ")) {
    refuse("jwt-secret", "is a PEM file; a public key belongs to jwt-key");
  }
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const raw = new Uint8Array(bytes);
  const key = await crypto.subtle.importKey("raw", raw, hmac, false, ["verify"]);
  return { algorithm: "HS256", keyId: undefined, key };
}

/** Every public key of a PEM text; throws `setting-invalid` where one cannot be used. */
export async function pemKeys(text: string): Promise<VerificationKey[]> {
  if (text.includes("PRIVATE KEY-----")) {
    refuse("jwt-key", "holds a private key: give the public one, and keep this to the issuer");
  }
  const blocks = text.match(publicKeyPem) ?? [];
  if (blocks.length === 0) refuse("jwt-key", "must be a PEM file of a public key (SPKI)");
  if (blocks.length > limits.tokenKeyTriesMax) {
    refuse("jwt-key", `must have at most ${limits.tokenKeyTriesMax} keys`);
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
      // Of another kind.
    }
  }
  const allowed = `RSA of ${limits.rsaBitsMin} to ${limits.rsaBitsMax} bits, P-256 or Ed25519`;
  return refuse("jwt-key", `must be ${allowed}`);
}

/**
 * The keys of a JSON Web Key Set (RFC 7517, 5) that can check a signature of ours; the others are
 * passed over, as the clause demands. Undefined where it is no such set.
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
  // Who publishes the private part signs for everybody.
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

/** Symmetric keys (`oct`) have no place in a set that anybody can read. */
function algorithmOf(kty: unknown, crv: unknown): JwtAlgorithm | undefined {
  if (kty === "RSA") return "RS256";
  if (kty === "EC" && crv === "P-256") return "ES256";
  return kty === "OKP" && crv === "Ed25519" ? "EdDSA" : undefined;
}

/** RFC 7518, 3.3: 2048 bits at least; a key without end would cost time without end. */
function isStrong(key: CryptoKey): boolean {
  const { modulusLength } = key.algorithm as { readonly modulusLength?: number };
  if (modulusLength === undefined) return true;
  return modulusLength >= limits.rsaBitsMin && modulusLength <= limits.rsaBitsMax;
}

/** Throws where a key cannot be used after all: Deno looks at a curve's point only then. */
async function probe(key: CryptoKey): Promise<void> {
  const use = { name: key.algorithm.name, hash: "SHA-256" };
  await crypto.subtle.verify(use, key, new Uint8Array(64), new Uint8Array(1));
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
