import assert from "node:assert/strict";
import { test } from "node:test";
import { generate } from "mqtt-packet";
import { publishHead } from "../../../../../adapters/mqtt/lane/publish-packet.ts";
import { Dice } from "../../../../vectors/dice.ts";

test("the head of a PUBLISH is the one that mqtt-packet writes, whatever its length", () => {
  const dice = new Dice(20_261_125);
  const edges = [0, 1, 100, 127, 128, 16_382, 16_383, 16_384, 2_097_151, 2_097_152, 17_000_000];
  const near = edges.flatMap((edge) => [edge - 40, edge - 9, edge - 8, edge, edge + 1]);
  const sizes = [
    ...near.filter((size) => size >= 0),
    ...Array.from({ length: 200 }, () => dice.below(70_000)),
  ];
  for (const size of sizes) {
    for (const protocolVersion of [4, 5] as const) {
      const topic = `wss/v1/é/${"x".repeat(dice.below(300))}`;
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
