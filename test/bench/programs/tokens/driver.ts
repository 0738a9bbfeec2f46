/**
 * Verifies one token, as a handshake does: by jose alone, by our authorizer, which uses jose, and
 * by `node:crypto` with as little around it as can be. Words: rounds, algorithm.
 */
import { createHmac, createPublicKey, verify } from "node:crypto";
import process from "node:process";
import { exportSPKI, generateKeyPair, importSPKI, jwtVerify, SignJWT } from "jose";
import { JwtAuthorizer } from "../../../../adapters/jwt/mod.ts";
import { SystemClock } from "../../../../adapters/system/mod.ts";
import type { HandshakeCandidate } from "../../../../core/ports/mod.ts";
import { contest } from "../contest.ts";

const [rounds, algorithm = "ES256"] = process.argv.slice(2);
const isSecret = algorithm === "HS256";
const secret = crypto.getRandomValues(new Uint8Array(32));
const pair = isSecret ? undefined : await generateKeyPair(algorithm);
const pem = pair === undefined ? undefined : await exportSPKI(pair.publicKey);
const imported = pem === undefined ? undefined : await importSPKI(pem, algorithm);
const hmac = { name: "HMAC", hash: "SHA-256" };
const key = imported ?? (await crypto.subtle.importKey("raw", secret, hmac, false, ["verify"]));
const nativeKey = pem === undefined ? undefined : createPublicKey(pem);
const claims = { sub: "u1", groups: ["a", "b"], iss: "https://me.example", aud: "chat" };
const token = await new SignJWT(claims)
  .setProtectedHeader({ alg: algorithm, kid: "k1" })
  .setExpirationTime("1h")
  .sign(pair?.privateKey ?? secret);

const options = {
  sources: ["header"],
  secret: isSecret ? secret : undefined,
  publicKeyPem: pem,
  algorithms: [algorithm],
  issuer: claims.iss,
  audience: claims.aud,
  userClaim: "sub",
  groupsClaim: "groups",
};
const authorizer = await JwtAuthorizer.create(options, {
  clock: new SystemClock(),
  logger: { enabled: () => false, log: () => {} },
});
const candidate: HandshakeCandidate = {
  app: "default",
  request: {
    method: "GET",
    path: "/",
    query: "",
    header: (name) => (name === "authorization" ? `Bearer ${token}` : undefined),
    headers: () => [["authorization", `Bearer ${token}`]],
    remoteAddress: "127.0.0.1",
  },
  info: { path: "/", query: "", headers: {}, subprotocols: [] },
};

function isSigned(signed: string, signature: Uint8Array): boolean {
  if (nativeKey === undefined) {
    return createHmac("sha256", secret).update(signed).digest().equals(signature);
  }
  const hash = algorithm === "EdDSA" ? null : "sha256";
  const given = { key: nativeKey, dsaEncoding: "ieee-p1363" } as const;
  return verify(hash, Buffer.from(signed), given, signature);
}

const ways = {
  jose: async () => {
    const { issuer, audience } = options;
    await jwtVerify(token, key, { algorithms: [algorithm], issuer, audience });
  },
  "adapters/jwt": async () => {
    const { accepted } = await authorizer.authorize(candidate);
    if (!accepted) throw new Error("the token was refused");
  },
  "bare node:crypto": async () => {
    const [head, payload, signature] = token.split(".") as [string, string, string];
    const [{ alg }, { exp, iss, aud }] = [head, payload].map((part) =>
      JSON.parse(Buffer.from(part, "base64url").toString()),
    );
    const holds = alg === algorithm && exp > Date.now() / 1_000 && iss === claims.iss;
    const isRight = isSigned(`${head}.${payload}`, Buffer.from(signature, "base64url"));
    if (!isRight || !holds || aud !== claims.aud) throw new Error("the token was refused");
  },
};

await contest(ways, { rounds: Number(rounds), inFlight: 16, warmUps: 2_000 });
