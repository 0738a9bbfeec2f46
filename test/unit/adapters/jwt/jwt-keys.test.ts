import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import process from "node:process";
import { afterEach, test } from "node:test";
import type { JwtOptions } from "../../../../adapters/jwt/mod.ts";
import { limits } from "../../../../core/base/mod.ts";
import { hang, type JwksAnswer, JwksServer, json } from "../../../support/keys/jwks-server.ts";
import {
  bearer,
  createIssuer,
  createRig,
  type Issuer,
  type Rig,
  reasonOf,
  secret,
  secretBytes,
  sign,
  signBy,
  summary,
} from "../../../support/keys/tokens.ts";
import { waitFor } from "../../../support/process/wait.ts";

const first = await createIssuer("ES256", "first");
const second = await createIssuer("EdDSA", "second");
const stranger = await createIssuer("ES256", "stranger");
const setOf = (...issuers: Issuer[]): { keys: unknown[] } => ({
  keys: issuers.map(({ jwk }) => jwk),
});

interface JwksRig extends Rig {
  readonly server: JwksServer;
  /** What a token of the issuer is answered. */
  try(issuer: Issuer): Promise<string>;
}

const rigs: JwksRig[] = [];

afterEach(async () => {
  for (const { authorizer, server } of rigs.splice(0)) {
    authorizer.close();
    await server.stop();
  }
});

async function start(answer: JwksAnswer, options: Partial<JwtOptions> = {}): Promise<JwksRig> {
  const server = await JwksServer.start(answer);
  const rig = await createRig({ jwksUrl: server.url, ...options });
  const trial = async (issuer: Issuer): Promise<string> =>
    summary(await rig.authorizer.authorize(bearer(await signBy(issuer, { sub: "u" }))));
  const started = { ...rig, server, try: trial };
  rigs.push(started);
  return started;
}

/** Time passes until the endpoint is asked again, and its answer has been looked at. */
async function nextAnswer({ clock, server }: JwksRig, ms: number): Promise<void> {
  const [asked, timers] = [server.asked, clock.startedTimers];
  clock.advance(ms);
  await server.waitForRequest(asked + 1);
  // One for the answer to be late, and one for the next request.
  await waitFor(() => clock.startedTimers === timers + 2, { what: "the answer is read" });
}

test("keys come from the endpoint, once for all handshakes that wait for them", async () => {
  const rig = await start(json(setOf(first, second)));
  const answers = await Promise.all([first, second, first].map((issuer) => rig.try(issuer)));
  assert.deepEqual(answers, ["ok", "ok", "ok"]);
  assert.equal(rig.server.asked, 1);
  assert.deepEqual(rig.logger.of("jwks-loaded")[0]?.fields, { url: rig.server.url, keys: 2 });
});

test("all kinds of keys, also where a set or a token names none", async () => {
  const rsa = await createIssuer("RS256", "rsa");
  const { kid: _, ...nameless } = first.jwk;
  const rig = await start(json({ keys: [nameless, rsa.jwk, second.jwk] }));
  assert.equal(await rig.try(rsa), "ok");
  assert.equal(await rig.try(second), "ok");
  const token = await sign("ES256", first.privateKey, {});
  assert.equal(summary(await rig.authorizer.authorize(bearer(token))), "ok");
  const forged = await sign("ES256", stranger.privateKey, {});
  assert.equal(summary(await rig.authorizer.authorize(bearer(forged))), "401 token-invalid");
});

test("rotation: an unknown key is asked for at once, but not again and again", async () => {
  const rig = await start(json(setOf(first)));
  rig.authorizer.start();
  assert.equal(await rig.try(first), "ok");
  rig.server.answer = json(setOf(second));
  assert.equal(await rig.try(second), "401 token-invalid", "asked a moment ago");
  rig.clock.advance(limits.jwksCooldownMs);
  assert.deepEqual(await Promise.all([rig.try(second), rig.try(second)]), ["ok", "ok"]);
  assert.equal(rig.server.asked, 2);
  assert.equal(await rig.try(first), "401 token-invalid", "taken back by the issuer");
  for (let i = 0; i < 5; i++) assert.equal(await rig.try(stranger), "401 token-invalid");
  assert.equal(rig.server.asked, 2, "tokens of strangers are no burden on the endpoint");
});

test("a key that the issuer took back ends in the background, without any handshake", async () => {
  const rig = await start(json(setOf(first, second)));
  rig.authorizer.start();
  assert.equal(await rig.try(first), "ok");
  rig.server.answer = json(setOf(second));
  await nextAnswer(rig, limits.jwksRefreshMs);
  await waitFor(() => rig.logger.of("jwks-loaded").length === 2);
  assert.equal(await rig.try(first), "401 token-invalid");
  assert.equal(await rig.try(second), "ok");
});

const tooLong = "a".repeat(limits.jwksBytesMax);
const redirect: JwksAnswer = (response) => {
  response.writeHead(302, { location: "http://127.0.0.1:1/keys" }).end();
};
/** Sends without an end; the connection is cut from the other side. */
const flood: JwksAnswer = (response) => {
  response.writeHead(200, { "content-type": "application/json" });
  const chunk = "[".repeat(65_536);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
};
const { d: _, ...publicPart } = first.jwk;
const lies: readonly (readonly [name: string, answer: JwksAnswer, fault: RegExp])[] = [
  ["an error", json("oops", 500), /status 500/],
  ["a redirect", redirect, /status 302/],
  ["an empty body", json(""), /other than JSON/],
  ["HTML", json("<html>sign in</html>"), /other than JSON/],
  [
    "bytes that are no UTF-8",
    (response) => response.end(new Uint8Array([0xff, 0xfe])),
    /other than JSON/,
  ],
  ["an array", json([]), /other than a key set/],
  ["null", json("null"), /other than a key set/],
  ["keys that are no array", json({ keys: { a: first.jwk } }), /other than a key set/],
  ["too many keys", json({ keys: Array(101).fill(first.jwk) }), /other than a key set/],
  ["no keys", json({ keys: [] }), /without a usable key/],
  ["junk for keys", json({ keys: [null, 5, "k", {}, { kty: "EC" }] }), /without a usable key/],
  ["a secret", json({ keys: [{ kty: "oct", k: "c2VjcmV0" }] }), /without a usable key/],
  ["a private key", json({ keys: [{ ...publicPart, d: "AA" }] }), /without a usable key/],
  ["a key to encrypt by", json({ keys: [{ ...first.jwk, use: "enc" }] }), /without a usable key/],
  [
    "a key to sign by",
    json({ keys: [{ ...first.jwk, key_ops: ["sign"] }] }),
    /without a usable key/,
  ],
  ["another algorithm", json({ keys: [{ ...first.jwk, alg: "ES384" }] }), /without a usable key/],
  [
    "a point off the curve",
    json({ keys: [{ ...first.jwk, x: first.jwk.y }] }),
    /without a usable key/,
  ],
  ["a weak key", json({ keys: [{ kty: "RSA", n: "AQAB", e: "AQAB" }] }), /without a usable key/],
  ["a large body", json(`{"keys":[],"x":"${tooLong}"}`), /more than 262144 bytes/],
  ["a body without end", flood, /more than 262144 bytes/],
  ["a cut connection", (response) => response.destroy(), /cannot be reached/],
  [
    "a cut body",
    (response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"keys":', () => response.destroy());
    },
    /cannot be reached|no JSON/,
  ],
];

for (const [name, answer, fault] of lies) {
  test(`an endpoint that lies (${name}): 503 at first, and known keys go on`, async () => {
    const fresh = await start(answer);
    const refused = await fresh.authorizer.authorize(bearer(await signBy(first, {})));
    assert.equal(summary(refused), "503 keys-unavailable");
    assert.equal(refused.accepted ? "" : refused.headers["retry-after"], "5");
    const [line] = fresh.logger.of("jwks-failed");
    assert.match(String(line?.message), fault);
    assert.equal(line?.fields.code, "keys-unavailable");
    const before = fresh.server.asked;
    assert.equal(await fresh.try(first), "503 keys-unavailable");
    assert.equal(fresh.server.asked, before, "not asked again at once");

    const rig = await start(json(setOf(first)));
    assert.equal(await rig.try(first), "ok");
    rig.server.answer = answer;
    rig.clock.advance(limits.jwksCooldownMs);
    assert.equal(await rig.try(stranger), "401 token-invalid", "closed to what is not known");
    assert.match(String(rig.logger.of("jwks-failed")[0]?.message), fault);
    assert.equal(await rig.try(first), "ok", "open to what is known");
  });
}

test("an endpoint that hangs: handshakes wait 5 s, with known keys not at all", async () => {
  const rig = await start(hang);
  const waiting = rig.try(first);
  await rig.server.waitForRequest(1);
  rig.clock.advance(limits.jwksTimeoutMs - 1);
  const later = rig.try(second);
  rig.clock.advance(1);
  assert.deepEqual(await Promise.all([waiting, later]), Array(2).fill("503 keys-unavailable"));
  assert.match(String(rig.logger.of("jwks-failed")[0]?.message), /did not answer within 5000 ms/);

  rig.server.answer = json(setOf(first));
  rig.clock.advance(limits.jwksRetryMs);
  assert.equal(await rig.try(first), "ok", "it is back");
  rig.server.answer = hang;
  rig.clock.advance(limits.jwksRefreshMs);
  await rig.server.waitForRequest(3);
  assert.equal(await rig.try(first), "ok", "while the endpoint is being asked");
  const unknown = rig.try(stranger);
  rig.clock.advance(limits.jwksTimeoutMs);
  assert.equal(await unknown, "401 token-invalid");
  assert.equal(await rig.try(first), "ok");
});

test("an endpoint that hangs inside its answer is as late as one that says nothing", async () => {
  const rig = await start((response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"keys":[');
  });
  const waiting = rig.try(first);
  await rig.server.waitForRequest(1);
  rig.clock.advance(limits.jwksTimeoutMs);
  assert.equal(await waiting, "503 keys-unavailable");
});

test("an endpoint that is away is asked again until it is back, and told of once", async () => {
  const rig = await start(json("", 503));
  rig.authorizer.start();
  await waitFor(() => rig.logger.of("jwks-failed").length === 1);
  for (let i = 0; i < 3; i++) await nextAnswer(rig, limits.jwksRetryMs);
  assert.equal(rig.logger.of("jwks-failed").length, 1, "the same fault is one line");
  rig.server.answer = json(setOf(first));
  await nextAnswer(rig, limits.jwksRetryMs);
  await waitFor(() => rig.logger.of("jwks-loaded").length === 1);
  assert.equal(await rig.try(first), "ok");
});

test("an endpoint is asked again by a timer that is early by the clock's count", async () => {
  const rig = await start(json("<html>", 502));
  rig.authorizer.start();
  await waitFor(() => rig.logger.of("jwks-failed").length === 1);
  // Runtimes count timers and the time of day apart: Node.js is a millisecond early at times.
  const now = rig.clock.now.bind(rig.clock);
  rig.clock.now = () => now() - 1;
  rig.server.answer = json(setOf(first));
  await nextAnswer(rig, limits.jwksRetryMs);
  assert.equal(await rig.try(first), "ok");
});

test("HS256 never asks the endpoint, and a token that is no token does not either", async () => {
  const rig = await start(json("", 500), { secret });
  const token = await sign("HS256", secretBytes, {});
  assert.equal(summary(await rig.authorizer.authorize(bearer(token))), "ok");
  const forged = await sign("HS256", new Uint8Array(32), {}, "k");
  assert.equal(summary(await rig.authorizer.authorize(bearer(forged))), "401 token-invalid");
  assert.equal(summary(await rig.authorizer.authorize(bearer("a.b.c"))), "401 token-invalid");
  assert.equal(rig.server.asked, 0);
});

/** The one line of a fault of the endpoint. */
async function faultOf(rig: Rig): Promise<string> {
  rig.authorizer.start();
  await waitFor(() => rig.logger.of("jwks-failed").length === 1);
  return String(rig.logger.of("jwks-failed")[0]?.message);
}

test("a fault of the endpoint is told with what it means for tokens", async () => {
  const alone = await start(json("", 500));
  assert.match(await faultOf(alone), /; no token can be verified$/);
  assert.equal(alone.authorizer.keysMissing, true);
  const beside = /; only tokens of jwt-secret and jwt-key can be verified$/;
  for (const options of [{ secret }, { publicKeyPem: second.pem }]) {
    const rig = await start(json("", 500), options);
    assert.match(await faultOf(rig), beside);
    assert.equal(rig.authorizer.keysMissing, false);
  }
  // A secret whose algorithm is left out verifies nothing.
  const left = await start(json("", 500), { secret, algorithms: ["ES256"] });
  assert.match(await faultOf(left), /; no token can be verified$/);
  assert.equal(left.authorizer.keysMissing, true);
});

test("an endpoint where nobody listens is told with the system's code", async () => {
  const server = net.createServer((stream) => stream.on("error", () => {}).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A client's port: it is taken, and nobody listens there.
  const client = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  await once(client, "connect");
  const rig = await createRig({ jwksUrl: `http://127.0.0.1:${client.localPort}/keys` });
  const fault = await faultOf(rig);
  rig.authorizer.close();
  client.destroy();
  server.close();
  // Bun has more than one name for it.
  const code = process.versions.bun === undefined ? "ECONNREFUSED" : "\\w+";
  assert.match(fault, new RegExp(`^the JWKS endpoint cannot be reached \\(${code}\\);`));
});

test("the age of the keys counts from the last valid set, or from the start", async () => {
  const rig = await start(json("", 500));
  rig.clock.advance(5_000);
  assert.equal(rig.authorizer.keysAgeMs, 5_000);
  rig.server.answer = json(setOf(first));
  assert.equal(await rig.try(first), "ok");
  assert.equal(rig.authorizer.keysAgeMs, 0);
  rig.server.answer = json("", 500);
  await nextAnswer(rig, limits.jwksRefreshMs);
  assert.ok((rig.authorizer.keysAgeMs ?? 0) >= limits.jwksRefreshMs);
  const { authorizer } = await createRig({ secret });
  assert.equal(authorizer.keysAgeMs, undefined);
});

test("a PEM key goes beside an endpoint, and a token may be of either", async () => {
  const rig = await start(json(setOf(second)), { publicKeyPem: first.pem + stranger.pem });
  assert.equal(await rig.try(first), "ok");
  assert.equal(await rig.try(stranger), "ok");
  assert.equal(rig.server.asked, 0);
  assert.equal(await rig.try(second), "ok");
});

test("a token that names none of many keys is not tried with all of them", async () => {
  const many = Array.from({ length: 9 }, (_, i) => ({ ...stranger.jwk, kid: `k${i}` }));
  const rig = await start(json({ keys: [...many, first.jwk] }));
  const token = await sign("ES256", first.privateKey, {});
  const answer = await rig.authorizer.authorize(bearer(token));
  assert.equal(summary(answer), "401 token-invalid");
  assert.match(reasonOf(answer), /must have a kid/);
  assert.equal(await rig.try(first), "ok");
});

test("user and password of the URL are sent to the endpoint, and shown to nobody", async () => {
  const rig = await start(json("", 500));
  const url = `http://edge:p%40ss@127.0.0.1:${rig.server.port}/keys?key=hidden`;
  const { authorizer, logger } = await createRig({ jwksUrl: url });
  authorizer.start();
  await waitFor(() => logger.of("jwks-failed").length === 1);
  authorizer.close();
  assert.deepEqual(rig.server.authorizations, [`Basic ${btoa("edge:p@ss")}`]);
  assert.doesNotMatch(JSON.stringify(logger.records), /p@ss|p%40ss|hidden/);
});

test("closed: known keys stay, and the endpoint is not asked for newer ones", async () => {
  const rig = await start(json(setOf(first)));
  rig.authorizer.start();
  assert.equal(await rig.try(first), "ok");
  await waitFor(() => rig.clock.pendingTimers === 1, { what: "the plan for the next request" });
  rig.authorizer.close();
  assert.equal(rig.clock.pendingTimers, 0);
  rig.clock.advance(2 * limits.jwksRefreshMs);
  assert.equal(await rig.try(first), "ok");
  assert.equal(rig.server.asked, 1);
});

test("closed: what is under way ends, and nothing is asked any more", async () => {
  const rig = await start(hang);
  rig.authorizer.start();
  await rig.server.waitForRequest(1);
  const waiting = rig.try(first);
  rig.authorizer.close();
  assert.equal(await waiting, "503 keys-unavailable");
  assert.equal(rig.clock.pendingTimers, 0);
  rig.clock.advance(limits.jwksRefreshMs);
  assert.equal(await rig.try(first), "503 keys-unavailable");
  assert.equal(rig.server.asked, 1);
  assert.deepEqual(rig.logger.records, []);
});
