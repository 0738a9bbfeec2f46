import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawClient } from "../../support/clients/raw-client.ts";
import { combinations, type GatewayProcess, startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";

const flags = ["--handshake-timeout", "1s", "--idle-timeout", "0", "--log-level", "debug"];

/** What the log says of refused handshakes, sorted. */
function refusedLines({ log }: GatewayProcess): string[] {
  const lines = log.filter(({ event }) => event === "handshake-refused");
  return lines
    .map(({ code, address, status, app, path }) => `${code} ${address} ${status} ${app} ${path}`)
    .sort();
}

describe("a request that does not come whole", { concurrency: true }, () => {
  // Deno's own server has no timeout, and no way to give it one: a named gap.
  const able = combinations.filter((one) => one.runtime !== "deno" || one.engine !== "native");
  for (const { runtime, engine } of able) {
    it(`is cut on ${runtime}, engine ${engine}; a connection is not`, async () => {
      const gateway = await startGateway({ runtime, flags: [...flags, "--engine", engine] });
      const { port, adminPort } = gateway.info;
      const open = await RawClient.open(port);
      const silent = await RawClient.connect(port);
      const slow = await RawClient.connect(port);
      slow.write("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
      const trickle = setInterval(() => slow.write("x"), 100);
      await Promise.all([silent.end(), slow.end()]);
      clearInterval(trickle);
      if (engine === "wasm") assert.equal((await slow.answer()).statusCode, 408);
      if (engine === "wasm") {
        const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
        assert.match(metrics, /^wss_errors_total\{code="handshake-timeout"\} 2$/m);
        const folded = await RawClient.connect(port);
        folded.write("GET /chat?secret HTTP/1.1\r\nA: b\r\n c\r\n\r\n");
        assert.equal((await folded.answer()).statusCode, 400);
        folded.destroy();
        await waitFor(() => refusedLines(gateway).length === 3);
        assert.deepEqual(refusedLines(gateway), [
          "handshake-refused 127.0.0.1 400 default /chat",
          "handshake-timeout 127.0.0.1 408 default /",
          "handshake-timeout 127.0.0.1 undefined undefined undefined",
        ]);
      }
      const done = Date.now() + 1_500;
      await waitFor(() => Date.now() > done);
      assert.ok(!open.ended && !open.closed);
      for (const client of [open, silent, slow]) client.destroy();
    });
  }
});
