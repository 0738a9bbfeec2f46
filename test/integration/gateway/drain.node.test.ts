import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { closePayload } from "../../support/clients/raw-client-frames.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { waitFor } from "../../support/process/wait.ts";

describe("a node that drains", { concurrency: true }, () => {
  for (const { runtime, engine } of combinations) {
    it(`answers handshakes with 503 and Retry-After on ${runtime}, engine ${engine}`, async () => {
      // The second client's turn is minutes away, however slow the machine is.
      const flags = ["--engine", engine, "--drain-period", "1h"];
      const gateway = await startGateway({ runtime, flags });
      const { port, adminPort } = gateway.info;
      const clients = [await RawClient.open(port), await RawClient.open(port)];
      const early = await RawClient.connect(port);
      gateway.kill("SIGTERM");
      const reasons = await waitFor(async () => {
        const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
        return answer.status === 503 && ((await answer.json()) as { reasons: string[] }).reasons;
      });
      assert.ok(reasons.includes("draining"));
      // Who comes now, and who had a stream already and says only now what it wants.
      for (const client of [await RawClient.connect(port), early]) {
        client.write(handshakeText());
        const answer = await client.answer();
        assert.equal(answer.statusCode, 503);
        assert.equal(answer.headers.get("retry-after"), "1");
        const length = Number(answer.headers.get("content-length"));
        assert.match((await client.bytes(length)).toString(), /"code":"draining"/);
        client.destroy();
      }
      // The drain closes one client; the other one leaves by itself, and then nobody is left.
      const closes = clients.map((client) => client.closeFrame());
      const first = await Promise.any(closes.map((close, at) => close.then(() => at)));
      assert.equal((await closes[first])?.code, 1012);
      clients[first]!.send({ opcode: 8, payload: closePayload(1012) });
      clients[1 - first]!.send({ opcode: 8, payload: closePayload(1000) });
      assert.equal((await closes[1 - first])?.code, 1000);
      assert.deepEqual(await gateway.exited, { code: 0, signal: null });
      for (const client of clients) client.destroy();
    });
  }
});

describe("the period of a drain", { concurrency: true }, () => {
  for (const { runtime, engine } of combinations) {
    it(`closes one by one, serves others, refuses new: ${runtime}, ${engine}`, async (context) => {
      // The second client's turn is minutes away, however slow the machine is.
      const flags = ["--engine", engine, "--drain-period", "1h"];
      const gateway = await startGateway({ runtime, flags });
      const { port, brokerPort } = gateway.info;
      const origin = await PlainOrigin.connect(`mqtt://127.0.0.1:${brokerPort}`);
      const clients: RawClient[] = [];
      context.after(() => {
        for (const client of clients) client.destroy();
        return origin.end();
      });
      const ids: string[] = [];
      while (clients.length < 6) {
        clients.push(await RawClient.open(port));
        ids.push((await origin.nextOf("open"))[1] as string);
      }
      gateway.kill("SIGTERM");
      const frames = clients.map((client) => client.frame());
      const first = await Promise.any(frames.map((frame, at) => frame.then(() => at)));
      assert.equal((await frames[first])?.opcode, 8);
      await assert.rejects(RawClient.open(port), /handshake refused: 503/);
      const rest = [...ids.keys()].filter((at) => at !== first);
      for (const at of rest) clients[at]?.text("still here");
      const arrived = (at: number): boolean =>
        origin.events.some(([verb, id]) => verb === "message" && id === ids[at]);
      await waitFor(() => rest.every(arrived), {
        what: "messages of all that are not closed yet",
      });
      await origin.command(undefined, ["send", ids, "served"]);
      for (const at of rest) {
        const { opcode, payload } = (await frames[at])!;
        assert.deepEqual([opcode, payload.toString()], [1, "served"]);
      }
      assert.equal((await gateway.stop()).code, 1);
    });
  }
});
