import assert from "node:assert/strict";
import { test } from "node:test";
import type { Handled } from "./origin-log.ts";
import { type JudgedClient, type JudgedLife, judge, type Verdict } from "./verdict.ts";

/** Lines as an origin writes them: `at type id number rest`. */
function life(name: string, ...lines: readonly string[]): JudgedLife {
  const handled = lines.map((line): Handled => {
    const [at, type, id = "", number, ...rest] = line.split(" ");
    const words = { type: type as Handled["type"], id, rest: rest.join(" ") };
    return { at: Number(at), number: Number(number), ...words };
  });
  return { name, read: () => handled };
}

const client: JudgedClient = { label: "c1", sent: 3, survived: true, closeCode: 1_000 };
const first = ["10 open n1.a 0", "11 message n1.a 1 c1 0", "12 message n1.a 2 c1 1"];
const last = ["13 message n1.a 3 c1 2", "14 close n1.a 1000 client"];

type Counts = Partial<Record<keyof Verdict, number>>;

const cases: readonly (readonly [what: string, lives: readonly JudgedLife[], wrong: Counts])[] = [
  ["nothing", [life("o1", ...first, ...last)], {}],
  ["a failover", [life("o1", ...first), life("o2", first[2]!, ...last)], { redelivered: 1 }],
  ["a lost message", [life("o1", ...first.slice(0, 2), ...last)], { lost: 1 }],
  ["a lost end", [life("o1", ...first, last[0]!)], { unclosed: 1 }],
  ["a lost tail", [life("o1", ...first, last[1]!)], { lost: 1 }],
  ["a message twice", [life("o1", ...first, first[2]!, ...last)], { twice: 1, redelivered: 1 }],
  ["an end twice", [life("o1", ...first, ...last, last[1]!)], { twice: 1, closedTwice: 1 }],
  ["an end at two", [life("o1", ...first, ...last), life("o2", last[1]!)], { closedTwice: 1 }],
  ["disorder at one", [life("o1", first[0]!, first[2]!, first[1]!, ...last)], { reordered: 1 }],
  [
    "disorder among two",
    [life("o1", "10 open n1.a 0", "30 message n1.a 1 c1 0"), life("o2", first[2]!, ...last)],
    { reordered: 2 },
  ],
  ["a wrong seq", [life("o1", ...first, "13 message n1.a 4 c1 2", last[1]!)], { reordered: 1 }],
  ["a message after the end", [life("o1", ...first, last[1]!, last[0]!)], { reordered: 1 }],
  [
    "a node that seemed dead",
    [life("o1", ...first, "12 close n1.a 1006 node-lost", "13 open n1.a 0", ...last)],
    { reopened: 1 },
  ],
];

for (const [what, lives, wrong] of cases) {
  test(`the judge finds ${what}`, () => {
    const { lost, reordered, twice, unclosed, closedTwice, redelivered, reopened } = judge(
      [client],
      lives,
      new Map(),
    );
    const none = { lost: 0, reordered: 0, twice: 0, unclosed: 0, closedTwice: 0 };
    assert.deepEqual(
      { lost, reordered, twice, unclosed, closedTwice, redelivered, reopened },
      { ...none, redelivered: 0, reopened: 0, ...wrong },
    );
  });
}

test("what was under way before a run began is no part of it", () => {
  const [o1, o2] = [life("o1", ...first, ...last), life("o2", ...first)];
  const { handled, unclosed } = judge([], [o1, o2], new Map([[o1, 5]]));
  assert.deepEqual({ handled, unclosed }, { handled: 0, unclosed: 0 });
});

test("of a connection that broke, what was handled must have no gap", () => {
  const broken = { ...client, sent: 9, survived: false, closeCode: 1_006 };
  const end = "14 close n1.a 1006 node-lost";
  assert.equal(judge([broken], [life("o1", ...first, end)], new Map()).lost, 0);
  const gap = life("o1", ...first.slice(0, 2), last[0]!, end);
  assert.equal(judge([broken], [gap], new Map()).lost, 1);
});
