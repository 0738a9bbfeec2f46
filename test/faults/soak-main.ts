/**
 * Breaks things for as long as it is told to: `--minutes 30 --seed N`, `--fault NAME` and
 * `--nodes RUNTIME/ENGINE` (both repeatable) for less than all. With `--watched` it breaks
 * nothing: metrics are scraped, the console is open, and nothing may grow. Ends with 1 as soon as
 * a round showed anything that is not as promised.
 */
import { parseArgs } from "node:util";
import { combinations } from "../support/gateway/gateway.ts";
import { exitAtSignals } from "../support/process/kill-at-exit.ts";
import { Dice, fuzzSeed } from "../vectors/dice.ts";
import { Cluster, type Combination } from "./cluster/cluster.ts";
import { faults } from "./kinds/all-faults.ts";
import { serves } from "./kinds/fault.ts";
import type { Outcome } from "./outcome.ts";
import { runFault } from "./run-fault.ts";
import { outcomeTable } from "./table.ts";
import { watchedSoak } from "./watched/watched-soak.ts";

/** Every fault once, in an order of chance, at nodes of one kind. */
async function round(
  combination: Combination,
  names: readonly string[],
  seed: number,
): Promise<Outcome[]> {
  const dice = new Dice(seed);
  const outcomes: Outcome[] = [];
  const left = names.map((name) => faults[name]!);
  while (left.length > 0) {
    // One cluster for all that need the same flags.
    await using cluster = await Cluster.start(combination, left[0]);
    const now = left.filter((fault) => serves(cluster, fault));
    while (now.length > 0) {
      const [fault] = now.splice(dice.below(now.length), 1);
      left.splice(left.indexOf(fault!), 1);
      outcomes.push(await runFault(cluster, fault!, dice.below(1_000_000)));
    }
  }
  return outcomes;
}

/** One combination after the other, so many minutes each. */
async function watched(kinds: readonly Combination[], minutes: number): Promise<number> {
  let failed = false;
  for (const combination of kinds) {
    console.log(`${combination.runtime}/${combination.engine}, ${minutes} minutes`);
    for (const problem of await watchedSoak(combination, minutes)) {
      failed = true;
      console.log(`  ${problem}`);
    }
  }
  return failed ? 1 : 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string" },
      fault: { type: "string", multiple: true, default: Object.keys(faults) },
      nodes: { type: "string", multiple: true, default: [] },
      watched: { type: "boolean", default: false },
    },
  });
  const end = Date.now() + 60_000 * Number(values.minutes);
  const kinds = combinations.filter(({ runtime, engine }) => {
    return values.nodes.length === 0 || values.nodes.includes(`${runtime}/${engine}`);
  });
  if (values.watched) return watched(kinds, Number(values.minutes));
  let seed = fuzzSeed(values.seed);
  for (let count = 0; count === 0 || Date.now() < end; count++, seed++) {
    const combination = kinds[count % kinds.length]!;
    console.log(`round ${count + 1}, seed ${seed}`);
    const outcomes = await round(combination, values.fault, seed);
    console.log(outcomeTable(outcomes));
    const failed = outcomes.filter(({ failures }) => failures.length > 0);
    for (const { fault, failures } of failed) {
      console.log(`${fault.name}:\n  ${failures.join("\n  ")}`);
    }
    if (failed.length > 0) return 1;
  }
  return 0;
}

exitAtSignals();
process.exitCode = await main();
