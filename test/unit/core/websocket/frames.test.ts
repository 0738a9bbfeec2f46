import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { ReusableMessage } from "../../../../core/groups/outgoing-message.ts";
import { MessageKind } from "../../../../core/ports/mod.ts";
import {
  buildFrame,
  closeCodeAllowed,
  closeFrame,
  Opcode,
  readClose,
  Slab,
} from "../../../../core/websocket/frame.ts";
import { createZlibDeflate } from "../../../../runtimes/server/deflate.ts";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

test("the unmasked frames of RFC 6455, 5.7", () => {
  const hello = Buffer.from("Hello");
  assert.equal(hex(buildFrame(Opcode.text, hello)), "810548656c6c6f");
  assert.equal(hex(buildFrame(Opcode.ping, hello)), "890548656c6c6f");
  assert.equal(hex(buildFrame(Opcode.binary, new Uint8Array(256)).subarray(0, 5)), "827e010000");
  const large = buildFrame(Opcode.binary, new Uint8Array(65_536));
  assert.equal(hex(large.subarray(0, 11)), "827f000000000001000000");
  assert.equal(large.length, 65_546);
});

test("the length takes the shortest form, on both sides of each border", () => {
  for (const [length, header] of [
    [0, "8200"],
    [125, "827d"],
    [126, "827e007e"],
    [65_535, "827effff"],
    [65_536, "827f0000000000010000"],
  ] as const) {
    const frame = buildFrame(Opcode.binary, new Uint8Array(length).fill(1));
    assert.equal(hex(frame.subarray(0, frame.length - length)), header);
  }
});

test("the deflated frame of RFC 7692, 7.2.3.1", () => {
  const payload = Buffer.from("f248cdc9c90700", "hex");
  const frame = buildFrame(Opcode.text, payload, { deflated: true });
  assert.equal(hex(frame), "c107f248cdc9c90700");
});

test("close frames carry a code and as much of the reason as fits, cut between characters", () => {
  assert.equal(hex(closeFrame(1_000, "")), "880203e8");
  assert.equal(hex(closeFrame(4_001, "é")), "88040fa1c3a9");
  assert.equal(hex(closeFrame(1_005, "no code, no reason")), "8800");
  const cut = closeFrame(1_000, `${"x".repeat(122)}é`);
  assert.equal(cut.length, 2 + limits.controlPayloadBytesMax - 1);
  assert.throws(() => closeFrame(1_006, ""), /assertion failed/);
});

test("a close payload is read as code and reason", () => {
  assert.deepEqual(readClose(new Uint8Array(0)), { closeCode: 1_005, closeReason: "" });
  const payload = closeFrame(4_002, "\ufefftschüß").subarray(2);
  assert.deepEqual(readClose(payload), { closeCode: 4_002, closeReason: "\ufefftschüß" });
});

test("close codes that may be sent are those of RFC 6455, 7.4, and IANA", () => {
  const allowed = Array.from({ length: 5_100 }, (_, code) => code).filter(closeCodeAllowed);
  const low = allowed.filter((code) => code < 3_000);
  assert.deepEqual(low, [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]);
  assert.deepEqual([allowed.length - low.length, allowed.at(-1)], [2_000, 4_999]);
});

test("a slab's pieces never overlap and large ones stand alone", () => {
  const slab = new Slab(64);
  const pieces = Array.from({ length: 20 }, (_, index) => slab.take(index).fill(index));
  for (const [index, piece] of pieces.entries()) {
    assert.deepEqual(
      [...piece],
      Array.from({ length: index }, () => index),
    );
  }
  assert.equal(slab.take(17).buffer.byteLength, 17);
});

test("an outgoing message makes each form once, from its source or from data", () => {
  let reads = 0;
  const bytes = Buffer.from("source");
  const message = new ReusableMessage();
  message.set(MessageKind.text, 6, {
    data() {
      reads += 1;
      return bytes;
    },
    dataText() {
      reads += 1;
      return "source";
    },
  });
  assert.equal(message.text(), message.text());
  assert.equal(message.frame(), message.frame());
  assert.equal(hex(message.payload()), hex(bytes));
  assert.equal(reads, 2);
  const kept = message.frame();
  bytes.fill(0);
  assert.equal(hex(kept), `8106${Buffer.from("source").toString("hex")}`);
  message.setData("é");
  assert.deepEqual([message.kind, message.byteLength, message.text()], [1, 2, "é"]);
  assert.equal(hex(message.frame()), "8102c3a9");
  assert.equal(hex(kept), `8106${Buffer.from("source").toString("hex")}`);
  message.setData(new Uint8Array([7]));
  assert.equal(hex(message.frame()), "820107");
});

test("an outgoing message is deflated once, without the tail, and inflates again", () => {
  const deflate = createZlibDeflate();
  const message = new ReusableMessage(deflate).setData("Hello");
  // RFC 7692, 7.2.3.1 has exactly this for a first message.
  assert.equal(hex(message.deflatedFrame()), "c107f248cdc9c90700");
  assert.equal(message.deflatedFrame(), message.deflatedFrame());
  const inflated = deflate.inflate(message.deflatedFrame().subarray(2), 5);
  assert.equal(Buffer.from(inflated as Uint8Array).toString(), "Hello");
});

test("zlib: what would pass the limit, and what is no stream", () => {
  const deflate = createZlibDeflate();
  const bomb = deflate.deflate(new Uint8Array(1_000_000));
  assert.equal(deflate.inflate(bomb, 999_999), "too-big");
  assert.equal((deflate.inflate(bomb, 1_000_000) as Uint8Array).length, 1_000_000);
  assert.equal(deflate.inflate(Buffer.from("ffffffff", "hex"), 1_000), undefined);
  assert.deepEqual(
    [...(deflate.inflate(deflate.deflate(new Uint8Array(0)), 10) as Uint8Array)],
    [],
  );
});
