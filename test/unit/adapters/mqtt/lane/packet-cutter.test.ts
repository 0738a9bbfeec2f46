import assert from "node:assert/strict";
import { test } from "node:test";
import { PacketCutter } from "../../../../../adapters/mqtt/lane/packet-cutter.ts";

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

test("what has not come as a whole is kept, not handed on", () => {
  const whole = hex("30 05 0001 74 6869");
  for (let length = 0; length < whole.length; length++) {
    const came = cut(4, whole.subarray(0, length), 3);
    assert.deepEqual(came, { messages: [], others: "" }, `${length} bytes`);
  }
});
