import assert from "node:assert/strict";
import { after, test } from "node:test";
import { allCombinations as all } from "../support/gateway/combinations.ts";
import { Cluster, type Combination } from "./cluster/cluster.ts";
import { faults } from "./kinds/all-faults.ts";
import { serves } from "./kinds/fault.ts";
import type { Outcome } from "./outcome.ts";
import { runFault } from "./run-fault.ts";
import { outcomeTable } from "./table.ts";

/** Same seeds, same victims and moments: as far as processes let anybody repeat anything. */
const seed = 20_261_123;

/** The runner runs a file of these beside one for each core, which all these processes share. */
export const slack = 3;

/** Shown on each runtime and engine. Each other fault is shown on one: `npm run soak` has all. */
const everywhere: ReadonlySet<string> = new Set(["originKill", "brokerKill", "nodeDeploy"]);

function faultsOf({ runtime, engine }: Combination): string[] {
  const place = all.findIndex((one) => one.runtime === runtime && one.engine === engine);
  return Object.keys(faults).filter((name, index) => {
    return everywhere.has(name) || index % all.length === place;
  });
}

/** Breaks a cluster in its ways, one after the other: a test each, and a table in the end. */
export function prove(combination: Combination): void {
  const names = faultsOf(combination);
  const outcomes: Outcome[] = [];
  let cluster: Cluster | undefined;
  after(async () => {
    if (outcomes.length > 0) console.log(outcomeTable(outcomes));
    await cluster?.[Symbol.asyncDispose]();
  });
  for (const [index, name] of names.entries()) {
    const { runtime, engine } = combination;
    const fault = faults[name]!;
    test(`${runtime}, ${engine}: ${fault.name}`, async () => {
      if (cluster !== undefined && !serves(cluster, fault)) {
        await cluster[Symbol.asyncDispose]();
        cluster = undefined;
      }
      const present = cluster ?? (await Cluster.start({ ...combination, slack }, fault));
      // One that a failure leaves half broken serves no further test.
      cluster = undefined;
      try {
        const outcome = await runFault(present, fault, seed + index);
        outcomes.push(outcome);
        assert.deepEqual(outcome.failures, []);
        cluster = present;
      } finally {
        if (cluster === undefined) await present[Symbol.asyncDispose]();
      }
    });
  }
}
