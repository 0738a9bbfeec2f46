import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { decode } from "@msgpack/msgpack";
import { originLimits } from "../../../adapters/origin/base/origin-limits.ts";
import { parseNodePresence, parseOriginPresence } from "../../../adapters/topics/presence.ts";
import { CloseCause, limits, nodeOfConnectionId } from "../../../core/base/mod.ts";
import { settings } from "../../../core/config/mod.ts";
import { type Codec, Verb } from "../../../core/ports/mod.ts";
import { type Block, blocksOf, readPage, tableRows, unquoted } from "../../support/docs/docs.ts";
import { codecMakers, usualOptions } from "../../vectors/codecs.ts";
import { fromHex } from "../../vectors/hex.ts";

const page = "docs/protocol";
const blocks = blocksOf(page);
/** With those that show the bytes. */
const examples = [...blocks, ...blocksOf("docs/protocol/bytes.md")];

/** Bytes of an annotated block: on each line hexadecimal digits, then two spaces and words. */
function bytesOf(block: Block): Uint8Array {
  const lines = block.body.split("\n").map((line, index) => {
    const [hex = ""] = line.split("  ");
    assert.match(hex, /^([0-9a-f]{2} ?)+\b$/, `${block.page}:${block.line + index + 1}`);
    return hex;
  });
  return fromHex(lines.join(""));
}

/** The contract's JSON form of a decoded value. */
function jsonForm(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $binary: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(jsonForm);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonForm(item)]));
}

/** The items of a batch in either form. */
function itemsOf(batch: unknown): unknown[][] {
  assert.ok(Array.isArray(batch));
  if (batch[0] !== 1) return batch;
  const [, stream, first, items] = batch;
  assert.equal(typeof stream, "string");
  assert.ok(Number.isInteger(first));
  return items;
}

test("each byte example says what an example of another page says", () => {
  const shown = blocksOf("docs/protocol/bytes.md");
  assert.ok(shown.length >= 30);
  for (const example of shown) {
    const at = `${example.page}:${example.line}`;
    assert.equal(example.language, "hex", at);
    const bytes = bytesOf(example);
    const value =
      bytes[0] === 0x5b
        ? JSON.parse(new TextDecoder().decode(bytes))
        : jsonForm(decode(bytes, { useBigInt64: false }));
    const same = blocks.some(
      ({ subject, body }) =>
        subject === example.subject && isDeepStrictEqual(JSON.parse(body), value),
    );
    assert.ok(same, `${at} is no example of another page`);
  }
});

test("there is an example of every event and command", () => {
  const shown = (subject: string): string[] =>
    blocks
      .filter((block) => block.language === "json" && block.subject === subject)
      .flatMap(({ body }) => itemsOf(JSON.parse(body)).map(([name]) => String(name)));
  const listed = tableRows(page, "item").map(([item]) => /\["(\w+)"/.exec(item ?? "")?.[1]);
  const examples = new Set([...shown("event"), ...shown("command")]);
  assert.deepEqual([...examples].sort(), [...new Set(listed)].sort());
});

test("connection ids in the examples are ids", () => {
  const ids = readPage(page).matchAll(/"(n\d\.[^"]*)"/g);
  for (const [, id = ""] of ids) assert.match(nodeOfConnectionId(id) ?? "", /^n\d$/, id);
});

test("the causes are those of the core", () => {
  const listed = tableRows(page, "cause").map(([cause]) => unquoted(cause ?? ""));
  assert.deepEqual([...new Set(listed)].sort(), Object.values(CloseCause).sort());
});

test("the limits are those of the code", () => {
  const text = readPage(page).replace(/\s+/g, " ");
  for (const limit of [
    limits.controlPayloadBytesMax,
    limits.batchBytesMax,
    limits.batchBytesTarget,
    limits.eventWindowBatchesMax,
    limits.partialBytesMax,
    limits.aliveIdsMax,
    limits.commandStreamsMax,
    limits.commandStreamsPerSenderMax,
    limits.senderCharsMax,
    limits.eventWindowItemsMax,
    limits.rebalancePerTickMax,
    limits.groupBytesMax,
    limits.userBytesMax,
    limits.stateBytesMax,
    limits.statesBytesMax,
    limits.infosBytesMax,
    limits.groupsMax,
    limits.handshakesWaitingMax,
    limits.answerHeadersMax,
    limits.answerHeaderBytesMax,
    limits.answerBodyBytesMax,
    limits.replyIdsMax,
    limits.queryPageMax,
    limits.queryConnectionsMax,
    limits.tokenBytesMax,
  ]) {
    assert.ok(text.includes(` ${limit.toLocaleString("en")} `), `${limit} is not in ${page}`);
  }
  for (const words of [
    `after ${limits.originGraceMs} ms`,
    `every ${limits.repeatGapMs} ms`,
    `it waits ${limits.ackDelayMs} ms and`,
    `up to ${limits.ackDelayMs * limits.ackWaitsMax} ms`,
    `but not after ${limits.ackBytes.toLocaleString("en")} bytes`,
    `confirmed nothing for ${limits.ackProbeMs / 1_000} s`,
    `up to ${limits.ackProbeMsMax / 1_000} s`,
    `\`authorize-timeout\` (${settings["authorize-timeout"].default / 1_000} s)`,
    `${limits.sentWaitMs / 1_000} s at most, and then says \`slow\``,
    `not at all, or not within ${limits.groupWaitMs / 1_000} s`,
    `to its \`open\` | ${limits.reservationMs / 1_000} s`,
    `\`Retry-After: ${limits.jwksRetryMs / 1_000}\` | \`keys-unavailable\``,
    `\`ack-timeout\` (${settings["ack-timeout"].default / 1_000} s)`,
    `\`origin-wait\` (${settings["origin-wait"].default / 1_000} s)`,
    `the library's is ${originLimits.presenceMs / 1_000} s`,
  ]) {
    assert.ok(text.includes(words), `"${words}" is not in ${page}`);
  }
});

test("the presences that are shown can be read, every key of them", () => {
  const readers = { "node-presence": parseNodePresence, "origin-presence": parseOriginPresence };
  for (const [subject, read] of Object.entries(readers)) {
    const [block, ...more] = blocks.filter((one) => one.subject === subject);
    assert.ok(block !== undefined && more.length === 0, subject);
    const shown = new TextEncoder().encode(block.body);
    assert.deepEqual(read(shown), JSON.parse(block.body));
  }
  const [shown] = blocks.filter(({ subject }) => subject === "origin-presence");
  const full = { ...JSON.parse(shown?.body ?? ""), format: "json", leaving: true };
  const keys = Object.keys(full).sort();
  assert.deepEqual(
    parseOriginPresence(new TextEncoder().encode(JSON.stringify(full))),
    full,
    "what the table lists is what the gateway reads",
  );
  const listed = tableRows(page, "key").map(([key]) => unquoted(key ?? ""));
  for (const key of keys) assert.ok(listed.includes(key), key);
});

/** The example's connections: slots 0, 1 and 2 of node n1. */
const ids: readonly string[] = [
  "n1.AAAAq7Zf3kR0vYwT2mLpXs9eJc",
  "n1.AAABm0cD8sWbUe6Kt1yQh5ZrGo",
  "n1.AAACk9Tq2LwEoV7xRb4NyDhJuF",
];
/** One that is shown as gone. */
const goneId = "n1.AAAAzzzzzzzzzzzzzzzzzzzzzz";

/** What the codec makes of the ids or the group that a command names. */
function assertAddressed(codec: Codec, at: string): void {
  const verb = codec.commands.verb();
  const byGroup: readonly Verb[] = [Verb.publish, Verb.join, Verb.leave];
  const asksGroup = verb === Verb.query && codec.commands.targets() === 0;
  if (byGroup.includes(verb) || asksGroup) assert.notEqual(codec.commands.group(), "", at);
  if (verb === Verb.ack || verb === Verb.publish || asksGroup) return;
  assert.ok(codec.commands.targets() > 0, at);
  for (let i = 0; i < codec.commands.targets(); i++) {
    assert.ok(codec.commands.target(i) >= 0 || codec.commands.targetId(i) === goneId, at);
  }
}

for (const [name, create] of codecMakers) {
  test(`every command shown is one that the gateway takes: ${name}`, () => {
    const codec = create(usualOptions);
    const buffer = codec.events.openBuffer("n1:7hq2mzk41xwd:0");
    for (const [slot, id] of ids.entries()) codec.events.bind(slot, id, buffer);
    const commands = examples.filter(({ subject }) => subject === "command");
    assert.ok(commands.length >= 27);
    for (const block of commands) {
      const at = `${block.page}:${block.line}`;
      const json = block.language === "json";
      const payload = json ? new TextEncoder().encode(block.body) : bytesOf(block);
      assert.equal(codec.commands.decode(payload), undefined, at);
      assert.ok(codec.commands.items() > 0, at);
      while (codec.commands.nextItem()) {
        assert.equal(codec.commands.itemError(), undefined, at);
        assertAddressed(codec, at);
      }
    }
  });

  test(`an ack is read with its elements, also with four or five: ${name}`, () => {
    const codec = create(usualOptions);
    const acks = examples.filter(
      ({ subject, body }) => subject === "command" && body.includes('"ack"'),
    );
    const lengths = acks.map((block) => {
      const json = block.language === "json";
      const payload = json ? new TextEncoder().encode(block.body) : bytesOf(block);
      assert.equal(codec.commands.decode(payload), undefined);
      assert.ok(codec.commands.nextItem());
      const value = codec.commands.value();
      const [verb, stream, count, received, ranges] = value;
      assert.equal(verb, "ack");
      assert.equal(stream, "n1:7hq2mzk41xwd:shop-1:1");
      const wanted = {
        3: [2, undefined, undefined],
        4: [0, 1, undefined],
        5: [
          0,
          null,
          [
            [2, 4],
            [6, 9],
          ],
        ],
      }[value.length];
      assert.deepEqual([count, received, ranges], wanted);
      assert.ok(!codec.commands.nextItem());
      return value.length;
    });
    assert.deepEqual(lengths, [3, 4, 5, 3, 4, 5]);
  });

  test(`the gateway writes the events that are shown: ${name}`, () => {
    const codec = create(usualOptions);
    const batches = blocks
      .filter(({ language, subject }) => language === "json" && subject === "event")
      .map(({ body }) => JSON.parse(body))
      .filter(([version]) => version === 1);
    const streams = [...new Set(batches.map(([, stream]) => String(stream)))];
    assert.equal(streams.length, 2, "one in open and one in assigned mode");
    const buffers = streams.map((stream) => codec.events.openBuffer(stream));
    // The second connection is the one of assigned mode.
    for (const [slot, id] of ids.entries())
      codec.events.bind(slot, id, buffers[slot % 2] as number);
    for (const batch of batches) {
      const buffer = buffers[streams.indexOf(batch[1])] as number;
      for (const item of itemsOf(batch)) {
        const [verb, id, seq, data, state] = item;
        const slot = ids.indexOf(String(id));
        if (state !== undefined) codec.events.setState(slot, codec.values.encodeValue(state));
        if (verb !== "message") codec.events.append(buffer, codec.values.encodeValue(item));
        else if (typeof data === "string") codec.events.text(slot, data);
        else
          codec.events.bytes(
            slot,
            2,
            Buffer.from((data as { $binary: string }).$binary, "base64"),
          );
        if (verb === "close") assert.equal(codec.events.takeSeq(slot), seq);
      }
      assert.deepEqual(jsonForm(decode(codec.events.takeBatch(buffer))), batch);
    }
  });
}
