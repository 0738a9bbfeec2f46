import assert from "node:assert/strict";
import { test } from "node:test";
import { filterMatches, hasWildcard } from "../../../../adapters/in-process/topic-filter.ts";

/** From MQTT 3.1.1, 4.7.1, and the filters of the wire contract. */
const cases: readonly (readonly [filter: string, topic: string, matches: boolean])[] = [
  ["sport/tennis/player1/#", "sport/tennis/player1", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
  ["sport/#", "sport", true],
  ["#", "sport/tennis", true],
  ["sport/tennis/+", "sport/tennis/player1", true],
  ["sport/tennis/+", "sport/tennis/player1/ranking", false],
  ["sport/+", "sport", false],
  ["sport/+", "sport/", true],
  ["+/+", "/finance", true],
  ["/+", "/finance", true],
  ["+", "/finance", false],
  ["wss/v1/a/nodes/n1/commands/+", "wss/v1/a/nodes/n1/commands/o1", true],
  ["wss/v1/a/nodes/n1/commands/+", "wss/v1/a/nodes/n2/commands/o1", false],
  ["wss/v1/a/groups/room/#", "wss/v1/a/groups/room/text", true],
  ["wss/v1/a/groups/room/#", "wss/v1/a/groups/rooms/text", false],
  ["a/b", "a/b", true],
  ["a/b", "a/b/c", false],
  ["a/b/c", "a/b", false],
];

test("a filter matches as MQTT says", () => {
  for (const [filter, topic, matches] of cases) {
    assert.equal(filterMatches(filter, topic), matches, `${filter} ${topic}`);
    assert.equal(hasWildcard(filter), /[+#]/.test(filter), filter);
  }
});
