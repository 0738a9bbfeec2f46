import assert from "node:assert/strict";
import { test } from "node:test";
import { PresenceMerge } from "../../../../../adapters/mqtt/brokers/presence-merge.ts";

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

const cases: readonly (readonly [what: string, lines: readonly [string, boolean][]])[] = [
  [
    "a process is gone when it is gone from every broker",
    [
      ["0: i1 at 1", true],
      ["1: i1 at 1", true],
      ["0: gone", false],
      ["1: gone", true],
    ],
  ],
  [
    "what a broker has that is away does not count",
    [
      ["0: i1 at 1", true],
      ["1: i1 at 1", true],
      ["1: lost", false],
      ["0: gone", true],
    ],
  ],
  [
    "an older heartbeat that comes later says nothing, but that it is there",
    [
      ["0: i1 at 5", true],
      ["1: i1 at 4", false],
      ["0: gone", false],
      ["1: gone", true],
    ],
  ],
  [
    "a broker that is back says nothing of an incarnation that is over",
    [
      ["0: i2 at 9", true],
      ["1: i1 at 3 stored", false],
      ["0: gone", true],
    ],
  ],
  [
    "a broker that is back does not raise the dead",
    [
      ["0: i1 at 3", true],
      ["0: gone", true],
      ["1: i1 at 3 stored", false],
      ["1: i1 at 2 stored", false],
    ],
  ],
  [
    "one that lives on after its Will is there again",
    [
      ["0: i1 at 3", true],
      ["0: gone", true],
      ["0: i1 at 3", true],
    ],
  ],
  [
    "a new incarnation counts from its first word, also with a clock that is behind",
    [
      ["0: i1 at 9", true],
      ["1: i1 at 9", true],
      ["1: i2 at 2", true],
      ["0: gone", false],
      ["1: gone", true],
    ],
  ],
  ["what nobody knows is passed on", [["0: gone", true]]],
];

for (const [what, lines] of cases) {
  test(`presence at several brokers: ${what}`, () => {
    const said = rig();
    assert.deepEqual(
      lines.map(([line]) => [line, said(line)]),
      lines,
    );
  });
}
