import assert from "node:assert/strict";
import { createServer as createTcpServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { metricOf, type RunningGateway } from "../../support/gateway/control-rig.ts";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { BackEnd, json, ok } from "../../support/http/back-end.ts";
import { hostile } from "../../support/http/hostile.ts";

const originFailed = { code: 1013, reason: "origin-failed" };

/** Answers that make the original panic, or send where an id says. */
function faultyReplies(id: string, port: number): unknown[] {
  const messages = (...all: unknown[]): unknown => ({ OutgoingWebSocketMessages: all });
  // The original's ids carry the address to which a node forwards: any address, or its own.
  const forged = Buffer.concat([
    Buffer.of(0),
    Buffer.from(`127.0.0.1:${port}/sr`),
    Buffer.alloc(20, 7),
  ]).toString("base64");
  const Message = { Text: "never" };
  return [
    messages(null),
    messages({ ConnectionIds: [btoa(id)], Message: null }),
    messages({ ConnectionIds: [""], Message }),
    messages({ ConnectionIds: [forged], Message }),
    messages({ ConnectionIds: [btoa(id), forged], Message }),
    messages({ ConnectionIds: [btoa(id)], Message: { Text: "never", Binary: "AA==" } }),
    messages({ ConnectionIds: [btoa(id), null], Message }),
    [
      ["send", id, "never"],
      ["send", "no id", "never"],
    ],
    [["send", id, null]],
    [["shout", id, "never"]],
    [["send", `nobody.${"a".repeat(26)}`, "never"]],
    messages({ ConnectionIds: [btoa(`nobody.${"a".repeat(26)}`)], Message }),
  ];
}

for (const runtime of gatewayRuntimes) {
  describe(`hostile back ends, on ${runtime}`, () => {
    let backEnd: BackEnd;
    let gateway: RunningGateway;

    before(async () => {
      backEnd = await BackEnd.start();
      const flags = ["--origin", backEnd.url, "--origin-retry", "0ms"];
      gateway = await startGateway({
        runtime,
        flags: [...flags, "--origin-timeout", "1s"],
        kept: true,
      });
    });

    after(async () => {
      await gateway[Symbol.asyncDispose]();
      await backEnd.stop();
    });

    for (const { name, react, code } of hostile(10_000_000)) {
      it(`closes the client of a back end that ${name}, and counts it`, async () => {
        backEnd.requests.length = 0;
        const counted = (): Promise<number> =>
          metricOf(gateway, `wss_errors_total{code="${code}"}`);
        const before = await counted();
        backEnd.react = (posted, response) =>
          posted.said === "x" ? react(response) : ok(posted, response);
        const client = await RawClient.open(gateway.info.port);
        client.text("x");
        assert.deepEqual(await client.closeFrame(), originFailed);
        client.destroy();
        const close = await backEnd.received("close");
        const said = JSON.parse(close.body).WebSocketEvent.ConnectionClosed;
        assert.deepEqual(said, { Code: 1013, Reason: "origin-failed", Cause: "error" });
        assert.equal(await counted(), before + 1);
        assert.ok(!backEnd.requests.some(({ url }) => url === "/elsewhere"));
      });
    }

    it("survives every faulty reply: nothing of it is sent, nobody else is asked", async () => {
      backEnd.requests.length = 0;
      let strangers = 0;
      const stranger = createTcpServer(() => void strangers++);
      await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
      const { port } = stranger.address() as { port: number };
      const client = await RawClient.open(gateway.info.port);
      const { id } = await backEnd.received("open");
      const replies = faultyReplies(id, port);
      backEnd.react = ({ said }, response) => {
        if (said === "last") json(response, [["send", id, "alive"]]);
        else json(response, replies[Number(said)] ?? null);
      };
      for (const index of replies.keys()) client.text(String(index));
      client.text("last");
      assert.equal(await client.nextText(), "alive");
      assert.equal(strangers, 0);
      const refused = ["command-malformed", "command-unknown", "id-malformed", "id-foreign"].map(
        (code) => metricOf(gateway, `wss_errors_total{code="${code}"}`),
      );
      const sum = (await Promise.all(refused)).reduce((all, one) => all + one, 0);
      assert.equal(sum, replies.length);
      stranger.close();
      client.destroy();
      backEnd.react = ok;
      await backEnd.received("close");
    });

    it("ignores an answer of another content type, and goes on", async () => {
      backEnd.requests.length = 0;
      backEnd.react = ({ id }, response) => {
        response.writeHead(200, { "content-type": "text/html" });
        response.end(JSON.stringify([["close", id]]));
      };
      const client = await RawClient.open(gateway.info.port);
      client.text("a");
      client.text("b");
      await backEnd.received("b");
      assert.ok(!client.ended);
      client.destroy();
      await backEnd.received("close");
    });

    it("logs each kind of failure once a minute", () => {
      const codes = gateway.log
        .filter(({ event }) => event === "origin-request-failed")
        .map(({ code }) => code);
      assert.deepEqual([...new Set(codes)].sort(), codes.sort());
      assert.ok(codes.length >= 5, String(codes));
    });
  });
}
