import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "./cluster.ts";
import { originKill } from "./origin-faults.ts";
import { runFault } from "./run-fault.ts";
import { outcomeTable } from "./table.ts";

test("nothing is lost, reordered or handled twice, whatever breaks (Bun, native)", async () => {
  await using cluster = await Cluster.start({ runtime: "bun", engine: "native" });
  const outcome = await runFault(cluster, originKill, 1);
  console.log(outcomeTable([outcome]));
  assert.deepEqual(outcome.failures, []);
});
