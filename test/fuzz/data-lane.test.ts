import assert from "node:assert/strict";
import { test } from "node:test";
import mqttPacket, { type Packet } from "mqtt-packet";
import { PacketCutter } from "../../adapters/mqtt/lane/packet-cutter.ts";
import { publishHead } from "../../adapters/mqtt/lane/publish-packet.ts";
import type { Dice } from "../vectors/dice.ts";
import { toHex } from "../vectors/hex.ts";
import { casesOf, diceOf, fuzz, seed } from "./rig/fuzz-run.ts";

const cases = casesOf(600);
const messages = casesOf(5_000);
/** A larger packet is the library's. */
const packetBytesMax = 20_000;

type Version = 4 | 5;

/** A packet in one line, by what a session does with it. */
function shown(packet: Packet): string {
  if (packet.cmd !== "publish") return `${packet.cmd} ${packet.messageId ?? ""}`;
  const { topic, payload, qos, retain, dup, messageId, properties } = packet;
  const bytes = toHex(new Uint8Array(payload as Buffer));
  const rest = JSON.stringify([qos, retain, dup, messageId ?? 0, properties ?? {}]);
  return `publish ${topic} ${rest} ${bytes}`;
}

function publishOf(dice: Dice, version: Version): Packet {
  const qos = dice.pick([0, 0, 0, 0, 1, 2] as const);
  const size = dice.chance(3) ? 19_900 + dice.below(60_000) : dice.length();
  const properties = {
    ...(dice.chance(30) ? { messageExpiryInterval: dice.below(100) } : {}),
    ...(dice.chance(30) ? { contentType: dice.text(5) } : {}),
    ...(dice.chance(30) ? { userProperties: { a: dice.text(130) } } : {}),
    ...(dice.chance(30) ? { subscriptionIdentifier: 1 + dice.below(300) } : {}),
  };
  return {
    cmd: "publish",
    topic: dice.chance(60) ? "a/b" : `t/${dice.text(1 + dice.length())}`,
    payload: Buffer.from(dice.bytes(size)),
    qos,
    retain: dice.chance(15),
    dup: dice.chance(15),
    ...(qos > 0 ? { messageId: 1 + dice.below(65_535) } : {}),
    ...(version === 5 && dice.chance(25) ? { properties } : {}),
  };
}

/** What brokers send. */
function packetOf(dice: Dice, version: Version): Packet {
  const messageId = 1 + dice.below(65_535);
  const code = version === 5 ? { reasonCode: 0 } : {};
  const others: readonly (() => Packet)[] = [
    () => ({ cmd: "puback", messageId, ...code }),
    () => ({
      cmd: "suback",
      messageId,
      granted: Array.from({ length: 1 + dice.below(200) }, () => 1),
    }),
    () => ({ cmd: "unsuback", messageId, granted: version === 5 ? [0] : [] }),
    () => ({ cmd: "pingresp" }),
    () => ({ cmd: "pubrel", messageId, ...code }),
  ];
  return dice.chance(75) ? publishOf(dice, version) : dice.pick(others)();
}

/** The bytes in chunks: one by one, in a few pieces, or at once. */
function* chunksOf(dice: Dice, bytes: Buffer): IterableIterator<Buffer> {
  const most = dice.pick([1, 7, 100, 3_000, bytes.length + 1]);
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + (bytes.length > 20_000 ? 8_000 : 0) + dice.below(most);
    yield bytes.subarray(at, end);
    at = end;
  }
}

/** What the library alone makes of the bytes, up to what it cannot read. */
function expectedOf(version: Version, bytes: Buffer): { lines: string[]; failed: boolean } {
  const read = { lines: [] as string[], failed: false };
  const parsing = mqttPacket.parser({ protocolVersion: version });
  parsing.on("packet", (packet) => read.lines.push(shown(packet)));
  parsing.on("error", () => {
    read.failed = true;
  });
  parsing.parse(bytes);
  return read;
}

/** Bytes of the packet that begins the bytes; undefined where they do not say it. */
function packetBytesOf(bytes: Buffer): number | undefined {
  const length = bytes.subarray(1, 5).findIndex((byte) => byte < 0x80) + 1;
  if (length === 0) return undefined;
  return [...bytes.subarray(1, 1 + length)].reduce(
    (sum, byte, index) => sum + (byte & 0x7f) * 128 ** index,
    1 + length,
  );
}

/** Checks that what is cut out is what was in the bytes, in order. Returns how many messages. */
function checkCut(dice: Dice, version: Version, bytes: Buffer) {
  let at = 0;
  let messages = 0;
  let busy = 0;
  const cutter = new PacketCutter(
    {
      get busy(): boolean {
        return busy > 0;
      },
      message: (topic, payload) => {
        assert.equal(busy, 0, "a message overtakes a packet of the library");
        assert.ok(payload.length < packetBytesMax, "it is the library's");
        messages++;
        const packet = bytes.subarray(at, at + packetBytesOf(bytes.subarray(at))!);
        const fields = { cmd: "publish", qos: 0, retain: false, dup: false } as const;
        const line = shown({ ...fields, topic, payload: Buffer.from(payload) });
        assert.deepEqual(expectedOf(version, packet), { lines: [line], failed: false });
        at += packet.length;
      },
      begun: () => {
        busy++;
      },
      others: (part) => {
        assert.ok(part.equals(bytes.subarray(at, at + part.length)), "other bytes");
        at += part.length;
        if (dice.chance(60)) busy = 0;
      },
    },
    { version, packetBytesMax },
  );
  for (const chunk of chunksOf(dice, bytes)) {
    const lent = Buffer.from(chunk);
    cutter.push(lent);
    // Nothing of a chunk may be used after the call.
    lent.fill(0xff);
    if (dice.chance(30)) busy = 0;
  }
  const rest = bytes.subarray(at);
  const wanted = packetBytesOf(rest) ?? Number.POSITIVE_INFINITY;
  assert.ok(wanted > rest.length, "a whole packet is kept");
  return { messages, left: rest.length };
}

for (const isWrong of [false, true]) {
  const what = isWrong ? "what is wrong goes to the library as it came" : "good streams are cut";
  test(`${what}, ${cases} streams (FUZZ_SEED=${seed})`, async () => {
    const dice = diceOf(isWrong ? 52 : 51);
    let found = 0;
    let bytes = Buffer.alloc(0);
    const one = (): void => {
      const version = dice.pick([4, 5] as const);
      const packets = Array.from({ length: 1 + dice.below(9) }, () => packetOf(dice, version));
      const written = packets.map((one) => mqttPacket.generate(one, { protocolVersion: version }));
      bytes = Buffer.concat(written);
      if (isWrong) bytes = Buffer.from(dice.mutate(new Uint8Array(bytes)));
      const { messages, left } = checkCut(dice, version, bytes);
      assert.ok(isWrong || left === 0, `${left} bytes are kept`);
      found += messages;
    };
    await fuzz(one, { cases, shown: () => toHex(bytes.subarray(0, 2_000)) });
    assert.ok(found > cases / (isWrong ? 4 : 2), `${found} messages passed the library by`);
  });
}

test(`${messages} packets are written as mqtt-packet does (FUZZ_SEED=${seed})`, async () => {
  const dice = diceOf(53);
  let topic = "";
  const one = (): void => {
    const protocolVersion = dice.pick([4, 5] as const);
    topic = dice.text(1 + dice.length());
    const payload = Buffer.from(dice.bytes(dice.length()));
    const fields = { cmd: "publish", qos: 0, retain: false, dup: false } as const;
    const expected = mqttPacket.generate({ ...fields, topic, payload }, { protocolVersion });
    const given = { topic, payloadBytes: payload.length, version: protocolVersion };
    assert.deepEqual(Buffer.concat([publishHead(given), payload]), expected);
    const whole = publishHead(given, payload.length);
    whole.set(payload, whole.length - payload.length);
    assert.deepEqual(whole, expected);
  };
  await fuzz(one, { cases: messages, shown: () => topic });
});
