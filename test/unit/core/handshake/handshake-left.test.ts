import assert from "node:assert/strict";
import { test } from "node:test";
import { HandshakeRig } from "../../../support/memory-node/handshake-rig.ts";
import { upgradeRequest } from "../../../support/memory-node/memory-node.ts";

test("a client that leaves while its handshake waits gives its place back at once", async () => {
  const rig = await HandshakeRig.start({ authorizeTimeoutMs: 60_000 });
  let leave = (): void => {};
  const request = {
    ...upgradeRequest("/"),
    onLeft: (left: () => void): void => {
      leave = left;
    },
  };
  const answer = Promise.resolve(rig.node.gateway.handshake(request));
  await rig.rest();
  assert.deepEqual([rig.node.taken, rig.node.waiting], [1, 1]);
  leave();
  leave();
  assert.equal((await answer).accepted, false);
  assert.deepEqual([rig.node.taken, rig.node.waiting], [0, 0]);
  assert.equal(rig.node.errors("handshake-left"), 1);
});
