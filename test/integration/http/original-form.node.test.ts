import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import type { RunningGateway } from "../../support/gateway/control-rig.ts";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { BackEnd, json, ok } from "../../support/http/back-end.ts";
import { freePort } from "../../support/process/free-port.ts";
import { waitFor } from "../../support/process/wait.ts";
import { fromHex } from "../../vectors/hex.ts";
import { originalBinaries, originalEvents, originalStrings } from "../../vectors/original-wire.ts";

const offer = { headers: { "Sec-WebSocket-Protocol": "test" } };
const secret = `whsec_${Buffer.from("a secret of 24 bytes....").toString("base64")}`;

for (const runtime of gatewayRuntimes) {
  describe(`an HTTP origin of the original's form, on ${runtime}`, () => {
    let backEnd: BackEnd;
    let gateway: RunningGateway;

    const start = (...flags: string[]): Promise<RunningGateway> =>
      startGateway({ runtime, flags: [...flags], kept: true });

    before(async () => {
      backEnd = await BackEnd.start();
      const flags = ["--origin", backEnd.url, "--origin-extra-fields", "false"];
      flags.push("--subprotocols", "test", "--keep-alive-interval", "1s");
      flags.push("--origin-concurrency", "2", "--drain-period", "0ms", "--origin-retry", "5s");
      gateway = await start(...flags, "--origin-secret", secret);
    });

    after(async () => {
      await gateway[Symbol.asyncDispose]();
      await backEnd.stop();
    });

    it("starts no broker", () => {
      assert.equal(gateway.info.broker, "none");
      assert.equal(gateway.info.brokerPort, undefined);
    });

    it("writes byte by byte what was recorded from the original", async () => {
      backEnd.requests.length = 0;
      const client = await RawClient.open(gateway.info.port, offer);
      for (const [text] of originalStrings) client.text(text);
      for (const [hex] of originalBinaries) client.send({ opcode: 2, payload: fromHex(hex) });
      await backEnd.received("alive");
      await waitFor(() => backEnd.said.length === originalStrings.length + 3, { what: "all" });
      client.send({ opcode: 8, payload: fromHex("03e8") });
      const { id } = await backEnd.received("close");
      const { established, message, binary, closed, keepAlives } = originalEvents(btoa(id));
      const events = [established("test"), ...originalStrings.map(([, json]) => message(json))];
      events.push(...originalBinaries.map(([, base64]) => binary(base64)), closed);
      const posted = backEnd.requests.filter(({ said }) => said !== "alive");
      assert.deepEqual(
        posted.map(({ body }) => body),
        events,
      );
      const alive = backEnd.requests.find(({ said }) => said === "alive");
      assert.equal(alive?.body, keepAlives([btoa(id)]));
      assert.equal(posted[0]?.url, "/path?x=1");
      assert.equal(posted[0]?.headers["content-type"], "application/json");
      client.destroy();
    });

    it("signs each request", () => {
      for (const { headers, body } of backEnd.requests) {
        const { "webhook-id": id, "webhook-timestamp": time } = headers;
        const mac = createHmac("sha256", "a secret of 24 bytes....");
        const signature = mac.update(`${id}.${time}.${body}`).digest("base64");
        assert.equal(headers["webhook-signature"], `v1,${signature}`);
        assert.ok(Math.abs(Number(time) - Date.now() / 1_000) < 60);
      }
      const ids = backEnd.requests.map(({ headers }) => headers["webhook-id"]);
      assert.equal(new Set(ids).size, ids.length);
    });

    it("carries replies out in order, before the next event; ignores other bodies", async () => {
      backEnd.requests.length = 0;
      backEnd.react = ({ id, said }, response) => {
        const ConnectionIds = [btoa(id)];
        if (said === "one")
          json(response, [
            ["send", id, "a"],
            ["send", id, "b"],
          ]);
        else if (said === "two") {
          const OutgoingWebSocketMessages = [
            { connectionids: ConnectionIds, message: { TEXT: "c" } },
          ];
          json(response, { OutgoingWebSocketMessages });
        } else if (said === "three") json(response, { ok: true });
        else if (said === "zipped") {
          // Nobody asked for it, and the original reads it.
          const headers = { "content-type": "application/json", "content-encoding": "gzip" };
          response.writeHead(200, headers).end(gzipSync(JSON.stringify([["send", id, "z"]])));
        } else response.end(JSON.stringify([["send", id, "not JSON by its type"]]));
      };
      const client = await RawClient.open(gateway.info.port, offer);
      for (const text of ["one", "two", "three", "four", "zipped", "one"]) client.text(text);
      const got: string[] = [];
      while (got.length < 6) got.push(await client.nextText());
      assert.deepEqual(got, ["a", "b", "c", "z", "a", "b"]);
      backEnd.react = ok;
      client.destroy();
      await backEnd.received("close");
    });

    it("sends the closes of a drain before it ends", async () => {
      backEnd.requests.length = 0;
      const client = await RawClient.open(gateway.info.port, offer);
      await backEnd.received("open");
      gateway.kill("SIGTERM");
      assert.deepEqual(await client.closeFrame(), { code: 1012, reason: "service restart" });
      client.destroy();
      assert.deepEqual(await gateway.exited, { code: 0, signal: null });
      assert.deepEqual(backEnd.said, ["open", "close"]);
    });
  });

  describe(`HTTP origins decide over handshakes, on ${runtime}`, () => {
    it("lets in with what the body gives, or refuses with status and body", async () => {
      await using backEnd = await BackEnd.start();
      await using spare = await BackEnd.start();
      const dead = await freePort();
      const urls = `http://127.0.0.1:${dead}/,${backEnd.url},${spare.url}`;
      const flags = ["--origin", urls, "--authorize", "origin"];
      flags.push("--authorize-timeout", "1s", "--origin-retry", "0ms");
      await using gateway = await startGateway({ runtime, flags });
      backEnd.react = ({ said }, response) => {
        if (said !== "connect") response.end();
        else json(response, { user: "ann", subprotocol: "test", headers: { "x-seat": "7" } });
      };
      const client = await RawClient.connect(gateway.info.port);
      client.write(handshakeText({ path: "/chat?a=1", ...offer }));
      const answer = await client.answer();
      assert.equal(answer.statusCode, 101);
      assert.equal(answer.headers.get("sec-websocket-protocol"), "test");
      assert.equal(answer.headers.get("x-seat"), "7");
      const open = await backEnd.received("open");
      const { ConnectionEstablished } = JSON.parse(open.body).WebSocketEvent;
      const { Headers, Address, ...rest } = ConnectionEstablished;
      assert.equal(Address, "127.0.0.1");
      assert.equal(Headers.host, "127.0.0.1");
      assert.deepEqual(rest, { Subprotocol: "test", Path: "/chat", Query: "a=1", User: "ann" });
      client.destroy();
      const close = await backEnd.received("close");
      const closed = JSON.parse(close.body).WebSocketEvent.ConnectionClosed;
      assert.deepEqual(closed, { Code: 1006, Reason: "", Cause: "client" });

      for (const status of [401, 503]) {
        backEnd.react = (_posted, response) => json(response, { why: status }, status);
        assert.deepEqual(await refusal(gateway), [status, `{"why":${status}}`]);
      }
      backEnd.react = () => {};
      spare.react = () => {};
      const [late] = await refusal(gateway);
      assert.equal(late, 504);
    });
  });
}

/** Status and body of the answer to a handshake that is refused. */
async function refusal({ info }: RunningGateway): Promise<[status: number, body: string]> {
  const client = await RawClient.connect(info.port);
  client.write(handshakeText());
  const answer = await client.wholeAnswer();
  client.destroy();
  return [answer.statusCode, answer.body];
}
