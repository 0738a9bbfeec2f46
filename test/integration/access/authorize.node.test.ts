import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { type Handshake, handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { errorsOf, type RunningGateway } from "../../support/gateway/control-rig.ts";
import { anyCombination, combinations, startGateway } from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { waitFor } from "../../support/process/wait.ts";

type Values = Record<string, unknown>;

/** Sends a handshake and leaves it waiting. */
async function knock(gateway: RunningGateway, handshake: Handshake = {}): Promise<RawClient> {
  const client = await RawClient.connect(gateway.info.port);
  client.write(handshakeText(handshake));
  return client;
}

for (const combination of combinations) {
  const { runtime, engine } = combination;
  describe(`handshakes that the origin decides over, on ${runtime}, engine ${engine}`, () => {
    let broker: Mosquitto;
    let gateway: RunningGateway;
    let origin: PlainOrigin;

    before(async () => {
      broker = await Mosquitto.start();
      origin = await PlainOrigin.connect(broker.url());
      const flags = ["--engine", engine, "--broker", broker.url(), "--authorize", "origin"];
      flags.push(
        "--authorize-timeout",
        "1s",
        "--subprotocols",
        "chat.v1",
        "--drain-period",
        "0ms",
      );
      flags.push("--cookies", "session", "--trusted-proxies", "127.0.0.1", "--log-level", "debug");
      gateway = await startGateway({ runtime, flags, kept: true });
    });

    after(async () => {
      await gateway[Symbol.asyncDispose]();
      await origin.end();
      await broker[Symbol.asyncDispose]();
    });

    async function asked(): Promise<{ id: string; request: Values }> {
      const [, id, request] = await origin.nextOf("connect");
      return { id: id as string, request: request as Values };
    }

    const decide = (...item: unknown[]): Promise<void> => origin.command(gateway.info.node, item);

    it("asks with what the client sent, and opens with what was accepted", async () => {
      const client = await knock(gateway, {
        path: "/room?x=1",
        headers: {
          Cookie: "other=no; session=abc",
          "User-Agent": "t",
          "X-Forwarded-For": "203.0.113.9",
          "Sec-WebSocket-Protocol": "chat.v1, special",
        },
      });
      const { id, request } = await asked();
      const { at, ...others } = request;
      assert.deepEqual(others, {
        path: "/room",
        query: "x=1",
        headers: { host: "127.0.0.1", "user-agent": "t" },
        cookies: { session: "abc" },
        ip: "203.0.113.9",
        subprotocols: ["chat.v1", "special"],
        timeout: 1_000,
      });
      await decide("accept", id, {
        subprotocol: "special",
        user: "ann",
        groups: ["room/1"],
        state: { seat: 7 },
        headers: { "X-Seat": "7", "Set-Cookie": "seat=7" },
        ref: "a",
      });
      const answer = await client.answer();
      assert.equal(answer.statusCode, 101);
      assert.equal(answer.headers.get("sec-websocket-protocol"), "special");
      assert.equal(answer.headers.get("x-seat"), "7");
      assert.equal(answer.headers.get("set-cookie"), "seat=7");
      assert.deepEqual(await origin.nextOf("reply"), ["reply", "a", { [id]: "accepted" }]);
      const [, opened, seq, info] = (await origin.nextOf("open")) as [
        string,
        string,
        number,
        Values,
      ];
      assert.deepEqual([opened, seq], [id, 0]);
      assert.equal(typeof at, "number");
      assert.equal(info.at, at, "the time of the question");
      assert.deepEqual([info.user, info.subprotocol, info.state], ["ann", "special", { seat: 7 }]);
      client.text("hi");
      assert.deepEqual(await origin.nextOf("message"), ["message", id, 1, "hi", { seat: 7 }]);
      // Both its groups were there before it opened.
      await origin.publishTo("groups/room%2F1/text", "by the group");
      await origin.publishTo("groups/@user%2Fann/text", "by the user");
      const texts = [await client.nextText(), await client.nextText()].sort();
      assert.deepEqual(texts, ["by the group", "by the user"]);
      client.destroy();
      await origin.nextOfId("close", id);
    });

    it("takes the subprotocol that it would have chosen, where accept says nothing", async () => {
      const client = await knock(gateway, { headers: { "Sec-WebSocket-Protocol": "x, chat.v1" } });
      await decide("accept", (await asked()).id);
      const answer = await client.answer();
      assert.equal(answer.headers.get("sec-websocket-protocol"), "chat.v1");
      client.destroy();
    });

    it("answers with what the origin rejects with", async () => {
      const client = await knock(gateway);
      const { id } = await asked();
      const options = { headers: { "WWW-Authenticate": "Basic" }, ref: 1 };
      await decide("reject", id, 401, "who are you?", options);
      const { statusCode, headers, body } = await client.wholeAnswer();
      assert.deepEqual([statusCode, body], [401, "who are you?"]);
      assert.equal(headers.get("www-authenticate"), "Basic");
      assert.deepEqual(await origin.replyTo(1), { [id]: "rejected" });
      assert.ok((await errorsOf(gateway, "handshake-rejected")) >= 1);
    });

    const wrong: readonly [what: string, accept: unknown, code: string][] = [
      ["a subprotocol that was not offered", { subprotocol: "nobody" }, "handshake-subprotocol"],
      ["a user that is none", { user: "" }, "handshake-grant"],
      ["a user that is too long", { user: "é".repeat(126) }, "handshake-grant"],
      ["a group that is none", { groups: ["ok", ""] }, "group-name"],
      ["a group that only the gateway gives", { groups: ["@user/root"] }, "group-name"],
      ["a header that would begin another", { headers: { a: "b\r\nc: d" } }, "handshake-grant"],
      [
        "a header of the handshake",
        { headers: { "Sec-WebSocket-Accept": "x" } },
        "handshake-grant",
      ],
      ["what is no map", 7, "handshake-grant"],
      ["half of a character", { user: "\ud800" }, "handshake-grant"],
      ["a state that is too big", { state: "x".repeat(5_000) }, "state-too-big"],
    ];
    if (combination === anyCombination) {
      it("answers 500 to an accept that is none, tells origin and log why", async () => {
        for (const [what, accept, code] of wrong) {
          const client = await knock(gateway, {
            headers: { "Sec-WebSocket-Protocol": "chat.v1" },
          });
          const { id } = await asked();
          const before = await errorsOf(gateway, code);
          await decide("accept", id, accept);
          const { statusCode, body } = await client.wholeAnswer();
          assert.equal(statusCode, 500, what);
          assert.ok(body.includes(`"code":"${code}"`), `${what}: ${body}`);
          assert.deepEqual(await origin.replyTo(null), { [id]: code }, what);
          assert.ok((await errorsOf(gateway, code)) > before, what);
          const logged = (): unknown => gateway.log.find((line) => line.code === code);
          assert.ok(await waitFor(logged, { what: `a line of ${code}` }));
        }
      });
    }

    it("answers 504 when nobody decides, and the late accept with its code", async () => {
      const client = await knock(gateway);
      const { id } = await asked();
      const { statusCode, body } = await client.wholeAnswer();
      assert.equal(statusCode, 504);
      assert.match(body, /"code":"authorize-timeout"/);
      await decide("accept", id, { ref: "late" });
      assert.deepEqual(await origin.replyTo("late"), { [id]: "handshake-gone" });
      await decide("reject", id, 403);
      assert.deepEqual(await origin.replyTo(null), { [id]: "handshake-gone" });
    });

    if (combination === anyCombination) {
      it("lets a thousand wait while another's messages pass", async () => {
        const flags = ["--engine", engine, "--broker", broker.url(), "--authorize", "origin"];
        flags.push("--authorize-timeout", "1m", "--max-handshake-rate-per-ip", "0");
        const patient = await startGateway({ runtime, flags });
        const talker = await knock(patient);
        const { id } = await asked();
        await origin.command(patient.info.node, ["accept", id]);
        assert.equal((await talker.answer()).statusCode, 101);
        const waiting: RawClient[] = [];
        while (waiting.length < 1_000) waiting.push(await knock(patient));
        const ids: string[] = [];
        while (ids.length < waiting.length) ids.push((await asked()).id);
        talker.text("between");
        const [, by, , text] = await origin.nextOf("message");
        assert.deepEqual([by, text], [id, "between"]);
        const metrics = await fetch(`http://127.0.0.1:${patient.info.adminPort}/metrics`);
        assert.match(await metrics.text(), /^wss_handshakes_waiting 1000$/m);
        await origin.command(patient.info.node, ...ids.map((id) => ["accept", id]));
        for (const client of waiting) assert.equal((await client.answer()).statusCode, 101);
        for (const client of [...waiting, talker]) client.destroy();
        await patient[Symbol.asyncDispose]();
      });
    }

    it("has written JSON lines and nothing else: Deno warned of `request.signal`", () => {
      assert.deepEqual(
        gateway.lines.filter((line) => !line.startsWith("{")),
        [],
      );
    });
  });
}
