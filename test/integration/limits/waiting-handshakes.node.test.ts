import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { waitFor } from "../../support/process/wait.ts";

const flags = [
  "--authorize",
  "origin",
  "--authorize-timeout",
  "1m",
  "--max-handshakes-per-ip",
  "2",
  "--trusted-proxies",
  "127.0.0.0/8",
];

describe("handshakes that wait for an origin", { concurrency: true }, () => {
  for (const { runtime, engine } of combinations) {
    const title = `are counted by address until the client leaves: ${runtime}, engine ${engine}`;
    it(title, { timeout: 300_000 }, async () => {
      const gateway = await startGateway({ runtime, flags: [...flags, "--engine", engine] });
      const { port, adminPort, brokerPort, node } = gateway.info;
      const origin = await PlainOrigin.connect(`mqtt://127.0.0.1:${brokerPort}`);
      const metric = async (name: string): Promise<number> => {
        const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
        return Number(
          text
            .split("\n")
            .find((line) => line.startsWith(`${name} `))
            ?.split(" ")[1],
        );
      };
      const knock = async (address: string): Promise<RawClient> => {
        const client = await RawClient.connect(port);
        client.write(handshakeText({ headers: { "X-Forwarded-For": address } }));
        return client;
      };
      const asked = async (): Promise<unknown> => (await origin.nextOf("connect"))[1];

      const [cut, ended] = [await knock("203.0.113.1"), await knock("203.0.113.1")];
      await asked();
      await asked();
      const third = await knock("203.0.113.1");
      const refusal = await third.wholeAnswer();
      assert.equal(refusal.statusCode, 429);
      assert.match(refusal.body, /"code":"handshakes-per-ip"/);
      const other = await knock("203.0.113.2");
      await asked();
      assert.equal(await metric("wss_handshakes_waiting"), 3);

      // Nobody has decided: the places are free because the clients are gone.
      cut.reset();
      ended.socket.end();
      await waitFor(async () => (await metric("wss_handshakes_waiting")) === 1);
      assert.equal(await metric("wss_connections"), 1);
      assert.equal(await metric('wss_errors_total{code="handshake-left"}'), 2);
      const again = await knock("203.0.113.1");
      await origin.command(node, ["accept", await asked(), {}]);
      assert.equal((await again.answer()).statusCode, 101);
      for (const client of [cut, ended, third, other, again]) client.destroy();
      await origin.end();
    });
  }
});
