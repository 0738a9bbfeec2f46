import assert from "node:assert/strict";
import { test } from "node:test";
import {
  encodePresence,
  nodePresenceFault,
  originPresenceFault,
  parseNodePresence,
  parseOriginPresence,
} from "../../../../adapters/topics/presence.ts";
import { readPage } from "../../../support/docs/docs.ts";

const whole: Readonly<Record<string, unknown>> = { v: 1, incarnation: "i", at: 1, every: 2_000 };
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

test("the four keys that the protocol requires are enough, and each is missed by name", () => {
  assert.ok(parseOriginPresence(bytes(whole)) && parseNodePresence(bytes(whole)));
  for (const key of Object.keys(whole)) {
    const { [key]: _, ...rest } = whole;
    for (const fault of [originPresenceFault, nodePresenceFault]) {
      assert.equal(fault(bytes(rest)), `"${key}" is missing`);
    }
  }
  const required = Object.keys(whole).map((key) => `\`${key}\``);
  const words = `${required.slice(0, -1).join(", ")} and ${required.at(-1)} are required`;
  assert.ok(readPage("docs/protocol").replace(/\s+/g, " ").includes(words), words);
});

test("a presence that cannot be read is told with what is wrong in it", () => {
  for (const [value, fault] of [
    [{ ...whole, v: 2 }, '"v" is 2, and must be 1'],
    [{ ...whole, every: "2s" }, '"every" is "2s", and must be number'],
    [{ ...whole, every: 0 }, '"every" is 0, and must be >=1'],
    [{ ...whole, window: null }, '"window" is null, and must be number'],
    [{ ...whole, format: "xml" }, '"format" is "xml", and must be ("msgpack" | "json")'],
    [[], '"v" is missing'],
    [7, "no JSON object"],
    [null, "no JSON object"],
    [{ ...whole, x: "x".repeat(5_000) }, "more than 4096 bytes"],
  ] as const) {
    assert.equal(parseOriginPresence(bytes(value)), undefined);
    assert.equal(originPresenceFault(bytes(value)), fault);
  }
  assert.equal(originPresenceFault(new TextEncoder().encode("?")), "no JSON");
});

test("a node's presence is checked, unknown keys are left out", () => {
  const presence = {
    v: 1 as const,
    incarnation: "x",
    at: 1,
    every: 5_000,
    connections: 3,
    runtime: "bun",
    version: "0.1.0",
  };
  assert.deepEqual(parseNodePresence(encodePresence(presence)), presence);
  const parse = (text: string): unknown => parseNodePresence(new TextEncoder().encode(text));
  assert.deepEqual(parse('{"v":1,"incarnation":"x","at":1,"every":5000,"more":[1]}'), {
    ...presence,
    connections: 0,
    runtime: "",
    version: "",
  });
  const wrong = [
    "",
    "1",
    "null",
    "{",
    "{}",
    '{"v":2,"incarnation":"x","at":1,"every":1}',
    '{"v":1,"incarnation":"","at":1,"every":1}',
    '{"v":1,"incarnation":"x","at":-1,"every":1}',
    '{"v":1,"incarnation":"x","at":1,"every":0}',
    `{"v":1,"incarnation":"x","at":1,"every":1,"more":"${"x".repeat(5_000)}"}`,
  ];
  for (const text of wrong) assert.equal(parse(text), undefined, text);
});
