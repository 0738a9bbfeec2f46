import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { generate } from "mqtt-packet";
import { PacketCutter } from "../../../../../adapters/mqtt/lane/packet-cutter.ts";
import { publishHead } from "../../../../../adapters/mqtt/lane/publish-packet.ts";

const packetBytesMax = 300;

/** What comes of the bytes, given in pieces of this size: messages, and bytes for the library. */
function cut(version: 4 | 5, bytes: Buffer, size: number): { messages: string[]; others: string } {
  const messages: string[] = [];
  let others = "";
  const cutter = new PacketCutter(
    {
      busy: false,
      message: (topic, payload) => messages.push(`${topic}=${Buffer.from(payload).toString()}`),
      begun: () => {},
      others: (part) => {
        others += part.toString("hex");
      },
    },
    { version, packetBytesMax },
  );
  for (let at = 0; at < bytes.length; at += size) cutter.push(bytes.subarray(at, at + size));
  return { messages, others };
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const large = `30 ad02 0001 74 ${"78".repeat(298)}`;
const most = `30 a902 0001 74 ${"78".repeat(294)}`;

const cases: readonly (readonly [
  what: string,
  version: 4 | 5,
  bytes: string,
  message?: string,
])[] = [
  ["a message", 4, "30 05 0001 74 6869", "t=hi"],
  ["a message of MQTT 5", 5, "30 06 0001 74 00 6869", "t=hi"],
  ["an empty payload", 4, "30 03 0001 74", "t="],
  ["an empty payload of MQTT 5", 5, "30 04 0001 74 00", "t="],
  ["a length in more bytes than it needs", 4, "30 8500 0001 74 6869", "t=hi"],
  ["the largest packet", 4, most, `t=${"x".repeat(294)}`],
  ["a larger packet", 4, large],
  ["QoS 1", 4, "32 07 0001 74 0009 6869"],
  ["RETAIN", 4, "31 05 0001 74 6869"],
  ["DUP", 4, "38 05 0001 74 6869"],
  ["properties", 5, "30 09 0001 74 03 230001 6869"],
  ["no topic", 4, "30 04 0000 6869"],
  ["no topic, but an alias", 5, "30 08 0000 03 230001 6869"],
  ["a topic that is longer than the packet", 4, "30 05 0004 74 6869"],
  ["a packet without a topic's length", 4, "30 00"],
  ["half of a topic's length", 4, "30 01 00"],
  ["no length of properties", 5, "30 03 0001 74"],
  ["PINGRESP", 4, "d0 00"],
  ["a length of five bytes, and all behind it", 4, "30 80808080 30 05 0001 74 6869"],
];

for (const [what, version, text, message] of cases) {
  test(`cut at every byte: ${what}`, () => {
    const bytes = hex(text);
    const behind = what.includes("behind")
      ? ""
      : version === 5
        ? "300500017500 21"
        : "30040001 7521";
    const expected = {
      messages: [...(message === undefined ? [] : [message]), ...(behind === "" ? [] : ["u=!"])],
      others: message === undefined ? bytes.toString("hex") : "",
    };
    const all = Buffer.concat([bytes, hex(behind)]);
    for (let size = 1; size <= all.length; size++) {
      assert.deepEqual(cut(version, all, size), expected, `${size} bytes at a time`);
    }
  });
}

test("messages in pieces, small and large ones after each other, use one room", () => {
  const lengths = [3, 20_000, 70_000, 1, 40_000, 3_000_000, 50_000];
  const payloads = lengths.map((length, index) => Buffer.alloc(length, `${index}`));
  const packets = payloads.map((payload) => {
    const head = publishHead({ topic: "t", payloadBytes: payload.length, version: 4 });
    return Buffer.concat([head, payload]);
  });
  const seen: Buffer[] = [];
  const buffers = new Set<ArrayBufferLike>();
  const cutter = new PacketCutter(
    {
      busy: false,
      message: (_topic, payload) => {
        seen.push(Buffer.from(payload));
        if (payload.length < 1_000_000 && payload.length > 30_000) buffers.add(payload.buffer);
      },
      begun: () => assert.fail("a packet of the library"),
      others: () => assert.fail("bytes for the library"),
    },
    { version: 4, packetBytesMax: 4_000_000 },
  );
  const bytes = Buffer.concat([...packets, ...packets.slice(0, 5)]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 10_007) {
    // A buffer of its own each: a message that lies in one has that.
    pieces.push(Buffer.from(new Uint8Array(bytes.subarray(at, at + 10_007)).buffer));
  }
  for (const piece of pieces) cutter.push(piece);
  assert.deepEqual(
    seen.map((payload) => payload.length),
    [...lengths, ...lengths.slice(0, 5)],
  );
  for (const [index, payload] of seen.entries()) {
    assert.ok(payload.equals(payloads[index % payloads.length]!), `payload ${index}`);
  }
  assert.equal(buffers.size, 2, "one before the largest message, which is not kept, and one");
});

test("what the library gets of a packet in pieces does not change any more", () => {
  const others: Buffer[] = [];
  const out = {
    busy: false,
    message: () => {},
    begun: () => {},
    others: (part: Buffer) => others.push(part),
  };
  const cutter = new PacketCutter(out, { version: 5, packetBytesMax });
  // A property, which shows when the packet is whole; then a plain message through the same room.
  const packets = [hex("30 09 0001 74 03 230001 6869"), hex("30 06 0001 74 00 ffff")];
  for (const packet of packets) {
    cutter.push(Buffer.from(packet.subarray(0, 5)));
    cutter.push(Buffer.from(packet.subarray(5)));
  }
  assert.deepEqual(Buffer.concat(others), packets[0]);
  // The library is busy by the time that a message is whole.
  others.length = 0;
  cutter.push(Buffer.from(packets[1]!.subarray(0, 5)));
  out.busy = true;
  cutter.push(Buffer.from(packets[1]!.subarray(5)));
  assert.deepEqual(Buffer.concat(others), packets[1]);
});

test("the room grows with what has come, not with what a packet announces", () => {
  const out = { busy: false, message: () => {}, begun: () => {}, others: () => {} };
  const cutter = new PacketCutter(out, { version: 4, packetBytesMax: 200_000_000 });
  const before = process.memoryUsage().arrayBuffers;
  cutter.push(hex("30 80808040 0001 74"));
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
});

test("what has not come as a whole is kept, not handed on", () => {
  const whole = hex("30 05 0001 74 6869");
  for (let length = 0; length < whole.length; length++) {
    const came = cut(4, whole.subarray(0, length), 3);
    assert.deepEqual(came, { messages: [], others: "" }, `${length} bytes`);
  }
});

test("the head of a PUBLISH is the one that mqtt-packet writes, whatever its length", () => {
  const edges = [1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 17_000_000];
  const bodies = edges.flatMap((edge) => [edge - 1, edge, edge + 1]);
  const fields = { cmd: "publish", topic: "wss/é", qos: 0, retain: false, dup: false } as const;
  const { topic } = fields;
  for (const body of bodies) {
    for (const version of [4, 5] as const) {
      // So that the packet has this length behind its fixed header.
      const payloadBytes = Math.max(0, body - 2 - Buffer.byteLength(topic) - (version - 4));
      const packet = { ...fields, payload: Buffer.alloc(payloadBytes) };
      const whole = generate(packet, { protocolVersion: version });
      const head = publishHead({ topic, payloadBytes, version });
      const expected = whole.subarray(0, whole.length - payloadBytes);
      assert.deepEqual(head, expected, `${payloadBytes} ${version}`);
    }
  }
});
