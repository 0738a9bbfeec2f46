import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync } from "node:zlib";
import { Dice } from "../../vectors/dice.ts";
import type { SuiteContext } from "./context.ts";

const flush = { finishFlush: constants.Z_SYNC_FLUSH };
const offer = (parameters = ""): { headers: Record<string, string> } => ({
  headers: { "Sec-WebSocket-Extensions": `permessage-deflate${parameters}` },
});

/** Compressed messages that are not as RFC 7692, 7.2 wants them, and some that are. */
export function deflateTests(context: SuiteContext): void {
  const { name, can } = context.combination;
  if (!can.deflate) return;

  const text = Array.from({ length: 700 }, (_, index) => `word-${(index * 7_919) % 1_000}`).join();
  const whole = deflateRawSync(text, flush);
  const payload = whole.subarray(0, -4);

  test(`${name}: a compressed text with its tail left on is understood`, async () => {
    const client = await context.open("tail-left", offer());
    client.send({ opcode: 1, reserved: 4, payload: deflateRawSync("hello", flush) });
    assert.equal(await client.nextText(), "hello");
  });

  const half = payload.length >> 1;
  for (const [what, bytes] of [
    ["half of a compressed text", payload.subarray(0, half)],
    ["a compressed text without its last byte", payload.subarray(0, -1)],
  ] as const) {
    const gap = can.refusesCutDeflate ? "" : "gap: ";
    test(`${name}: ${gap}${what} is no message`, async () => {
      const connection = what.replaceAll(" ", "-");
      const client = await context.open(connection, offer());
      client.send({ opcode: 1, reserved: 4, payload: bytes });
      if (can.refusesCutDeflate) {
        assert.deepEqual(await client.closeFrame(), { code: 1007, reason: "message-inflate" });
        client.socket.end();
        const fault = await context.fixture().event("fault", connection);
        assert.equal(fault.errorCode, "message-inflate");
      } else {
        assert.equal((await client.frame()).opcode, 1);
      }
      client.destroy();
    });
  }

  test(`${name}: ${can.readsFinalBlocks ? "" : "gap: "}blocks behind a final one`, async () => {
    const client = await context.open("final-blocks", offer());
    const last = deflateRawSync("last", flush).subarray(0, -4);
    const bytes = Buffer.concat([deflateRawSync("first "), last]);
    client.send({ opcode: 1, reserved: 4, payload: bytes });
    assert.equal(await client.nextText(), can.readsFinalBlocks ? "first last" : "first ");
    client.send({ opcode: 1, reserved: 4, payload: Buffer.from("f348cdc9c9070000", "hex") });
    assert.equal(await client.nextText(), "Hello");
  });

  test(`${name}: an empty compressed message, with its byte and without`, async () => {
    const client = await context.open("empty-deflated", offer());
    for (const bytes of [Buffer.from([0]), Buffer.alloc(0)]) {
      client.send({ opcode: 1, reserved: 4, payload: bytes });
      assert.equal(await client.nextText(), "");
    }
  });

  test(`${name}: an offer of the full window for us is taken`, async () => {
    const client = await context.open("full-window", offer("; server_max_window_bits=15"));
    client.send({ opcode: 1, reserved: 4, payload });
    assert.ok((await client.frame()).payload.length > 0);
  });

  test(`${name}: a message of the limit passes, though it is longer compressed`, async () => {
    const client = await context.open("incompressible", offer());
    const dice = new Dice(5);
    const data = dice.bytes(1_048_576);
    const bytes = deflateRawSync(data, flush).subarray(0, -4);
    assert.ok(bytes.length > data.length);
    client.send({ opcode: 2, reserved: 4, payload: bytes });
    const frame = await client.frame();
    assert.equal(frame.opcode, 2);
  });
}
