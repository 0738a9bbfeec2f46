import assert from "node:assert/strict";
import { test } from "node:test";
import { handled, RouterRig } from "../../../support/memory-node/router-rig.ts";

test("a plain client that subscribes receives all, until an origin announces itself", async () => {
  const rig = await new RouterRig({ mode: "auto" }).start();
  const received = rig.network.received;
  const client = rig.node.connect();
  client.receive("a");
  await rig.rest();
  const verbs = (): string[] =>
    received.flatMap(([, , , items]) => items.map(([verb, , seq]) => `${verb} ${seq}`));
  assert.deepEqual(verbs(), ["open 0", "message 1"]);
  await rig.join("o1");
  client.receive("b");
  await rig.handle(...rig.origins);
  assert.deepEqual([verbs().length, handled(...rig.origins)], [2, ["message 2"]]);
});
