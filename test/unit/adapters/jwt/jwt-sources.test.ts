import assert from "node:assert/strict";
import { test } from "node:test";
import { JwtAuthorizer, jwtAlgorithms } from "../../../../adapters/jwt/mod.ts";
import { ServiceError } from "../../../../core/base/mod.ts";
import {
  type CandidateOptions,
  candidate,
  createIssuer,
  createRig,
  secret,
  secretBytes,
  sign,
  summary,
} from "../../../support/keys/tokens.ts";
import { ManualClock, MemoryLogger } from "../../../support/memory/mod.ts";

const sources = ["header", "query:access_token", "cookie:session", "subprotocol:bearer."];
const token = await sign("HS256", secretBytes, { sub: "first" });
const other = await sign("HS256", secretBytes, { sub: "second" });

/** Whom the handshake is let in as, and what of `info` is replaced. */
async function admitted(options: CandidateOptions, order: readonly string[] = sources) {
  const { authorizer } = await createRig({ secret, sources: order });
  const answer = await authorizer.authorize(candidate(options));
  assert.ok(answer.accepted, summary(answer));
  const { info = {} } = answer;
  assert.ok(!JSON.stringify(answer).includes(token), "the token is nowhere in the answer");
  return { user: answer.grant.user, info };
}

test("a token in the Authorization header", async () => {
  for (const scheme of ["Bearer", "bearer", "BEARER  "]) {
    const headers = { authorization: `${scheme} ${token} `, host: "h" };
    const { user, info } = await admitted({ headers });
    assert.equal(user, "first");
    assert.deepEqual(info.headers, { host: "h" });
  }
});

test("a token in the query: the rest of it stays as it was, byte for byte", async () => {
  const cases: readonly (readonly [query: string, left: string])[] = [
    [`access_token=${token}`, ""],
    [`a=1&access_token=${token}&b=%20+x`, "a=1&b=%20+x"],
    [`%zz&=&&access_token=${token}&a`, "%zz&=&&a"],
    [`access%5Ftoken=${token.replaceAll(".", "%2E")}&A=1`, "A=1"],
    [`xaccess_token=1&access_token=${token}&access_tokenx=2`, "xaccess_token=1&access_tokenx=2"],
    [`access_token=${token}&access_token=${other}&access_token`, ""],
  ];
  for (const [query, left] of cases) {
    const { user, info } = await admitted({ query });
    assert.deepEqual([user, info.query], ["first", left], query);
  }
});

test("a token in a cookie: the other cookies stay as they were", async () => {
  const cases: readonly (readonly [cookie: string, left: string | undefined])[] = [
    [`session=${token}`, undefined],
    [`a=1; session=${token}; b="2 , 3"`, `a=1; b="2 , 3"`],
    [`session="${token}";  c = 3`, "c = 3"],
    [`a=1;session=${token}`, "a=1"],
    [`xsession=1; session=${token}; session=${other}`, "xsession=1"],
    [`a=1, session=${token}`, "a=1"],
  ];
  for (const [cookie, left] of cases) {
    const { user, info } = await admitted({ headers: { cookie } });
    assert.equal(user, "first", cookie);
    assert.deepEqual(info.headers, left === undefined ? {} : { cookie: left }, cookie);
  }
  const headers = { cookie: `theme=dark; session=${token}` };
  const given = { query: "", headers: {}, cookies: { theme: "dark", session: token } };
  const { info } = await admitted({ headers, info: given });
  assert.deepEqual(info.cookies, { theme: "dark" });
});

test("a token among the offered subprotocols", async () => {
  const headers = { "sec-websocket-protocol": `chat, bearer.${token}, v2` };
  const { user, info } = await admitted({ headers });
  assert.equal(user, "first");
  assert.deepEqual(info.subprotocols, ["chat", "v2"]);
  assert.deepEqual(info.headers, { "sec-websocket-protocol": "chat, v2" });
  const alone = await admitted({ headers: { "sec-websocket-protocol": `bearer.${token}` } });
  assert.deepEqual([alone.info.subprotocols, alone.info.headers], [[], {}]);
});

test("the first source in the order of the setting counts, and all are stripped", async () => {
  const everywhere: CandidateOptions = {
    query: `x=1&access_token=${other}`,
    headers: {
      authorization: `Bearer ${token}`,
      cookie: `session=${other}; a=1`,
      "sec-websocket-protocol": `chat, bearer.${other}`,
    },
  };
  const { user, info } = await admitted(everywhere);
  assert.equal(user, "first");
  assert.deepEqual(info, {
    query: "x=1",
    headers: { cookie: "a=1", "sec-websocket-protocol": "chat" },
    subprotocols: ["chat"],
  });
  for (const source of sources.slice(1)) {
    const { authorizer } = await createRig({ secret, sources: [source, "header"] });
    const answer = await authorizer.authorize(candidate(everywhere));
    assert.equal(answer.accepted ? answer.grant.user : summary(answer), "second", source);
  }
});

test("what is no token of a source stays: other schemes, cookies, names", async () => {
  const headers = {
    authorization: "Basic dTpw",
    cookie: "access_token=1",
    "sec-websocket-protocol": `bearer., bearer.${token}`,
  };
  const { info } = await admitted({ query: "session=2&bearer.=3", headers });
  assert.deepEqual(info, {
    query: "session=2&bearer.=3",
    headers: { ...headers, "sec-websocket-protocol": "bearer." },
    subprotocols: ["bearer."],
  });
  // A second Authorization line is joined to the first: its token is taken out as well.
  const two = { authorization: `Basic dTpw, Bearer ${token}` };
  const joined = await admitted({ query: `access_token=${other}`, headers: two });
  assert.deepEqual([joined.user, joined.info.headers], ["second", {}]);
});

test("a source that is not asked for is none", async () => {
  const { authorizer } = await createRig({ secret, sources: ["cookie:session"] });
  const elsewhere = {
    query: `access_token=${token}`,
    headers: { authorization: `Bearer ${token}` },
  };
  assert.equal(summary(await authorizer.authorize(candidate(elsewhere))), "401 token-missing");
});

test("a wrong setting is refused at the start, without its secret", async () => {
  const issuer = await createIssuer("ES256");
  const weak = await createIssuer("ES384");
  const named = { algorithms: jwtAlgorithms, userClaim: "sub", groupsClaim: "groups" };
  const cases: readonly (readonly [settings: object, message: RegExp])[] = [
    [{}, /needs one of jwt-secret, jwt-key and jwt-jwks/],
    [{ secret: "", publicKeyPem: "", jwksUrl: "" }, /needs one of/],
    [{ secret: "short but secret" }, /jwt-secret: must have at least 32 bytes/],
    [{ secret: new Uint8Array(31) }, /jwt-secret: must have at least 32 bytes/],
    [{ secret: issuer.pem }, /jwt-secret: is a PEM file/],
    [{ publicKeyPem: "junk" }, /jwt-key: must be a PEM file/],
    [{ publicKeyPem: weak.pem }, /jwt-key: must be RSA of 2048 to 8192 bits, P-256 or Ed25519/],
    [{ publicKeyPem: issuer.pem.replaceAll("PUBLIC", "PRIVATE") }, /contains a private key/],
    [{ publicKeyPem: issuer.pem.repeat(9) }, /8 keys at most/],
    [{ jwksUrl: "ftp://user:hidden@h/keys" }, /jwt-jwks: must be an http/],
    [{ jwksUrl: "no url, hidden" }, /jwt-jwks: must be an http/],
    [{ jwksUrl: "http://h/", algorithms: ["HS256"] }, /jwt-algorithms: no key is of/],
    [{ secret, algorithms: ["RS256"] }, /jwt-algorithms: no key is of/],
    [{ secret, sources: [] }, /jwt-from: must name/],
    ...["", "Header", "query", "query:", "cookie:a b", "subprotocol:a,b", "body:x"].map(
      (source) =>
        [{ secret, sources: [source] }, /jwt-from .*: must be header, query:NAME/] as const,
    ),
  ];
  const parts = { clock: new ManualClock(), logger: new MemoryLogger() };
  await JwtAuthorizer.create({ sources, ...named, secret: new Uint8Array(32) }, parts);
  for (const [settings, message] of cases) {
    const made = JwtAuthorizer.create({ sources, ...named, ...settings }, parts);
    await assert.rejects(made, (error: ServiceError) => {
      assert.ok(error instanceof ServiceError && error.code === "setting-invalid");
      assert.match(error.message, message);
      return !/hidden|short but secret/.test(error.message);
    });
  }
});

test("a request that breaks the check itself is refused, and told without its text", async () => {
  const { authorizer, logger } = await createRig({ secret });
  const { info, request, app } = candidate({});
  const broken = {
    ...request,
    header: () => {
      throw new RangeError(token);
    },
  };
  const answer = await authorizer.authorize({ app, info, request: broken });
  assert.equal(summary(answer), "500 internal");
  assert.equal(logger.of("jwt-failed")[0]?.fields.error, "RangeError");
  assert.ok(!JSON.stringify([logger.records, answer]).includes(token));
});
