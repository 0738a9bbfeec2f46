import assert from "node:assert/strict";
import { test } from "node:test";
import type { JWTPayload } from "jose";
import type { JwtOptions } from "../../../../adapters/jwt/mod.ts";
import type { ConnectionGrant } from "../../../../core/ports/mod.ts";
import {
  base64url,
  bearer,
  candidate,
  createIssuer,
  createRig,
  reasonOf,
  secret,
  secretBytes,
  sign,
  signBy,
  startSeconds,
  summary,
} from "../../../support/keys/tokens.ts";

const inAnHour = startSeconds + 3_600;

/** What an HS256 token with these claims is answered. */
async function answerTo(claims: JWTPayload, options: Partial<JwtOptions> = {}) {
  const { authorizer } = await createRig({ secret, ...options });
  return authorizer.authorize(bearer(await sign("HS256", secretBytes, claims)));
}

async function grantOf(
  claims: JWTPayload,
  options: Partial<JwtOptions> = {},
): Promise<ConnectionGrant> {
  const answer = await answerTo(claims, options);
  assert.ok(answer.accepted, reasonOf(answer));
  return answer.grant;
}

for (const algorithm of ["RS256", "ES256", "EdDSA"]) {
  test(`${algorithm}: a token by the key is right, one by another key is not`, async () => {
    const [issuer, stranger] = [await createIssuer(algorithm), await createIssuer(algorithm)];
    const { authorizer } = await createRig({ publicKeyPem: issuer.pem });
    const claims = { sub: "u1", groups: ["a"], exp: inAnHour };
    const good = await authorizer.authorize(bearer(await signBy(issuer, claims)));
    assert.ok(good.accepted, reasonOf(good));
    assert.equal(good.grant.user, "u1");
    const forged = await authorizer.authorize(bearer(await signBy(stranger, claims)));
    assert.equal(summary(forged), "401 token-invalid");
    assert.match(reasonOf(forged), /no known key has signed/);
  });

  test(`${algorithm}: the public key is no secret by which HS256 could be forged`, async () => {
    const issuer = await createIssuer(algorithm);
    const { pem } = issuer;
    const secrets = [pem, pem.trim(), pem.replaceAll(/-----[^-]+-----|\n/g, "")];
    const { authorizer } = await createRig({ publicKeyPem: pem });
    for (const text of secrets) {
      const key = new TextEncoder().encode(text);
      const forged = await sign("HS256", key, { sub: "admin" });
      const answer = await authorizer.authorize(bearer(forged));
      assert.equal(summary(answer), "401 token-invalid");
      assert.match(reasonOf(answer), /algorithm .* not allowed/);
    }
    // Not even where HS256 is served too, by a secret of its own.
    const both = await createRig({ publicKeyPem: pem, secret });
    const forged = await sign("HS256", new TextEncoder().encode(pem), { sub: "admin" });
    assert.equal(summary(await both.authorizer.authorize(bearer(forged))), "401 token-invalid");
    const honest = [await signBy(issuer, {}), await sign("HS256", secretBytes, {})];
    for (const token of honest) {
      assert.equal(summary(await both.authorizer.authorize(bearer(token))), "ok");
    }
  });
}

test("HS256: a token by the secret is right, one by another secret is not", async () => {
  const { authorizer } = await createRig({ secret });
  const claims = { sub: "u1", exp: inAnHour };
  const good = await sign("HS256", secretBytes, claims);
  assert.equal(summary(await authorizer.authorize(bearer(good))), "ok");
  const other = await sign("HS256", new TextEncoder().encode(`${secret}!`), claims);
  assert.equal(summary(await authorizer.authorize(bearer(other))), "401 token-invalid");
});

test("only the algorithms of the setting, and never those beside them", async () => {
  const { authorizer } = await createRig({ secret, algorithms: ["HS256"] });
  for (const alg of ["HS384", "HS512"]) {
    const token = await sign(alg, new Uint8Array(64).fill(7), {});
    const answer = await authorizer.authorize(bearer(token));
    assert.match(reasonOf(answer), /algorithm .* not allowed/, alg);
  }
  const issuer = await createIssuer("ES256");
  const narrow = await createRig({ secret, publicKeyPem: issuer.pem, algorithms: ["HS256"] });
  const answer = await narrow.authorizer.authorize(bearer(await signBy(issuer, {})));
  assert.match(reasonOf(answer), /algorithm .* not allowed/);
});

test("a token that is unsigned, cut, changed or nonsense is refused with a reason", async () => {
  const { authorizer, logger } = await createRig({ secret });
  const good = await sign("HS256", secretBytes, { sub: "u1" });
  const [head = "", , signature = ""] = good.split(".");
  const claims = base64url({ sub: "admin" });
  const none = base64url({ alg: "none" });
  const cases: readonly (readonly [token: string, reason: RegExp])[] = [
    [`${none}.${claims}.`, /not signed/],
    [`${none}.${claims}.${signature}`, /not signed/],
    [`${head}.${claims}.`, /not signed/],
    [`${base64url({ alg: "NONE" })}.${claims}.${signature}`, /algorithm/],
    [`${base64url({})}.${claims}.${signature}`, /algorithm/],
    [`${base64url({ alg: ["HS256"] })}.${claims}.${signature}`, /algorithm/],
    [`${base64url({ alg: "HS256", kid: 5 })}.${claims}.${signature}`, /not a signed JWT/],
    [
      `${base64url({ alg: "HS256", crit: ["b64"], b64: false })}.${claims}.x`,
      /not a signed JWT|no known key/,
    ],
    [`${head}.${claims}.${signature}`, /no known key/],
    [good.slice(0, -2), /no known key|not a signed JWT/],
    ["nonsense", /not a signed JWT/],
    ["a.b.c", /not a signed JWT/],
    ["....", /not a signed JWT/],
    [`${good}, Bearer ${good}`, /not a signed JWT/],
    [`${good}.${good}`, /not a signed JWT/],
    ["\u{1f600}", /not a signed JWT/],
    [`${head}.${"a".repeat(20_000)}.${signature}`, /too long/],
  ];
  for (const [token, reason] of cases) {
    const answer = await authorizer.authorize(bearer(token));
    assert.equal(summary(answer), "401 token-invalid", token);
    assert.match(reasonOf(answer), reason, token);
  }
  assert.deepEqual(logger.records, [], "the gateway counts refusals; this logs nothing of them");
});

test("a refusal repeats nothing of the token, and has the form of RFC 6750", async () => {
  const claims = { iss: "mallory", sub: "u1", exp: 5 };
  const token = await sign("HS256", secretBytes, claims);
  for (const options of [{}, { issuer: "me" }, { secret: `${secret}?` }]) {
    const { authorizer, logger } = await createRig({ secret, ...options });
    const answer = await authorizer.authorize(bearer(token));
    assert.ok(!answer.accepted);
    const challenge = answer.headers["www-authenticate"] ?? "";
    assert.match(challenge, /^Bearer error="invalid_token", error_description="[ -!#-[\]-~]+"$/);
    assert.match(
      String(answer.body),
      new RegExp(`^\\{"code":"${answer.errorCode}","message":".+"\\}\\n$`),
    );
    const shown = JSON.stringify([answer, logger.records]);
    for (const part of [...token.split("."), "mallory"]) assert.ok(!shown.includes(part));
  }
});

test("without a token: 401 and the bare challenge", async () => {
  const { authorizer } = await createRig({ secret });
  const empty = [
    {},
    { query: "access_token=" },
    { query: "a=1&token=x" },
    { headers: { authorization: "Basic dTpw" } },
    { headers: { "sec-websocket-protocol": "chat, bearer." } },
  ];
  for (const options of empty) {
    const answer = await authorizer.authorize(candidate(options));
    assert.equal(summary(answer), "401 token-missing", JSON.stringify(options));
    assert.equal(answer.accepted ? "" : answer.headers["www-authenticate"], "Bearer");
  }
});

test("exp and nbf hold, with the tolerance, and the connection ends with the token", async () => {
  const now = startSeconds;
  const cases: readonly (readonly [JWTPayload, string])[] = [
    [{ exp: now + 1 }, "ok"],
    [{ exp: now - 29 }, "ok"],
    [{ exp: now - 30 }, "401 token-expired"],
    [{ exp: 0 }, "401 token-expired"],
    [{ exp: -1e300 }, "401 token-expired"],
    [{ nbf: now + 30 }, "ok"],
    [{ nbf: now + 31 }, "401 token-invalid"],
    [{ exp: "soon" as unknown as number }, "401 token-invalid"],
    [{ nbf: {} as unknown as number }, "401 token-invalid"],
    [{ exp: null as unknown as number }, "401 token-invalid"],
  ];
  const tolerant = { clockToleranceMs: 30_000 };
  for (const [claims, expected] of cases) {
    const answer = await answerTo(claims, tolerant);
    assert.equal(summary(answer), expected, JSON.stringify(claims));
  }
  assert.equal(summary(await answerTo({ exp: now - 1 })), "401 token-expired");
  assert.equal((await grantOf({ exp: now + 10 }, tolerant)).expiresAt, (now + 40) * 1_000);
  assert.equal((await grantOf({ exp: now + 10 })).expiresAt, (now + 10) * 1_000);
  assert.equal((await grantOf({ exp: 1e300 })).expiresAt, 8.64e15);
  assert.equal((await grantOf({})).expiresAt, undefined);
  assert.match(reasonOf(await answerTo({}, { expiryRequired: true })), /no exp claim/);
});

test("an endless exp, which JSON can write, is none", async () => {
  const { authorizer } = await createRig({ secret });
  const claims = new TextEncoder().encode('{"exp":1e999}');
  const head = `${base64url({ alg: "HS256" })}.${base64url(claims)}`;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", Uint8Array.from(secretBytes), hmac, false, [
    "sign",
  ]);
  const bytes = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(head));
  const answer = await authorizer.authorize(bearer(`${head}.${base64url(new Uint8Array(bytes))}`));
  assert.match(reasonOf(answer), /exp claim is not a time/);
});

test("issuer and audience are checked where they are set", async () => {
  const set = { issuer: "https://me.example", audience: "chat" };
  const right = { iss: "https://me.example", aud: "chat" };
  assert.equal(summary(await answerTo(right, set)), "ok");
  assert.equal(summary(await answerTo({ ...right, aud: ["x", "chat"] }, set)), "ok");
  assert.equal(summary(await answerTo({}, { issuer: "", audience: "" })), "ok");
  const wrong: readonly (readonly [JWTPayload, RegExp])[] = [
    [{ ...right, iss: "https://me.example/" }, /another issuer/],
    [{ aud: "chat" }, /another issuer/],
    [{ ...right, aud: "other" }, /another audience/],
    [{ ...right, aud: [] }, /another audience/],
    [{ iss: "https://me.example" }, /another audience/],
  ];
  for (const [claims, reason] of wrong) {
    const answer = await answerTo(claims, set);
    assert.equal(summary(answer), "401 token-invalid");
    assert.match(reasonOf(answer), reason, JSON.stringify(claims));
  }
});

test("claims give user and groups; what cannot be one is refused", async () => {
  assert.deepEqual(await grantOf({}), { user: undefined, groups: [], expiresAt: undefined });
  assert.deepEqual((await grantOf({ groups: "a  b a" })).groups, ["a", "b"]);
  assert.deepEqual((await grantOf({ groups: ["room 1", "ü", "@allied"] })).groups, [
    "room 1",
    "ü",
    "@allied",
  ]);
  const named = { userClaim: "https://e.example/user", groupsClaim: "roles" };
  const grant = await grantOf({ sub: "x", "https://e.example/user": "u", roles: ["r"] }, named);
  assert.deepEqual([grant.user, grant.groups], ["u", ["r"]]);
  const none = await grantOf(
    { sub: "x", groups: ["a"], "": "y" },
    { userClaim: "", groupsClaim: "" },
  );
  assert.deepEqual([none.user, none.groups], [undefined, []]);
  assert.equal((await grantOf({}, { userClaim: "constructor" })).user, undefined);
  assert.equal((await grantOf({ sub: "u".repeat(250) })).user?.length, 250);
  const wrong: readonly Record<string, unknown>[] = [
    { sub: 7 },
    { sub: "" },
    { sub: "u".repeat(251) },
    { sub: "ü".repeat(126) },
    { sub: "\ud800" },
    { groups: ["\udc00x"] },
    { groups: 1 },
    { groups: { a: 1 } },
    { groups: [1] },
    { groups: [""] },
    { groups: ["@all"] },
    { groups: "a @all" },
    { groups: ["@user/admin"] },
    { groups: "@user/admin" },
    { groups: ["g".repeat(257)] },
  ];
  for (const claims of wrong) {
    const answer = await answerTo(claims as JWTPayload);
    assert.equal(summary(answer), "401 token-invalid", JSON.stringify(claims));
    assert.match(reasonOf(answer), /the claim with the (user|groups)/);
  }
});
