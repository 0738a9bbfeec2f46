import assert from "node:assert/strict";
import { test } from "node:test";
import { spawnGateway, startGateway } from "../../support/gateway/gateway.ts";
import { Cluster } from "./cluster.ts";

test("a node that ends while a cluster starts ends the start, and tells why", async () => {
  const combination = { runtime: "bun", engine: "native" } as const;
  const start = Cluster.start(combination, { flags: ["--no-such-flag", "1"] });
  await assert.rejects(start, /ended with 2, without .*\n.*unknown flag --no-such-flag/);
});

test("a node that finds its port in use says so in the words that repeat a start", async () => {
  const { info } = await startGateway();
  const other = spawnGateway({ flags: ["--port", String(info.port)] });
  await assert.rejects(other.started, /"port-in-use"/);
});
