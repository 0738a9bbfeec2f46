import assert from "node:assert/strict";
import { test } from "node:test";
import { Topics } from "../../../adapters/topics/mod.ts";
import { parseNodePresence, parseOriginPresence } from "../../../adapters/topics/presence.ts";
import { Outcome } from "../../../core/groups/outcome.ts";
import { CloseCause } from "../../../core/mod.ts";
import { readPage, tableRows } from "../../support/docs/docs.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonMap = { [key: string]: Json };

const file = "docs/asyncapi.json";
const document = JSON.parse(readPage(file)) as JsonMap;

function at(pointer: string): Json | undefined {
  let value: Json | undefined = document;
  for (const key of pointer.replace(/^#\//, "").split("/")) {
    value = (value as JsonMap | undefined)?.[key.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return value;
}

/** Every map in the document, with the place where it stands. */
function* maps(value: Json, place: string): Generator<[JsonMap, string]> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* maps(item, `${place}/${index}`);
  } else if (typeof value === "object" && value !== null) {
    yield [value, place];
    for (const [key, item] of Object.entries(value)) yield* maps(item, `${place}/${key}`);
  }
}

test("it is AsyncAPI 3.0, and every reference leads somewhere", () => {
  assert.equal(document.asyncapi, "3.0.0");
  for (const [map, place] of maps(document, "#")) {
    const { $ref } = map;
    if (typeof $ref === "string") assert.notEqual(at($ref), undefined, `${place}: ${$ref}`);
  }
});

test("its channels are the topics of the protocol page and of the adapter", () => {
  const channels = Object.values(document.channels as JsonMap) as JsonMap[];
  const addresses = channels.map(({ address }) => String(address)).sort();
  const listed = tableRows("docs/protocol", "topic below `ROOT/v1/APP`").map(([topic = ""]) =>
    topic.replace(/^`(.*)`$/, "{root}/v1/{app}/$1"),
  );
  assert.deepEqual(addresses, listed.sort());
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

test("its items are those of the protocol page", () => {
  const names = (kinds: readonly string[]): string[] => {
    const refs = kinds.flatMap((kind) => at(`#/components/schemas/${kind}`) as Json[]);
    return refs.map((ref) => {
      const { items } = at(String((ref as JsonMap).$ref)) as JsonMap;
      return String(((items as Json[])[0] as JsonMap).const);
    });
  };
  const bare = "eventBatch/oneOf/1/items/oneOf";
  const listed = tableRows("docs/protocol", "item").map(
    ([item = ""]) => /\["(\w+)"/.exec(item)?.[1],
  );
  // Of the events that travel bare, some are numbered at other times.
  const events = [...new Set(names(["event/oneOf", bare]))];
  assert.deepEqual([...events, ...names(["command/oneOf"])].sort(), listed.sort());
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
  const [outcomes, codes] = at("#/components/schemas/outcome/anyOf") as JsonMap[];
  const names = (outcomes as JsonMap).enum as string[];
  assert.deepEqual([...names].sort(), Object.values(Outcome).sort());
  const rows = tableRows("docs/protocol", "outcome");
  const row = rows.find(([cell]) => cell?.includes("error code"));
  const listed = Array.from(row?.[1]?.matchAll(/`([^`]+)`/g) ?? [], ([, code]) => code);
  assert.deepEqual([...((codes as JsonMap).enum as string[])].sort(), listed.sort());
});
