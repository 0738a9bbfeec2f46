import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { clientFrame } from "../../support/clients/raw-client-frames.ts";
import type { SuiteContext } from "./context.ts";

const offer = {
  headers: { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" },
};
const tail = Buffer.from([0, 0, 0xff, 0xff]);
const flush = { finishFlush: constants.Z_SYNC_FLUSH };

/** Messages both ways: RFC 6455, 5.4 to 5.6, and RFC 7692. */
export function messageTests(context: SuiteContext): void {
  const { name, can } = context.combination;

  test(`${name}: text stays text and binary stays binary, empty and large`, async () => {
    const client = await context.open("kinds");
    const large = Buffer.alloc(1_048_576, "Grüße ");
    const whole = large.subarray(0, large.lastIndexOf("G"));
    const cases = [
      { opcode: 1, payload: Buffer.from("") },
      { opcode: 2, payload: Buffer.from("") },
      { opcode: 1, payload: Buffer.from("\ufeffzwölf 👋") },
      { opcode: 2, payload: Buffer.from([0, 0xff, 0xfe, 0x80]) },
      ...[125, 126, 65_535, 65_536, 1_048_576].map((size) => {
        return { opcode: 2, payload: Buffer.alloc(size, size & 255) };
      }),
      { opcode: 1, payload: whole },
    ];
    for (const { opcode, payload } of cases) {
      client.send({ opcode, payload });
      const frame = await client.frame();
      assert.equal(frame.opcode, opcode, `${payload.length} bytes`);
      assert.ok(frame.payload.equals(payload), `${payload.length} bytes`);
      assert.ok(frame.fin && !frame.masked && frame.reserved === 0);
    }
  });

  test(`${name}: small and large messages of one turn keep their order`, async () => {
    const client = await context.open("sizes");
    client.text("!many 5 10 20000 70000");
    for (let index = 0; index < 5; index++) {
      assert.equal(await client.nextText(), `message ${index}`);
      for (const size of [10, 20_000, 70_000]) {
        const { opcode, payload } = await client.frame();
        assert.deepEqual([opcode, payload.length, payload[0]], [2, size, index]);
      }
    }
  });

  test(`${name}: fragments with a ping between them make one message`, async () => {
    const client = await context.open("fragments");
    // The second character is cut in two.
    client.send(
      { opcode: 1, fin: false, payload: Buffer.from([0x61, 0xc3]) },
      { opcode: 9, payload: "between" },
      { opcode: 0, fin: false, payload: Buffer.from([]) },
      { opcode: 0, payload: Buffer.from([0xbc, 0x7a]) },
    );
    const pong = await client.frame();
    assert.deepEqual([pong.opcode, pong.payload.toString()], [10, "between"]);
    assert.equal(await client.nextText(), "aüz");
  });

  test(`${name}: every ping is answered with its payload`, async () => {
    const client = await context.open("pings");
    client.send({ opcode: 9 }, { opcode: 9, payload: "x".repeat(125) });
    for (const size of [0, 125]) {
      const pong = await client.frame();
      assert.deepEqual([pong.opcode, pong.payload.length], [10, size]);
    }
  });

  test(`${name}: ${can.ping ? "our ping and its pong" : "gap: no pings of ours"}`, async () => {
    const client = await context.open("pinged");
    client.text("!ping");
    client.text("then");
    if (can.ping) {
      const ping = await client.frame();
      assert.deepEqual([ping.opcode, ping.payload.length], [9, 0]);
      assert.equal(await client.nextText(), "then");
      client.send({ opcode: 10 });
      await context.fixture().event("pong", "pinged");
    } else {
      assert.equal(await client.nextText(), "then");
      client.send({ opcode: 10 }, { opcode: 1, payload: "after" });
      assert.equal(await client.nextText(), "after");
      assert.deepEqual(context.fixture().events("pong", "pinged"), []);
    }
  });

  test(`${name}: one byte at a time, in every place of a frame`, async () => {
    const client = await context.open("bytes");
    const frames = [
      clientFrame({ opcode: 1, payload: "é" }),
      clientFrame({ opcode: 2, payload: Buffer.alloc(130, 1) }),
      clientFrame({ opcode: 9, payload: "p" }),
      clientFrame({ opcode: 1, fin: false, payload: "👋" }),
      clientFrame({ opcode: 0, payload: "!" }),
    ];
    for (const byte of Buffer.concat(frames)) {
      await client.writeAll(Buffer.from([byte]));
      await client.turn();
    }
    assert.equal(await client.nextText(), "é");
    assert.equal((await client.frame()).payload.length, 130);
    assert.equal((await client.frame()).opcode, 10);
    assert.equal(await client.nextText(), "👋!");
  });

  test(`${name}: many frames in one chunk, and many messages in one flush`, async () => {
    const client = await context.open("many");
    client.send(
      ...Array.from({ length: 2_000 }, (_, index) => ({ opcode: 1, payload: `in ${index}` })),
      { opcode: 1, payload: "!many 2000" },
    );
    for (let index = 0; index < 2_000; index += 1) {
      assert.equal(await client.nextText(), `in ${index}`);
    }
    for (let index = 0; index < 2_000; index += 1) {
      assert.equal(await client.nextText(), `message ${index}`);
    }
  });

  test(`${name}: ${can.deflate ? "" : "gap: no "}permessage-deflate, both ways`, async () => {
    const client = await context.open("deflate", offer);
    const text = "a text that is long enough to be deflated, ".repeat(20);
    if (!can.deflate) {
      client.text(text);
      const frame = await client.frame();
      assert.deepEqual([frame.reserved, frame.payload.toString()], [0, text]);
      return;
    }
    const deflated = deflateRawSync(text, flush).subarray(0, -4);
    client.send(
      { opcode: 1, reserved: 4, fin: false, payload: deflated.subarray(0, 5) },
      { opcode: 0, payload: deflated.subarray(5) },
    );
    const frame = await client.frame();
    assert.deepEqual([frame.opcode, frame.reserved], [1, 4]);
    assert.ok(frame.payload.length < text.length / 4);
    const inflated = inflateRawSync(Buffer.concat([frame.payload, tail]), flush);
    assert.equal(inflated.toString(), text);
    // A short one is not worth it, and an undeflated one is allowed at any time.
    client.text("short");
    const short = await client.frame();
    assert.deepEqual([short.reserved, short.payload.toString()], [0, "short"]);
  });
}
