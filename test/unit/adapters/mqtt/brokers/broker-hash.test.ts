import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerOf, brokerScore } from "../../../../../adapters/mqtt/brokers/mod.ts";
import { tableRows, unquoted } from "../../../../support/docs/docs.ts";

const names = ["mq-a:1883", "mq-b:1883", "mq-c:1883"];

test("the scores of the docs are those of the code, and the highest has the key", () => {
  const rows = tableRows("docs/protocol/brokers.md", "key");
  assert.ok(rows.length >= 6);
  for (const [key = "", ...cells] of rows) {
    const scores = names.map((name) => brokerScore(name, unquoted(key)));
    assert.deepEqual(cells.slice(0, 3).map(Number), scores, key);
    assert.equal(unquoted(cells[3] ?? ""), names[brokerOf(unquoted(key), names)], key);
  }
});

const keys = Array.from({ length: 30_000 }, (_, i) => `default/nodes/n${i % 7}/o${i}`);

test("keys spread evenly over brokers", () => {
  const counts = names.map(() => 0);
  for (const key of keys) counts[brokerOf(key, names)]!++;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, String(counts));
});

test("a broker that is taken out moves its own keys alone, evenly to the others", () => {
  const rest = names.slice(0, 2);
  const moved = [0, 0];
  for (const key of keys) {
    const before = names[brokerOf(key, names)];
    const now = brokerOf(key, rest);
    if (before === "mq-c:1883") moved[now]!++;
    else assert.equal(rest[now], before);
  }
  assert.ok(Math.abs(moved[0]! - moved[1]!) < 500, String(moved));
});

test("the order of the list does not matter", () => {
  const turned = [...names].reverse();
  for (const key of keys.slice(0, 1_000)) {
    assert.equal(names[brokerOf(key, names)], turned[brokerOf(key, turned)]);
  }
});

test("of the brokers that are up, the next one has the key of one that is away", () => {
  for (const key of keys.slice(0, 1_000)) {
    const without = brokerOf(key, names, (broker) => broker !== 2);
    assert.equal(without, brokerOf(key, names.slice(0, 2)));
    const first = brokerOf(key, names, (broker) => broker !== 0);
    assert.equal(first, 1 + brokerOf(key, names.slice(1)));
    assert.equal(
      brokerOf(key, names, () => false),
      brokerOf(key, names),
      "none is up",
    );
  }
});
