import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { limits } from "../../../core/base/mod.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";

/** Node.js has no watcher here: the origin is in the gateway's process, as in an executable. */

function at(line: Record<string, unknown> | undefined): number {
  return Date.parse(String(line?.at));
}

describe("`dev` ends with its origin, and waits for nothing that cannot come", {
  concurrency: true,
}, () => {
  for (const runtime of gatewayRuntimes) {
    it(`on ${runtime}: the origin confirms all, and leaves before the broker`, async () => {
      const dev = await startGateway({ runtime, command: "dev" });
      await dev.event("origin-joined");
      const client = await RawClient.open(dev.info.port);
      after(() => client.destroy());
      while (!String(await client.nextText()).includes('"online":1'));
      // Ends when all that write to its output have: the example's process and its watcher too.
      const ended = dev.stop();
      await client.closeFrame();
      client.destroy();
      assert.deepEqual(await ended, { code: 0, signal: null }, dev.output);
      const lines = dev.log.filter(({ level }) => level !== "info");
      assert.deepEqual(lines, [], "nothing alarms");
      const stopping = dev.log.find(({ event }) => event === "stopping");
      const stopped = dev.log.at(-1);
      assert.equal(stopped?.event, "stopped", dev.output);
      assert.ok(at(stopped) - at(stopping) < limits.shutdownFlushMs, dev.output);
    });

    it(`on ${runtime}: killed before its origin is connected, nobody stays`, async () => {
      const dev = await startGateway({ runtime, command: "dev" });
      assert.deepEqual(await dev.stop("SIGKILL"), { code: null, signal: "SIGKILL" });
    });
  }
});
