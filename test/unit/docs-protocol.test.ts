import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { Topics } from "../../adapters/mqtt/mod.ts";
import { originLimits } from "../../adapters/mqtt/origin/origin-limits.ts";
import { parseNodePresence, parseOriginPresence } from "../../adapters/mqtt/presence.ts";
import { limits } from "../../core/base/mod.ts";
import { settings } from "../../core/config/mod.ts";
import { CloseCause, nodeOfConnectionId } from "../../core/mod.ts";
import { type CodecOptions, Verb } from "../../core/ports/mod.ts";
import { createPlainCodec, createWasmCodec } from "../../wasm/mod.ts";
import { type Block, blocksOf, readPage, tableRows, unquoted } from "../support/docs.ts";

const page = "docs/protocol.md";
const blocks = blocksOf(page);

/** Bytes of an annotated block: pairs of hexadecimal digits, then two spaces and words. */
function bytesOf(block: Block): Uint8Array {
  const pairs = block.body.split("\n").flatMap((line, index) => {
    const hex = line.split("  ")[0] ?? "";
    assert.match(hex, /^[0-9a-f]{2}( [0-9a-f]{2})*$/, `${page}:${block.line + index + 1}`);
    return hex.split(" ");
  });
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
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

test("each example in hexadecimal says what the JSON below it says", () => {
  const examples = blocks.filter(({ language }) => language === "hex");
  assert.ok(examples.length >= 14);
  for (const example of examples) {
    const json = blocks[blocks.indexOf(example) + 1];
    assert.equal(json?.language, "json", `${page}:${example.line} has no JSON below it`);
    assert.equal(json?.subject, example.subject);
    const value = jsonForm(decode(bytesOf(example), { useBigInt64: false }));
    assert.deepEqual(value, JSON.parse(json?.body ?? ""), `${page}:${example.line}`);
  }
});

test("there is an example of every event and command of this version", () => {
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

test("the topics are those of the adapter, reserved ones included", () => {
  const topics = new Topics("R");
  const listed = [
    ...tableRows(page, "topic below `ROOT/v1/APP`").map(([topic]) => topic ?? ""),
    ...tableRows(page, "reserved").map(([topics]) => topics ?? ""),
  ].flatMap((cell) => Array.from(cell.matchAll(/`([a-z]+\/[^`]+)`/g), ([, topic]) => topic));
  const reachable = listed.map((topic = "") => {
    const concrete = topic.replace("{partition}", "0").replace(/\{(\w+)\}/g, "some-$1");
    return topics.parse(`R/v1/default/${concrete}`)?.kind ?? `unknown: ${topic}`;
  });
  assert.deepEqual(reachable.sort(), [
    "commands",
    "events",
    "group-binary",
    "group-commands",
    "group-text",
    "node-commands",
    "node-presence",
    "origin-events",
    "origin-presence",
    "presence-ask",
  ]);
});

test("the causes are those of the core, reserved ones included", () => {
  const listed = tableRows(page, "cause").map(([cause]) => unquoted(cause ?? ""));
  const reserved = tableRows(page, "reserved").flatMap(([cell = ""]) =>
    cell.startsWith("the cause ") ? cell.match(/`[a-z-]+`/g)?.map(unquoted) : [],
  );
  assert.deepEqual([...listed, ...reserved].sort(), Object.values(CloseCause).sort());
});

test("the limits are those of the code", () => {
  const text = readPage(page);
  for (const limit of [
    limits.controlPayloadBytesMax,
    limits.batchBytesMax,
    limits.batchBytesTarget,
    limits.eventWindowBatchesMax,
    limits.partialBytesMax,
    limits.aliveIdsMax,
    limits.commandStreamsMax,
    limits.eventWindowItemsMax,
    limits.rebalancePerTickMax,
  ]) {
    assert.ok(text.includes(` ${limit.toLocaleString("en")} `), `${limit} is not in ${page}`);
  }
  for (const words of [
    `after ${limits.originGraceMs} ms`,
    `every ${limits.repeatMs} ms`,
    `up to ${limits.ackDelayMs} ms`,
    `confirmed nothing for ${limits.ackProbeMs / 1_000} s`,
    `up to ${limits.ackProbeMsMax / 1_000} s`,
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

const options: CodecOptions = {
  node: "n1",
  messageBytesMax: limits.messageBytesMax,
  batchBytesTarget: limits.batchBytesTarget,
  partialBytesMax: limits.partialBytesMax,
};
const codecs = { plain: createPlainCodec, wasm: createWasmCodec };

/** The example's two connections: slots 0 and 1 of node n1. */
const ids = ["n1.AAAAq7Zf3kR0vYwT2mLpXs9eJc", "n1.AAABm0cD8sWbUe6Kt1yQh5ZrGo"] as const;

for (const [name, create] of Object.entries(codecs)) {
  test(`every command shown is one that the gateway takes: ${name}`, () => {
    const codec = create(options);
    const lane = codec.openLane("n1:7hq2mzk41xwd:0");
    for (const [slot, id] of ids.entries()) codec.bind(slot, id, lane);
    const commands = blocks.filter(({ subject }) => subject === "command");
    assert.ok(commands.length >= 13);
    for (const block of commands) {
      const at = `${page}:${block.line}`;
      const json = block.language === "json";
      const payload = json ? new TextEncoder().encode(block.body) : bytesOf(block);
      assert.equal(codec.decode(payload), undefined, at);
      assert.ok(codec.items() > 0, at);
      while (codec.nextItem()) {
        assert.equal(codec.itemError(), undefined, at);
        const verb = codec.verb();
        assert.ok(verb === Verb.send || verb === Verb.close || verb === Verb.ack, at);
        if (verb === Verb.ack) continue;
        assert.ok(codec.targets() > 0, at);
        for (let i = 0; i < codec.targets(); i++) assert.ok(codec.target(i) >= 0, at);
      }
    }
  });

  test(`an ack is read with its elements, also with four: ${name}`, () => {
    const codec = create(options);
    const acks = blocks.filter(
      ({ subject, body }) => subject === "command" && body.includes('"ack"'),
    );
    const lengths = acks.map((block) => {
      const json = block.language === "json";
      const payload = json ? new TextEncoder().encode(block.body) : bytesOf(block);
      assert.equal(codec.decode(payload), undefined);
      assert.ok(codec.nextItem());
      const value = codec.value();
      const [verb, stream, count, received] = value;
      assert.equal(verb, "ack");
      assert.equal(stream, "n1:7hq2mzk41xwd:shop-1:1");
      assert.deepEqual([count, received], value.length === 4 ? [0, 1] : [2, undefined]);
      assert.ok(!codec.nextItem());
      return value.length;
    });
    assert.deepEqual(lengths, [3, 3, 4, 4]);
  });

  test(`the gateway writes the events that are shown: ${name}`, () => {
    const codec = create(options);
    const batches = blocks
      .filter(({ language, subject }) => language === "json" && subject === "event")
      .map(({ body }) => JSON.parse(body))
      .filter(([version]) => version === 1);
    const streams = [...new Set(batches.map(([, stream]) => String(stream)))];
    assert.equal(streams.length, ids.length, "one in open and one in assigned mode");
    const lanes = new Map(streams.map((stream) => [stream, codec.openLane(stream)]));
    // The first stream's messages are those of the first connection, and so on.
    for (const [slot, lane] of [...lanes.values()].entries()) {
      codec.bind(slot, ids[slot as 0 | 1], lane);
    }
    for (const batch of batches) {
      const slot = streams.indexOf(batch[1]);
      const lane = lanes.get(batch[1]) ?? -1;
      for (const item of itemsOf(batch)) {
        const [verb, , seq, data] = item;
        if (verb !== "message") codec.append(lane, codec.encodeValue(item));
        else if (typeof data === "string") codec.text(slot, data);
        else codec.bytes(slot, 2, Buffer.from((data as { $binary: string }).$binary, "base64"));
        if (verb === "close") assert.equal(codec.takeSeq(slot), seq);
      }
      assert.deepEqual(jsonForm(decode(codec.takeBatch(lane))), batch);
    }
  });
}
