import assert from "node:assert/strict";
import { test } from "node:test";
import type { AdminSource } from "../../../../adapters/admin/mod.ts";
import { Overview } from "../../../../adapters/admin/overview.ts";

/** A process whose counters and clock are the test's. */
class Rig {
  at = 1_000_000;
  opened = 100;
  reasons: string[] = [];
  readonly overview: Overview;

  constructor() {
    const member = (node: string, connections: number) => ({
      node,
      ask: async () => ({ node, connections }),
      tail: () => () => {},
    });
    const source = {
      identity: { node: "edge-1" },
      members: () => [member("edge-1-0", 2), member("edge-1-1", 3)],
      totals: async () => ({ opened: this.opened }),
      ready: () => this.reasons,
    } as unknown as AdminSource;
    this.overview = new Overview(source, () => this.at);
  }

  async rates(): Promise<unknown> {
    const { rates, ratesOverMs } = await this.overview.read();
    return rates === undefined ? undefined : [rates, ratesOverMs];
  }
}

test("rates are per second, since the reading before", async () => {
  const rig = new Rig();
  assert.equal(await rig.rates(), undefined);
  rig.at += 2_000;
  rig.opened += 5;
  assert.deepEqual(await rig.rates(), [{ opened: 2.5 }, 2_000]);
  rig.at += 4_000;
  assert.deepEqual(await rig.rates(), [{ opened: 0 }, 4_000]);
});

test("a second reader right after the first one gets rates of a long enough time", async () => {
  const rig = new Rig();
  await rig.rates();
  rig.at += 2_000;
  rig.opened += 10;
  await rig.rates();
  rig.at += 10;
  assert.deepEqual(await rig.rates(), [{ opened: 10_000 / 2_010 }, 2_010]);
});

test("a counter that went back is no negative rate", async () => {
  const rig = new Rig();
  await rig.rates();
  rig.at += 1_000;
  rig.opened = 1;
  assert.deepEqual(await rig.rates(), [{ opened: 0 }, 1_000]);
});

test("connections of all workers are summed up, and a reason makes it unready", async () => {
  const rig = new Rig();
  const first = await rig.overview.read();
  assert.deepEqual([first.connections, first.ready, first.reasons], [5, true, []]);
  rig.reasons = ["draining"];
  const then = await rig.overview.read();
  assert.deepEqual([then.node, then.ready, then.reasons], ["edge-1", false, ["draining"]]);
});
