import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageKind } from "../../../../core/ports/mod.ts";
import { idOf, messagesOf } from "../../../support/memory-node/memory-node.ts";
import { closes, handled, RouterRig } from "../../../support/memory-node/router-rig.ts";

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

const outgoing = [
  [{ publishBytesMax: 100, sendQueueBytesMax: 1_000 }, "publish-too-big"],
  [{ publishBytesMax: 1_000, sendQueueBytesMax: 100 }, "queue-too-small"],
] as const;

for (const [options, code] of outgoing) {
  test(`too large a message to clients reaches nobody: ${code}`, async () => {
    const rig = await new RouterRig(options).start("o1");
    const client = rig.node.connect();
    await rig.handle(...rig.origins);
    const [fits, tooBig] = ["x".repeat(100), "x".repeat(101)];
    for (const data of [fits, tooBig]) {
      rig.network.command("o1", ["send", idOf(client), data]);
      rig.network.command("o1", ["publish", "@all", data]);
      const payload = new TextEncoder().encode(data);
      const kind = MessageKind.text;
      rig.broker.groupMessage({ app: "default", group: "@all", kind, payload });
    }
    await rig.rest();
    assert.deepEqual([messagesOf(client), closes(client)], [[fits, fits, fits], []]);
    assert.equal(rig.node.errors(code), 3);
  });
}
