import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createZlibDeflate } from "../../runtimes/server/deflate.ts";
import { createReferenceCodec } from "../reference/mod.ts";
import { codecs, FramedClient } from "../support/clients/framed-client.ts";
import { utf8 } from "../vectors/hex.ts";
import { codecOptions, GatewayRig } from "./rig/gateway-rig.ts";

/** What the fuzz tests of this folder have found, each named for its cause. */
const deflate = createZlibDeflate();
const options = { batchBuffers: true, deflate: true };

for (const { name, make } of codecs) {
  describe(`found by fuzzing, ${name}`, () => {
    test("nothing behind a message that does not inflate gets into the batch buffer", () => {
      const client = new FramedClient(make(), options);
      client.send(
        { opcode: 1, payload: "one" },
        { opcode: 1, payload: Buffer.from([7, 0, 0]), reserved: 4 },
        { opcode: 1, payload: "two" },
      );
      assert.deepEqual(client.received(), ["close 1007 message-inflate"]);
      assert.deepEqual(client.takeMessages(), ["one"]);
    });

    test("a deflated message after our close frame is not missing among the plain ones", () => {
      const client = new FramedClient(make(), options);
      client.socket.close(1000, "");
      client.send(
        { opcode: 1, payload: "one" },
        { opcode: 1, payload: deflate.deflate(Buffer.from("two")), reserved: 4 },
        { opcode: 1, payload: "three" },
        { opcode: 8 },
      );
      assert.deepEqual(client.takeMessages(), ["one", "two", "three"]);
    });
  });
}

test("found by fuzzing: a command for `__proto__` spoils no batch of events", async () => {
  const codec = createReferenceCodec(codecOptions);
  const rig = await GatewayRig.start(codec, { json: false, partitions: 1 });
  const items = [["send", ["__proto__", "no id"], "x", { ref: 1 }]];
  rig.bus.local("default", "o1", utf8(JSON.stringify(items)));
  // The audit reads as origins do, whose decoder refuses that key with all that is around it.
  await rig.turn();
  await rig.turn();
  assert.equal(rig.audit.replies, 1);
});
