import assert from "node:assert/strict";
import { test } from "node:test";
import { generate } from "mqtt-packet";
import { publishHead } from "../../../../../adapters/mqtt/lane/publish-packet.ts";
import { Dice } from "../../../../vectors/dice.ts";

test("the head of a PUBLISH is the one that mqtt-packet writes, whatever its length", () => {
  const dice = new Dice(20_261_125);
  const edges = [1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 17_000_000];
  const bodies = edges.flatMap((edge) => [edge - 1, edge, edge + 1]);
  for (let n = 0; n < 200; n++) bodies.push(dice.below(70_000));
  for (const body of bodies) {
    for (const protocolVersion of [4, 5] as const) {
      const topic = `wss/é/${"x".repeat(dice.below(100))}`;
      // So that the packet has this length behind its fixed header.
      const size = Math.max(0, body - 2 - Buffer.byteLength(topic) - (protocolVersion - 4));
      const payload = Buffer.alloc(size);
      const packet = {
        cmd: "publish",
        topic,
        payload,
        qos: 0,
        retain: false,
        dup: false,
      } as const;
      const whole = generate(packet, { protocolVersion });
      const head = publishHead({ topic, payloadBytes: size, version: protocolVersion });
      assert.deepEqual(head, whole.subarray(0, whole.length - size), `${size} ${protocolVersion}`);
    }
  }
});
