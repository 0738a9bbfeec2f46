import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { combinations, spawnGateway, startGateway } from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";

const flags = ["--proxy-protocol", "--trusted-proxies", "127.0.0.1"];
flags.push("--engine", "wasm", "--handshake-timeout", "1s");
const one = "PROXY TCP4 198.51.100.1 10.0.0.1 56324 443\r\n";
const two = Buffer.from("0d0a0d0a000d0a515549540a2111000ccb0071020a00000112340050", "hex");

describe("the PROXY protocol", { concurrency: true }, () => {
  for (const { runtime } of combinations.filter(({ engine }) => engine === "wasm")) {
    it(`tells the client's address on ${runtime}; without a header nobody comes in`, async () => {
      const logged = ["--log-level", "info,handshake=debug"];
      const gateway = await startGateway({ runtime, flags: [...flags, ...logged] });
      const { port, adminPort, brokerPort } = gateway.info;
      const origin = await PlainOrigin.connect(`mqtt://127.0.0.1:${brokerPort}`);
      after(() => origin.end());
      const addressTold = async (): Promise<string> =>
        ((await origin.nextOf("open"))[3] as { ip: string }).ip;

      const together = await RawClient.connect(port);
      together.write(one + handshakeText());
      assert.equal((await together.answer()).statusCode, 101);
      assert.equal(await addressTold(), "198.51.100.1");

      const apart = await RawClient.connect(port);
      apart.write(two.subarray(0, 9));
      await apart.turn();
      apart.write(two.subarray(9));
      await apart.turn();
      await apart.upgrade();
      assert.equal(await addressTold(), "203.0.113.2");
      // A message of both: nothing was lost behind the header.
      together.text("one");
      assert.equal((await origin.nextOf("message"))[3], "one");
      apart.text("two");
      assert.equal((await origin.nextOf("message"))[3], "two");

      const without = await RawClient.connect(port);
      without.write(handshakeText());
      const silent = await RawClient.connect(port);
      await Promise.all([without.end(), silent.end()]);
      assert.equal(without.received.length, 0);
      const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
      assert.match(metrics, /^wss_errors_total\{code="proxy-header"\} 2$/m);
      together.send({ opcode: 9, payload: "past the timeout" });
      assert.equal((await together.frame()).payload.toString(), "past the timeout");
      const late = await RawClient.connect(port);
      late.write(`${one}GET / HTTP/1.1\r\n`);
      await late.end();
      const refused = gateway.log.filter(({ event }) => event === "handshake-refused");
      assert.deepEqual(
        refused.map(({ code, address }) => [code, address]),
        [
          ["proxy-header", "127.0.0.1"],
          ["proxy-header", "127.0.0.1"],
          ["handshake-timeout", "198.51.100.1"],
        ],
      );
      for (const client of [together, apart, without, silent, late]) client.destroy();
      assert.equal((await gateway.stop()).code, 0);
    });
  }

  for (const { runtime } of combinations.filter(({ engine }) => engine === "wasm")) {
    it(`cuts a peer that is none of the trusted proxies, on ${runtime}`, async () => {
      const others = ["--trusted-proxies", "192.0.2.0/24,10.0.0.1", "--log-level", "debug"];
      const gateway = await startGateway({ runtime, flags: [...flags, ...others] });
      const { port, adminPort } = gateway.info;
      const client = await RawClient.connect(port);
      client.write(one + handshakeText());
      await client.end();
      assert.equal(client.received.length, 0);
      const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
      assert.match(metrics, /^wss_errors_total\{code="proxy-header"\} 1$/m);
      assert.match(metrics, /^wss_connections_opened_total 0$/m);
      const { code, address } = await gateway.event("handshake-refused");
      assert.deepEqual([code, address], ["proxy-header", "127.0.0.1"]);
      client.destroy();
    });
  }

  it("is refused at the start where it cannot work: exit 2 and why", async () => {
    const native = ["--engine", "native"];
    for (const [runtime, engine] of [
      ["bun", []],
      ["deno", native],
    ] as const) {
      const gateway = spawnGateway({ runtime, flags: ["--proxy-protocol", ...engine] });
      assert.equal((await gateway.exited).code, 2);
      assert.match(gateway.output, /^--proxy-protocol needs --engine wasm: /);
    }
    const tls = ["--tls-cert", "a.crt", "--tls-key", "a.key"];
    const gateway = spawnGateway({ runtime: "node", flags: ["--proxy-protocol", ...tls] });
    assert.equal((await gateway.exited).code, 2);
    assert.match(gateway.output, /^--proxy-protocol and --tls-cert exclude each other: /);
    const open = ["--proxy-protocol", "--engine", "wasm"];
    const unbound = spawnGateway({ runtime: "node", flags: open });
    assert.equal((await unbound.exited).code, 2);
    assert.match(unbound.output, /^--proxy-protocol needs --trusted-proxies: /);
  });
});
