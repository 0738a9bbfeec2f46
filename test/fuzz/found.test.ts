import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createZlibDeflate } from "../../runtimes/deflate.ts";
import { codecs, FramedClient } from "../support/framed-client.ts";

/** What the fuzz tests of this folder have found, each named for its cause. */
const deflate = createZlibDeflate();
const options = { lanes: true, deflate: true };

for (const { name, make } of codecs) {
  describe(`found by fuzzing, ${name}`, () => {
    test("nothing behind a message that does not inflate gets into the lane", () => {
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
