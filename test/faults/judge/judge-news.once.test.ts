import assert from "node:assert/strict";
import { test } from "node:test";
import type { JudgedClient, JudgedLife } from "../evidence/judged.ts";
import { judgeNews, type NewsVerdict } from "./judge-news.ts";

const member: JudgedClient = {
  label: "c1",
  node: "n1",
  sent: 0,
  read: 0,
  survived: true,
  leaving: true,
  closeCode: 1_000,
  echoes: new Map(),
  strange: 0,
  openedAt: 10,
  listenedUntil: 100,
  news: new Map(),
};
const life: JudgedLife = {
  name: "o1",
  tag: "o1.1",
  bornAt: 0,
  killed: false,
  read: () => [],
  finished: new Map(),
  news: [5, 20, 30, 40, 200],
};
const cut = { survived: false };

const cases: readonly (readonly [
  what: string,
  got: readonly number[],
  wrong: Partial<NewsVerdict>,
  client?: Partial<JudgedClient>,
  life?: Partial<JudgedLife>,
])[] = [
  ["all that a member was there for", [1, 2, 3], {}],
  ["a publish that is missing between two", [1, 3], { newsLost: 1 }],
  ["one that is missing at a client that was cut", [1, 3], { newsLost: 1 }, cut],
  ["no tail of a client that was cut", [1, 2], {}, cut],
  ["a tail that a client stayed for", [1, 2], { newsLost: 1 }],
  ["a group of which a member receives nothing", [], { newsLost: 3 }],
  ["no tail that a kill took along", [1, 2], {}, {}, { killed: true }],
  ["a publish twice", [1, 2, 2, 3], { newsWrong: 1 }],
  ["publishes in disorder", [2, 1, 3], { newsWrong: 1 }],
  ["a publish of nothing", [1, 2, 3, 9], { newsWrong: 1, newsLost: 1 }],
];

for (const [what, got, wrong, client, as] of cases) {
  test(`the judge of news finds ${what}`, () => {
    const listener = { ...member, ...client, news: new Map([["o1.1", got]]) };
    const verdict = judgeNews([listener], [{ ...life, ...as }], () => {});
    assert.deepEqual(verdict, { news: got.length, newsLost: 0, newsWrong: 0, ...wrong });
  });
}
