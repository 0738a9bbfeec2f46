import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { PeerNames } from "../../../../adapters/peers/peer-names.ts";
import { ManualClock, MemoryLogger } from "../../../support/memory/mod.ts";

/** Names whose addresses a test changes. */
class Names {
  readonly clock: ManualClock = new ManualClock();
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly addresses: Map<string, readonly string[]> = new Map();
  readonly changes: string[][] = [];
  readonly asked: string[] = [];
  readonly names: PeerNames;

  constructor(peers: readonly string[]) {
    const { clock, logger } = this;
    const resolve = async (host: string): Promise<readonly string[]> => {
      this.asked.push(host);
      const found = this.addresses.get(host);
      if (found === undefined) throw Object.assign(new Error("no such name"), { code: "ENO" });
      return found;
    };
    this.names = new PeerNames(peers, { clock, logger, resolve }, (addresses) => {
      this.changes.push([...addresses].sort());
    });
  }

  async pass(ms: number): Promise<string[] | undefined> {
    this.clock.advance(ms);
    await setImmediate();
    return this.changes.at(-1);
  }
}

test("a name stands for all its addresses, which are asked for again every minute", async () => {
  const rig = new Names(["http://nodes.test:8083", "http://10.0.0.9:1", "https://one.test"]);
  rig.addresses.set("nodes.test", ["10.0.0.2", "10.0.0.1", "fd00::1"]);
  rig.names.start();
  const fixed = ["http://10.0.0.9:1", "https://one.test"];
  const first = ["http://10.0.0.1:8083", "http://10.0.0.2:8083"];
  assert.deepEqual(await rig.pass(0), [...first, fixed[0], "http://[fd00::1]:8083", fixed[1]]);
  rig.addresses.set("nodes.test", ["10.0.0.3"]);
  await rig.pass(59_000);
  assert.equal(rig.changes.length, 1);
  assert.deepEqual(await rig.pass(1_000), ["http://10.0.0.3:8083", ...fixed]);
  assert.deepEqual(new Set(rig.asked), new Set(["nodes.test"]), "an address is not resolved");
  rig.names.stop();
  await rig.pass(120_000);
  assert.equal(rig.changes.length, 2);
});

test("while a name cannot be resolved its last addresses stay, and one line says so", async () => {
  const rig = new Names(["http://nodes.test:1"]);
  rig.names.start();
  assert.deepEqual(await rig.pass(0), []);
  rig.addresses.set("nodes.test", ["10.0.0.1"]);
  assert.deepEqual(await rig.pass(60_000), ["http://10.0.0.1:1"]);
  rig.addresses.clear();
  assert.deepEqual(await rig.pass(60_000), ["http://10.0.0.1:1"]);
  await rig.pass(60_000);
  const lines = rig.logger.of("peer-name-unresolved").map(({ fields }) => fields);
  const line = { host: "nodes.test", reason: "ENO" };
  assert.deepEqual(lines, [line, line], "once for each time that it begins to fail");
});

test("a peer that no name has is looked for soon, and not more often than that", async () => {
  const rig = new Names(["http://nodes.test:1"]);
  rig.addresses.set("nodes.test", []);
  rig.names.start();
  await rig.pass(0);
  for (let i = 0; i < 5; i++) rig.names.resolveSoon();
  await rig.pass(4_000);
  rig.names.resolveSoon();
  assert.equal(rig.asked.length, 1);
  await rig.pass(1_000);
  assert.equal(rig.asked.length, 2);
});
