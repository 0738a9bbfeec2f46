import assert from "node:assert/strict";
import { test } from "node:test";
import { idOf } from "../../support/memory-node/memory-node.ts";
import { RouterRig } from "../../support/memory-node/router-rig.ts";

const app = { app: "default" };

test("gauges tell what there is now: origins, connections, groups, a full window", async () => {
  const rig = await new RouterRig({ windowBytesMax: 4_096 }).start("o1", "o2");
  const read = (name: string, labels?: Record<string, string>): number | undefined =>
    rig.node.metrics.value(name, labels);
  const [one, two] = [rig.node.connect(), rig.node.connect()];
  rig.node.local([
    ["join", idOf(one), "team"],
    ["join", idOf(one), "night"],
    ["join", idOf(two), "team"],
  ]);
  const third = rig.node.connect();
  await rig.rest();
  assert.equal(read("wss_origins", app), 2);
  assert.equal(read("wss_app_connections", app), 3);
  assert.equal(read("wss_connections"), 3);
  assert.equal(read("wss_app_groups", app), read("wss_groups"));
  assert.equal(read("wss_reading_paused"), 0);
  const before = read("wss_event_window_bytes") ?? 0;
  for (let message = 0; message < 3; message++) {
    third.receive("x".repeat(3_000));
    await rig.rest();
  }
  assert.equal(read("wss_reading_paused"), 1);
  const bytes = read("wss_event_window_bytes") ?? 0;
  assert.ok(bytes > before + 3_000, `${bytes} bytes`);
  assert.equal(read("wss_app_event_window_bytes", app), bytes);
  rig.kill(rig.origins[0]!);
  await rig.pass(1);
  assert.equal(read("wss_origins", app), 1);
});
