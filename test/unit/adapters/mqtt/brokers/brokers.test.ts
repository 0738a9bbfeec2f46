import assert from "node:assert/strict";
import { test } from "node:test";
import {
  brokerNames,
  brokerOf,
  brokerScore,
  brokerUrls,
  openBrokers,
  redactUrls,
} from "../../../../../adapters/mqtt/brokers/mod.ts";
import { PresenceMerge } from "../../../../../adapters/mqtt/brokers/presence-merge.ts";
import { testPorts } from "../../../../support/broker/broker-rigs.ts";
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

test("of the brokers that are up, the next one has the key of one that is away", () => {
  for (const key of keys.slice(0, 1_000)) {
    const without = brokerOf(key, names, (broker) => broker !== 2);
    assert.equal(without, brokerOf(key, names.slice(0, 2)));
    const first = brokerOf(key, names, (broker) => broker !== 0);
    assert.equal(first, 1 + brokerOf(key, names.slice(1)));
    const none = brokerOf(key, names, () => false);
    assert.equal(none, brokerOf(key, names), "none is up");
    const turned = [...names].reverse();
    assert.equal(names[none], turned[brokerOf(key, turned)], "in any order of the list");
  }
});

test("a list is cut at its URLs, whatever a password has in it", () => {
  const list = "mqtt://u:a,b@mq-a,mqtts://u:x%2Fy@mq-b:8884,mqtt://[::1]:1884";
  assert.deepEqual(brokerUrls(list), [
    "mqtt://u:a,b@mq-a",
    "mqtts://u:x%2Fy@mq-b:8884",
    "mqtt://[::1]:1884",
  ]);
  assert.deepEqual(brokerNames(list), ["mq-a:1883", "mq-b:8884", "[::1]:1884"]);
  assert.equal(redactUrls(list), "mqtt://u:***@mq-a,mqtts://u:***@mq-b:8884,mqtt://[::1]:1884");
});

test("the name of a broker has its port, and no capitals", () => {
  assert.deepEqual(brokerNames("mqtts://MQ-A/,mqtt://mq-a"), ["mq-a:8883", "mq-a:1883"]);
});

for (const [list, what] of [
  ["mqtt://a,mqtt://u:p@A:1883", /a:1883 is there twice/],
  [Array.from({ length: 17 }, (_, i) => `mqtt://b${i}`).join(","), /16 of them at most/],
  ["mqtt://a,http://b", /the scheme must be mqtt or mqtts/],
] as const) {
  test(`refused: ${list.slice(0, 40)}`, () => {
    assert.throws(() => brokerNames(list), { code: "setting-invalid", message: what });
    assert.throws(() => openBrokers({ urls: list }, testPorts()), { message: what });
  });
}

test("one broker is a link to it, as it always was", () => {
  assert.equal(openBrokers({ urls: "mqtt://a" }, testPorts()).brokers, undefined);
  assert.equal(openBrokers({ urls: "mqtt://a,mqtt://b" }, testPorts()).brokers?.size, 2);
});

/** Takes `BROKER: INCARNATION at AT`, with `stored` if the broker had it; or `BROKER: gone`. */
function rig(): (line: string) => boolean {
  const merge = new PresenceMerge();
  return (line) => {
    const [broker = "", said = "", , at, stored] = line.split(" ");
    const index = Number(broker.slice(0, -1));
    if (said === "lost") {
      merge.lost(index);
      return false;
    }
    const presence = said === "gone" ? undefined : { incarnation: said, at: Number(at) };
    return merge.accepts("default/o1", { broker: index, presence, stored: stored === "stored" });
  };
}

/** What brokers say, one after another. A line that begins with `+` is passed on. */
const cases: readonly (readonly [what: string, ...lines: string[]])[] = [
  [
    "a process is gone when it is gone from every broker",
    ...["+0: i1 at 1", "+1: i1 at 1", "-0: gone", "+1: gone"],
  ],
  [
    "what a broker has that is away does not count",
    ...["+0: i1 at 1", "+1: i1 at 1", "-1: lost", "+0: gone"],
  ],
  [
    "an older heartbeat that comes later says nothing, but that it is there",
    ...["+0: i1 at 5", "-1: i1 at 4", "-0: gone", "+1: gone"],
  ],
  [
    "a broker that is back says nothing of an incarnation that is over",
    ...["+0: i2 at 9", "-1: i1 at 3 stored", "+0: gone"],
  ],
  [
    "a broker that is back does not raise the dead",
    ...["+0: i1 at 3", "+0: gone", "-1: i1 at 3 stored", "-1: i1 at 2 stored"],
  ],
  [
    "one that lives on after its Will is there again",
    ...["+0: i1 at 3", "+0: gone", "+0: i1 at 3"],
  ],
  [
    "a new incarnation counts from its first word, also with a clock that is behind",
    ...["+0: i1 at 9", "+1: i1 at 9", "+1: i2 at 2", "-0: gone", "+1: gone"],
  ],
  ["what nobody knows is passed on", "+0: gone"],
];

for (const [what, ...lines] of cases) {
  test(`presence at several brokers: ${what}`, () => {
    const said = rig();
    const heard = lines.map((line) => `${said(line.slice(1)) ? "+" : "-"}${line.slice(1)}`);
    assert.deepEqual(heard, lines);
  });
}
