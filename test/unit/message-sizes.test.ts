import assert from "node:assert/strict";
import { test } from "node:test";
import { messagesOf } from "../support/memory-node.ts";
import { closes, handled, RouterRig } from "../support/router-rig.ts";

// The node of a rig takes messages of 10,000 bytes.
const cases = [
  ["text", "x".repeat(10_000), "x".repeat(10_001)],
  ["text of two bytes a character", "é".repeat(5_000), "é".repeat(5_001)],
  ["binary", new Uint8Array(10_000), new Uint8Array(10_001)],
] as const;

for (const [what, fits, tooBig] of cases) {
  test(`a message that a runtime's own server took, too large: 1009, ${what}`, async () => {
    const rig = await new RouterRig().start("o1");
    const client = rig.node.connect();
    client.receive(fits);
    await rig.handle(...rig.origins);
    assert.deepEqual(closes(client), []);
    client.receive(tooBig);
    await rig.handle(...rig.origins);
    assert.deepEqual([closes(client), messagesOf(client)], [[1009], []]);
    assert.equal(rig.node.errors("message-too-big"), 1);
    assert.deepEqual(handled(...rig.origins), ["open 0", "message 1", "close 2"]);
    assert.equal(rig.origins[0]?.handled.at(-1)?.[5], "limit");
  });
}
