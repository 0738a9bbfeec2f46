import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import {
  type Handshake,
  type HttpAnswer,
  handshakeText,
  RawClient,
} from "../../support/clients/raw-client.ts";
import { metricOf, type RunningGateway } from "../../support/gateway/control-rig.ts";
import { anyCombination, combinations, startGateway } from "../../support/gateway/gateway.ts";
import { JwksServer, json } from "../../support/keys/jwks-server.ts";
import {
  base64url,
  createIssuer,
  secret,
  secretBytes,
  sign,
  signBy,
} from "../../support/keys/tokens.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { patience } from "../../support/process/wait.ts";

type Info = Record<string, unknown> & { user?: string };

const skip = skipWithout("mosquitto");
const issuers = await Promise.all(["RS256", "ES256", "EdDSA"].map((it) => createIssuer(it, it)));
const [rsa, ec] = issuers;
const stranger = await createIssuer("ES256", "ES256");
const seconds = (): number => Math.floor(Date.now() / 1_000);

const right = { iss: "https://me.example", aud: "chat", exp: seconds() + 3_600 };

async function answerTo(gateway: RunningGateway, handshake: Handshake): Promise<HttpAnswer> {
  const client = await RawClient.connect(gateway.info.port);
  client.write(handshakeText(handshake));
  const answer = await client.answer();
  client.destroy();
  return answer;
}

const bearer = (token: string): Handshake => ({ headers: { Authorization: `Bearer ${token}` } });

for (const combination of combinations) {
  const { runtime, engine } = combination;
  describe(`tokens at the edge, on ${runtime}, engine ${engine}`, { skip }, () => {
    let broker: Mosquitto;
    let origin: PlainOrigin;
    let jwks: JwksServer;
    let gateway: RunningGateway;
    /** Every token that was sent: none may come to light. */
    const sent: string[] = [];

    before(async () => {
      [broker, jwks] = await Promise.all([
        Mosquitto.start(),
        JwksServer.start(json({ keys: issuers.map(({ jwk }) => jwk) })),
      ]);
      origin = await PlainOrigin.connect(broker.url());
      const flags = ["--engine", engine, "--broker", broker.url(), "--drain-period", "0ms"];
      flags.push("--authorize", "jwt", "--jwt-jwks", jwks.url, "--log-level", "debug");
      flags.push("--jwt-issuer", right.iss, "--jwt-audience", right.aud);
      flags.push("--jwt-from", "header,query:access_token,cookie:session,subprotocol:bearer.");
      flags.push("--headers", "authorization,cookie,sec-websocket-protocol,user-agent");
      flags.push("--cookies", "session,theme", "--subprotocols", "chat.v1");
      const env = { WSS_JWT_SECRET: secret };
      gateway = await startGateway({ runtime, flags, env, kept: true });
    });

    after(async () => {
      await gateway[Symbol.asyncDispose]();
      await origin.end();
      await jwks.stop();
      await broker[Symbol.asyncDispose]();
    });

    /** Opens a connection; what its `open` says. */
    async function open(
      handshake: Handshake,
    ): Promise<{ client: RawClient; id: string; info: Info }> {
      const client = await RawClient.open(gateway.info.port, handshake);
      const [, id, , info] = await origin.nextOf("open");
      return { client, id: id as string, info: info as Info };
    }

    async function token(claims: Record<string, unknown>): Promise<string> {
      const made = await sign("HS256", secretBytes, { ...right, ...claims });
      sent.push(made);
      return made;
    }

    it("lets in by each algorithm, with keys of the secret and of the endpoint", async () => {
      for (const issuer of issuers) {
        const made = await signBy(issuer, { ...right, sub: issuer.algorithm });
        sent.push(made);
        const { client, info } = await open(bearer(made));
        assert.equal(info.user, issuer.algorithm);
        client.destroy();
      }
      const { client, info } = await open(bearer(await token({ sub: "HS256" })));
      assert.equal(info.user, "HS256");
      client.destroy();
      assert.equal(jwks.asked, 1);
    });

    it("takes a token from each place, and the origin sees none of it", async () => {
      const made = await token({ sub: "u1" });
      const rest = { "User-Agent": "t", Cookie: "theme=dark" };
      const places: readonly Handshake[] = [
        { headers: { ...rest, Authorization: `Bearer ${made}` } },
        { path: `/?x=1&access_token=${made}`, headers: rest },
        { headers: { ...rest, Cookie: `theme=dark; session=${made}` } },
        { headers: { ...rest, "Sec-WebSocket-Protocol": `chat.v1, bearer.${made}` } },
      ];
      for (const handshake of places) {
        const client = await RawClient.connect(gateway.info.port);
        client.write(handshakeText(handshake));
        const answer = await client.answer();
        assert.equal(answer.statusCode, 101);
        assert.ok(!JSON.stringify([...answer.headers]).includes(made));
        const [, , , info] = (await origin.nextOf("open")) as [string, string, number, Info];
        const { user, query, headers, cookies, subprotocols } = info;
        const offered = handshake === places[3] ? ["chat.v1"] : [];
        const expected = {
          user: "u1",
          query: handshake === places[1] ? "x=1" : "",
          headers: {
            cookie: "theme=dark",
            "user-agent": "t",
            ...(offered.length === 0 ? {} : { "sec-websocket-protocol": "chat.v1" }),
          },
          cookies: { theme: "dark" },
          subprotocols: offered,
        };
        assert.deepEqual({ user, query, headers, cookies, subprotocols }, expected);
        assert.equal(answer.headers.get("sec-websocket-protocol"), offered[0]);
        client.destroy();
      }
      assert.ok(!JSON.stringify(origin.events).includes(made.split(".")[2] as string));
    });

    it("makes it a member of the token's groups, before open is told", async () => {
      const { client } = await open(bearer(await token({ sub: "u2", groups: ["room 1", "b"] })));
      await origin.command(undefined, ["publish", "room 1", "to the room"]);
      assert.equal(await client.nextText(), "to the room");
      await origin.command(undefined, ["publish", "@user/u2", "to the user"]);
      assert.equal(await client.nextText(), "to the user");
      client.destroy();
    });

    it("refuses what is no right token, says why, and counts it", async () => {
      const good = await token({ sub: "u" });
      const forged = await signBy(stranger, right);
      const confused = await sign("HS256", new TextEncoder().encode(rsa?.pem), right, "RS256");
      const [, claims] = good.split(".");
      const unsigned = `${base64url({ alg: "none" })}.${claims}.`;
      const cases: readonly (readonly [made: string, reason: RegExp, code?: string])[] = [
        [forged, /no known key has signed/],
        [confused, /no known key has signed/],
        [unsigned, /not signed/],
        [`${good.slice(0, -4)}AAAA`, /no known key has signed/],
        [await token({ iss: "https://you.example" }), /another issuer/],
        [await token({ aud: "shop" }), /another audience/],
        [await token({ exp: undefined }), /no exp claim/],
        [await token({ nbf: seconds() + 3_600 }), /not valid yet/],
        [await token({ groups: ["@all"] }), /invalid group name/],
        [await token({ exp: seconds() - 3_600 }), /has expired/, "token-expired"],
        [await signBy(ec as typeof stranger, {}), /another issuer/],
      ];
      const counter = (code: string): string => `wss_errors_total{code="${code}"}`;
      const before = await metricOf(gateway, counter("token-invalid"));
      for (const [made, reason, code = "token-invalid"] of cases) {
        sent.push(made);
        const client = await RawClient.connect(gateway.info.port);
        client.write(handshakeText(bearer(made)));
        const { statusCode, headers, body } = await client.wholeAnswer();
        assert.equal(statusCode, 401);
        assert.match(headers.get("www-authenticate") ?? "", /^Bearer error="invalid_token", /);
        assert.match(headers.get("www-authenticate") ?? "", reason);
        assert.ok(body.includes(`"code":"${code}"`), body);
        client.destroy();
      }
      assert.equal(await metricOf(gateway, counter("token-invalid")), before + cases.length - 1);
      assert.equal(await metricOf(gateway, counter("token-expired")), 1);
      const missing = await answerTo(gateway, {});
      assert.equal(missing.statusCode, 401);
      assert.equal(missing.headers.get("www-authenticate"), "Bearer");
      assert.equal(await metricOf(gateway, counter("token-missing")), 1);
    });

    if (combination === anyCombination) {
      it("closes with 4401 when the token ends, unless the origin renews it", async () => {
        // Well before the gateway takes clients for dead that answer no ping.
        const exp = Date.now() / 1_000 + Math.min(15, patience());
        const [ending, renewed] = [
          await open(bearer(await token({ exp }))),
          await open(bearer(await token({ exp }))),
        ];
        const later = Date.now() + 60_000;
        await origin.command(gateway.info.node, ["renew", renewed.id, later, { ref: "r" }]);
        assert.deepEqual(await origin.replyTo("r"), { [renewed.id]: "renewed" });
        const close = await ending.client.closeFrame();
        assert.equal(close?.code, 4401);
        const [, , , code, , cause] = await origin.closeOf(ending.id);
        assert.deepEqual([code, cause], [4401, "limit"]);
        await origin.command(gateway.info.node, ["send", renewed.id, "still here"]);
        assert.equal(await renewed.client.nextText(), "still here");
        ending.client.destroy();
        renewed.client.destroy();
      });
    }

    it("a bearer header full of spaces stalls nobody, it is as cheap as any", async () => {
      /** The best of some, so that another process's turn counts for neither. */
      const best = async (authorization: string): Promise<number> => {
        const times: number[] = [];
        for (let round = 0; round < 5; round++) {
          const begin = performance.now();
          const answer = await answerTo(gateway, { headers: { Authorization: authorization } });
          times.push(performance.now() - begin);
          assert.equal(answer.statusCode, 401);
        }
        return Math.min(...times);
      };
      const [usual, hostile] = ["y", " "].map((filling) => `bearer a${filling.repeat(15_900)}x`);
      const [plainMs, hostileMs] = [await best(usual as string), await best(hostile as string)];
      assert.ok(hostileMs < 10 * plainMs, `${hostileMs} ms, and ${plainMs} ms without spaces`);
    });

    it("has logged no token, no secret", () => {
      assert.ok(sent.length > 10);
      for (const line of gateway.lines) {
        assert.ok(!line.includes(secret));
        for (const made of sent) {
          for (const part of made.split(".").filter(Boolean))
            assert.ok(!line.includes(part), line);
        }
      }
    });
  });
}
