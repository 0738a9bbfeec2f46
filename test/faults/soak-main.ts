/**
 * Breaks things for as long as it is told to, in rounds of chance: `--minutes 30 --seed N`. A
 * round breaks a cluster in every way, on one runtime and engine after the other, then an HTTP
 * origin in every way, and runs a share of the fuzz and property tests with more cases. `--fault
 * NAME` and `--nodes RUNTIME/ENGINE` (both repeatable) break clusters alone. With `--watched` it
 * breaks nothing: metrics are scraped, the console is open, and nothing may grow. Ends with 1 as
 * soon as something is not as promised. A run of everything leaves its line in the page.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { combinations } from "../support/gateway/gateway.ts";
import { exitAtSignals } from "../support/process/kill-at-exit.ts";
import { bunProgram } from "../support/process/spawn.ts";
import { findTests } from "../support/run/plan.ts";
import { oneOf, orUsage, positive } from "../support/run/usage.ts";
import { Dice, fuzzSeed } from "../vectors/dice.ts";
import { Cluster, type Combination } from "./cluster/cluster.ts";
import { httpCases, httpTable, nameOf, runHttpFault } from "./http/http-faults.ts";
import { faults } from "./kinds/all-faults.ts";
import { serves } from "./kinds/fault.ts";
import { runFault } from "./run-fault.ts";
import { type SoakRun, withSoakRun } from "./soak-table.ts";
import { outcomeTable } from "./table.ts";
import { watchedSoak } from "./watched/watched-soak.ts";

const page = "docs/reliability.md";

/** More than in a check: a divisor of a half is twice as many. */
const manyCases = { FUZZ_DIVISOR: "0.5", PROPERTY_RUNS: "10000" };

/** The runs so far, and what was not as promised. */
class Soak {
  readonly #end: number;
  runs = 0;
  readonly wrong: string[] = [];

  constructor(minutes: number) {
    this.#end = Date.now() + 60_000 * minutes;
  }

  /** The time is over, once something has run; or something went wrong. */
  get done(): boolean {
    return this.wrong.length > 0 || (this.runs > 0 && Date.now() >= this.#end);
  }

  ran(name: string, failures: readonly string[]): void {
    this.runs += 1;
    if (failures.length > 0) this.wrong.push(`${name}:\n  ${failures.join("\n  ")}`);
  }

  /** Every fault once, in an order of chance, at nodes of one kind. */
  async clusters(kind: Combination, names: readonly string[], seed: number): Promise<void> {
    const dice = new Dice(seed);
    const left = names.map((name) => faults[name]!);
    while (left.length > 0 && !this.done) {
      // One cluster for all that need the same flags.
      await using cluster = await Cluster.start(kind, left[0]);
      const now = left.filter((fault) => serves(cluster, fault));
      while (now.length > 0 && !this.done) {
        const [fault] = now.splice(dice.below(now.length), 1);
        left.splice(left.indexOf(fault!), 1);
        const outcome = await runFault(cluster, fault!, dice.below(1_000_000));
        console.log(outcomeTable([outcome]));
        this.ran(`${fault!.name}, ${outcome.combination}`, outcome.failures);
      }
    }
  }

  async httpOrigins(): Promise<void> {
    for (const one of httpCases) {
      if (this.done) return;
      const outcome = await runHttpFault(one);
      console.log(httpTable([outcome]));
      this.ran(nameOf(one), outcome.failures);
    }
  }

  /** The draws of a seed, in every `of`th file from `first` on: each in a process of its own. */
  drawn(seed: number, first: number, of: number): void {
    for (const [index, file] of drawing().entries()) {
      if (index % of !== first) continue;
      if (this.done) return;
      console.log(`${file}, FUZZ_SEED=${seed}`);
      const env = { ...process.env, ...manyCases, FUZZ_SEED: String(seed) };
      const words = ["test", "--timeout", "600000", `./${file}`];
      const { status, stdout, stderr } = spawnSync(bunProgram, words, { env, encoding: "utf8" });
      this.ran(file, status === 0 ? [] : `${stdout}${stderr}`.split("\n").slice(-60));
    }
  }
}

/** Tests that draw what they try. */
function drawing(): string[] {
  const unit = findTests("test/unit").filter((file) =>
    readFileSync(file, "utf8").includes("PROPERTY_RUNS"),
  );
  return [...findTests("test/fuzz").filter((file) => !file.endsWith(".node.test.ts")), ...unit];
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

/** Writes what came of it into the page's table. */
function note(run: SoakRun): void {
  writeFileSync(page, withSoakRun(readFileSync(page, "utf8"), run));
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string" },
      fault: { type: "string", multiple: true, default: [] },
      nodes: { type: "string", multiple: true, default: [] },
      watched: { type: "boolean", default: false },
    },
  });
  const kinds = combinations.map(({ runtime, engine }) => `${runtime}/${engine}`);
  for (const name of values.fault) oneOf("--fault", name, Object.keys(faults));
  for (const kind of values.nodes) oneOf("--nodes", kind, kinds);
  if (values.seed !== undefined) positive("--seed", values.seed);
  return { values, minutes: positive("--minutes", values.minutes) };
}

async function main(): Promise<number> {
  const { values, minutes } = orUsage(readArguments);
  const kinds = combinations.filter(({ runtime, engine }) => {
    return values.nodes.length === 0 || values.nodes.includes(`${runtime}/${engine}`);
  });
  if (values.watched) return watched(kinds, minutes);
  const everything = values.fault.length === 0 && values.nodes.length === 0;
  const names = values.fault.length > 0 ? values.fault : Object.keys(faults);
  const soak = new Soak(minutes);
  const first = fuzzSeed(values.seed);
  let seed = first;
  for (let round = 0; !soak.done; round += 1, seed += 1) {
    console.log(`round ${round + 1}, seed ${seed}`);
    await soak.clusters(kinds[round % kinds.length]!, names, seed);
    if (everything) await soak.httpOrigins();
    if (everything) soak.drawn(seed, round % kinds.length, kinds.length);
  }
  for (const what of soak.wrong) console.log(what);
  if (everything) {
    const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" });
    const failed = soak.wrong.map((what) => what.split(":\n")[0]).join("; ");
    note({
      date: new Date().toISOString().slice(0, 10),
      commit: commit.trim(),
      minutes,
      runs: soak.runs,
      seeds: seed - 1 > first ? `${first}–${seed - 1}` : `${first}`,
      outcome: failed === "" ? "as promised" : `failed: ${failed}`,
    });
  }
  return soak.wrong.length > 0 ? 1 : 0;
}

exitAtSignals();
process.exitCode = await main();
