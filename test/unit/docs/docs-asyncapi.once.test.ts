import assert from "node:assert/strict";
import { test } from "node:test";
import { Topics } from "../../../adapters/topics/mod.ts";
import { parseNodePresence, parseOriginPresence } from "../../../adapters/topics/presence.ts";
import { CloseCause, ErrorCode } from "../../../core/base/mod.ts";
import { Outcome } from "../../../core/groups/outcome.ts";
import { Verb } from "../../../core/ports/mod.ts";
import {
  asyncapiAt as at,
  asyncapi as document,
  type Json,
  type JsonMap,
  schemaFaults,
} from "../../support/docs/asyncapi.ts";
import { blocksOf, tableRows } from "../../support/docs/docs.ts";

/** Every map in the document, with the place where it stands. */
function* maps(value: Json, place: string): Generator<[JsonMap, string]> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* maps(item, `${place}/${index}`);
  } else if (typeof value === "object" && value !== null) {
    yield [value, place];
    for (const [key, item] of Object.entries(value)) yield* maps(item, `${place}/${key}`);
  }
}

test("it is AsyncAPI 3.1, and every reference leads somewhere", () => {
  assert.equal(document.asyncapi, "3.1.0");
  for (const [map, place] of maps(document, "#")) {
    const { $ref } = map;
    if (typeof $ref === "string") assert.notEqual(at($ref), undefined, `${place}: ${$ref}`);
  }
});

/** The addresses of what the code builds topics for; a group's raw topics are only read. */
function builtAddresses(): string[] {
  const topics = new Topics("{root}");
  const [app, node, origin, sender] = ["{app}", "{node}", "{origin}", "{sender}"];
  const group = topics.groupCommands(app, "GROUP", sender).replace("GROUP", "{group}");
  return [
    topics.events(app, 0, node).replace("/0/", "/{partition}/"),
    topics.originEvents(app, origin, node),
    topics.nodeCommands(app, node, sender),
    topics.commands(app, sender),
    group,
    topics.nodePresence(app, node),
    topics.originPresence(app, origin),
    topics.presenceAsk(app, sender),
  ];
}

test("its channels are the topics of the protocol page and of the code", () => {
  const channels = Object.values(document.channels as JsonMap) as JsonMap[];
  const addresses = channels.map(({ address }) => String(address)).sort();
  const listed = tableRows("docs/protocol", "topic below `ROOT/v1/APP`").map(([topic = ""]) =>
    topic.replace(/^`(.*)`$/, "{root}/v1/{app}/$1"),
  );
  assert.deepEqual(addresses, listed.sort());
  const raw = addresses.filter((address) => /\/(text|binary)$/.test(address));
  assert.deepEqual(addresses, [...builtAddresses(), ...raw].sort());
  const topics = new Topics("R");
  for (const address of addresses) {
    const topic = address.replace("{root}", "R").replace("{partition}", "0");
    assert.ok(topics.parse(topic.replace(/[{}]/g, "")), address);
  }
});

test("each channel declares the parameters of its address, each operation a message of it", () => {
  for (const channel of Object.values(document.channels as JsonMap) as JsonMap[]) {
    const named = Array.from(String(channel.address).matchAll(/\{(\w+)\}/g), ([, name]) => name);
    assert.deepEqual(Object.keys(channel.parameters as JsonMap).sort(), named.sort());
  }
  for (const operation of Object.values(document.operations as JsonMap) as JsonMap[]) {
    const channel = String((operation.channel as JsonMap).$ref);
    for (const message of operation.messages as JsonMap[]) {
      assert.ok(String(message.$ref).startsWith(`${channel}/messages/`));
    }
  }
});

/** The first elements of the items that schemas refer to. */
function names(kinds: readonly string[]): string[] {
  const refs = kinds.flatMap((kind) => at(`#/components/schemas/${kind}`) as Json[]);
  return refs.map((ref) => {
    const { items } = at(String((ref as JsonMap).$ref)) as JsonMap;
    return String(((items as Json[])[0] as JsonMap).const);
  });
}

test("its commands are those that a node carries out", () => {
  const { unknown: _, ...verbs } = Verb;
  assert.deepEqual(names(["command/oneOf"]).sort(), Object.keys(verbs).sort());
});

test("its items are those of the protocol page", () => {
  const bare = "eventBatch/oneOf/1/items/oneOf";
  const listed = tableRows("docs/protocol", "item").map(
    ([item = ""]) => /\["(\w+)"/.exec(item)?.[1],
  );
  // Of the events that travel bare, some are numbered at other times.
  const events = [...new Set(names(["event/oneOf", bare]))];
  assert.deepEqual([...events, ...names(["command/oneOf"])].sort(), listed.sort());
});

test("every example in it and in the protocol pages is one of its batches", () => {
  for (const [name, message] of Object.entries(at("#/components/messages") as JsonMap)) {
    const { payload, examples = [] } = message as JsonMap;
    const { $ref } = payload as JsonMap;
    for (const example of examples as JsonMap[]) {
      assert.deepEqual(schemaFaults(String($ref), example.payload), [], name);
    }
  }
  const schemas: Readonly<Record<string, string>> = {
    event: "eventBatch",
    reply: "eventBatch",
    command: "commandBatch",
    "node-presence": "nodePresence",
    "origin-presence": "originPresence",
  };
  const blocks = blocksOf("docs/protocol").filter(({ subject }) =>
    Object.hasOwn(schemas, subject),
  );
  assert.ok(blocks.length > 30, `${blocks.length} examples`);
  for (const { page, line, subject, body } of blocks) {
    const pointer = `#/components/schemas/${schemas[subject]}`;
    assert.deepEqual(schemaFaults(pointer, JSON.parse(body)), [], `${page}:${line}`);
  }
});

const id = "n1.AAAAq7Zf3kR0vYwT2mLpXs9eJc";
const info = { path: "/", query: "", headers: {}, ip: "::1", subprotocols: [], at: 1 };

const bytes = { $binary: "AQID" };
const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** Forms that the pages show no example of. */
const right: Readonly<Record<"eventBatch" | "commandBatch", readonly unknown[]>> = {
  eventBatch: [
    [["alive", []]],
    [1, "s", 0, [["reply", null, { [id]: "handshake-gone" }]]],
    [1, "s", 0, [["reply", 7, { node: "n1", error: "publish-too-big" }]]],
    [1, "s", 0, [["message", id, 1, bytes, null]], "unknown"],
    [1, "s", 0, [["open", id, 0, { ...info, trace }]]],
    [1, "s", 0, [["message", id, 1, "x", null, trace]]],
    [1, "s", 0, [["message", id, 1, "x", { a: 1 }, trace, "unknown"]]],
    [1, "s", 0, [["close", id, 2, 1000, "", "client", { trace }]]],
  ],
  commandBatch: [
    [],
    [["close", id]],
    [["close", [id], { ref: 1 }]],
    [["close", id, null, "bye", { cause: "error" }]],
    [["reject", id, 403, bytes, { headers: { a: "b" } }]],
    [["reject", id, 403, { headers: { a: "b" } }]],
    [["query", id, { ref: "r" }]],
    [["query", [id], { ref: "r" }]],
    [["query", "@all", { ref: "r", count: true }]],
  ],
};

/** Batches that a receiver refuses or that no node publishes. */
const wrong: Readonly<Record<"eventBatch" | "commandBatch", readonly unknown[]>> = {
  eventBatch: [
    {},
    [2, "s", 0, [["open", id, 0, info]]],
    [1, "s", -1, [["open", id, 0, info]]],
    [1, "s", 0],
    [1, "s", 0, [["open", id, 1, info]]],
    [1, "s", 0, [["open", id, 0, {}]]],
    [1, "s", 0, [["open", "no id", 0, info]]],
    [1, "s", 0, [["message", id, 0, "text"]]],
    [1, "s", 0, [["message", id, 1]]],
    [1, "s", 0, [["message", id, 1, 7]]],
    [1, "s", 0, [["close", id, 1, 1000, "", "nobody"]]],
    [1, "s", 0, [["alive", id]]],
    [1, "s", 0, [["reply", "r", { [id]: "perhaps" }]]],
    [1, "s", 0, [["send", id, "text"]]],
    [["open", id, 0, info]],
    [["ack", "s"]],
  ],
  commandBatch: [
    [["send", id]],
    [["send", "no id", "text"]],
    [["send", id, 7]],
    [["close", id, "1000"]],
    [["join", id, ""]],
    [["publish", "g", "text", { ttl: -1 }]],
    [["query", "g"]],
    [["query", "g", {}]],
    [["send", id, { ...bytes, more: 1 }]],
    [["ack", "s", -1]],
    [["open", id, 0, info]],
    [1, "s", "0", [["send", id, "text"]]],
  ],
};

test("it takes every form of the protocol, and refuses what is not of it", () => {
  for (const [name, batches] of Object.entries(right)) {
    for (const batch of batches) {
      const faults = schemaFaults(`#/components/schemas/${name}`, batch);
      assert.deepEqual(faults, [], JSON.stringify(batch));
    }
  }
  for (const [name, batches] of Object.entries(wrong)) {
    for (const batch of batches) {
      const faults = schemaFaults(`#/components/schemas/${name}`, batch);
      assert.notDeepEqual(faults, [], JSON.stringify(batch));
    }
  }
});

test("the presences that are shown can be read", () => {
  const readers = { nodePresence: parseNodePresence, originPresence: parseOriginPresence };
  for (const [name, read] of Object.entries(readers)) {
    const shown = at(`#/components/messages/${name}/examples/0/payload`);
    assert.deepEqual(read(new TextEncoder().encode(JSON.stringify(shown))), shown);
  }
});

test("the causes are those of this version", () => {
  const { nodeLost, ...causes } = CloseCause;
  const listed = (at("#/components/schemas/cause") as JsonMap).enum as string[];
  assert.deepEqual([...listed].sort(), Object.values(causes).sort());
  assert.ok(!listed.includes(nodeLost), "never on the wire");
});

test("the outcomes are those of the code and of the protocol page", () => {
  const quoted = (cell = ""): string[] =>
    Array.from(cell.matchAll(/`([^`]+)`/g), ([, text = ""]) => text).sort();
  const [outcomes, codes] = at("#/components/schemas/outcome/anyOf") as JsonMap[];
  const rows = tableRows("docs/protocol", "outcome");
  const named = Object.values(Outcome).sort();
  assert.deepEqual([...((outcomes as JsonMap).enum as string[])].sort(), named);
  assert.deepEqual(rows.flatMap(([cell]) => quoted(cell)).sort(), named);
  const listed = quoted(rows.find(([cell]) => cell?.includes("error code"))?.[1]);
  assert.deepEqual([...((codes as JsonMap).enum as string[])].sort(), listed);
  for (const code of listed) assert.ok(Object.hasOwn(ErrorCode, code), code);
});
