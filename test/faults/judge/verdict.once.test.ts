import assert from "node:assert/strict";
import { test } from "node:test";
import { readHandled } from "../cluster/origin-log.ts";
import type { JudgedClient, JudgedLife } from "../evidence/judged.ts";
import type { Offer } from "../evidence/wire-tap.ts";
import { judgeWire, type WireVerdict } from "./judge-wire.ts";
import { judgedClient as client } from "./judged-client.ts";
import { judge, type Verdict } from "./verdict.ts";

/** What the handler of each message takes. */
const workMs = 10;

/** Lines as an origin writes them. */
function life(name: string, ...lines: readonly string[]): JudgedLife {
  const handled = lines.map((line) => readHandled(line)!);
  const messages = handled.filter(({ type }) => type === "message");
  const finished = new Map(messages.map(({ id, number, at }) => [`${id} ${number}`, at + workMs]));
  return {
    name,
    tag: `${name}.1`,
    bornAt: 0,
    killed: false,
    finished,
    news: [],
    read: () => handled,
  };
}

const first = ["10 open n1.a 0", "11 message n1.a 1 c1 0", "12 message n1.a 2 c1 1"];
const last = ["13 message n1.a 3 c1 2", "14 close n1.a 1000 client 4"];

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
    [life("o1", ...first, "12 close n1.a 1006 node-lost -", "13 open n1.a 0", ...last)],
    { reopened: 1 },
  ],
  [
    "a node that seemed dead, and had given its connections to others",
    [life("o1", ...first, "12 close n1.a 1006 node-lost -", "13 assigned n1.a 0", ...last)],
    { reopened: 1 },
  ],
  ["nothing in a hand-over", [life("o1", ...first, "13 assigned n1.a 0", ...last)], {}],
  [
    "a true end that is told again",
    [life("o1", ...first, ...last, "15 assigned n1.a 0", last[1]!)],
    { twice: 1, closedTwice: 1 },
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
  const end = "14 close n1.a 1006 node-lost -";
  assert.equal(judge([broken], [life("o1", ...first, end)], new Map()).lost, 0);
  const gap = life("o1", ...first.slice(0, 2), last[0]!, end);
  assert.equal(judge([broken], [gap], new Map()).lost, 1);
});

const nodeDied = "14 close n1.a 1006 node-lost -";
const drained = { ...client, sent: 9, survived: false, leaving: false, closeCode: 1_012 };
const drainedAt = (seq: number): string => `14 close n1.a 1012 drain ${seq}`;

const tails: readonly (readonly [what: string, JudgedClient, lines: string[], lost: number])[] = [
  ["no tail that was never read", drained, [...first, drainedAt(3)], 0],
  ["a tail that its close counts", drained, [...first, drainedAt(6)], 3],
  ["all that its close counts", drained, [first[0]!, drainedAt(6)], 5],
  ["a tail that was read and not counted", { ...drained, read: 7 }, [...first, drainedAt(3)], 5],
  ["all that was read of a client", { ...drained, read: 7 }, [first[0]!, drainedAt(1)], 7],
  ["less in the close than was handled", drained, [...first, drainedAt(2)], 1],
  ["no tail of a node that died", { ...drained, read: 7 }, [...first, nodeDied], 0],
];

for (const [what, cut, lines, lost] of tails) {
  test(`of a client that was cut the judge finds ${what}`, () => {
    assert.equal(judge([cut], [life("o1", ...lines)], new Map()).lost, lost);
  });
}

/** Echoes that come to the client, by process, beside what `o1` and `o2` have handled. */
type EchoCase = readonly [
  what: string,
  echoes: Readonly<Record<string, readonly number[]>>,
  wrong: Counts,
  client?: Partial<JudgedClient>,
  life?: Partial<JudgedLife>,
];

const none = { echoesLost: 0, echoesReordered: 0, echoesTwice: 0, echoesStrange: 0 };
const stayed = { listenedUntil: 100 };
const left = { listenedUntil: 0 };
const killed = { killed: true };

const echoCases: readonly EchoCase[] = [
  ["each echo once", { "o1.1": [0, 1, 2] }, {}, stayed],
  ["a lost echo", { "o1.1": [0, 2] }, { echoesLost: 1 }, stayed],
  ["a lost tail of echoes", { "o1.1": [0, 1] }, { echoesLost: 1 }, stayed],
  ["no tail that nobody stayed for", { "o1.1": [0, 1] }, {}, left],
  ["a gap that nobody stayed for", { "o1.1": [0, 2] }, { echoesLost: 1 }, left],
  ["no tail that a kill took along", { "o1.1": [0] }, {}, stayed, killed],
  ["a gap before a kill", { "o1.1": [1] }, { echoesLost: 1 }, stayed, killed],
  ["an echo twice", { "o1.1": [0, 1, 1, 2] }, { echoesTwice: 1 }, stayed],
  ["echoes in disorder", { "o1.1": [1, 0, 2] }, { echoesReordered: 1 }, stayed],
  ["an echo of nothing", { "o1.1": [0, 1, 2, 3] }, { echoesStrange: 1 }, stayed],
  ["another one's echo", { "o1.1": [0, 1, 2] }, { echoesStrange: 1 }, { ...stayed, strange: 1 }],
];

for (const [what, echoes, wrong, of, as] of echoCases) {
  test(`the judge finds ${what}`, () => {
    const listener = { ...client, ...of, echoes: new Map(Object.entries(echoes)) };
    const handled = { ...life("o1", ...first, ...last), ...as };
    const { echoesLost, echoesReordered, echoesTwice, echoesStrange } = judge(
      [listener],
      [handled],
      new Map(),
    );
    const found = { echoesLost, echoesReordered, echoesTwice, echoesStrange };
    assert.deepEqual(found, { ...none, ...wrong });
  });
}

test("what two processes handled, both have to send back", () => {
  const echoes = new Map([["o1.1", [0, 1]]]);
  const lives = [life("o1", ...first), life("o2", first[2]!, ...last)];
  assert.equal(judge([{ ...client, ...stayed, echoes }], lives, new Map()).echoesLost, 2);
  echoes.set("o2.1", [1, 2]);
  assert.equal(judge([{ ...client, ...stayed, echoes }], lives, new Map()).echoesLost, 0);
});

test("what is sent while a node is taken for dead is given up, and nothing after it", () => {
  const [, one, two] = first;
  const lost = "11.5 close n1.a 1006 node-lost -";
  const handled = [life("o1", first[0]!, one!, lost, "11.7 open n1.a 0", two!, ...last)];
  const found = (...numbers: number[]): readonly number[] => {
    const echoes = new Map([["o1.1", numbers]]);
    const { echoesLost, echoesGivenUp } = judge(
      [{ ...client, ...stayed, echoes }],
      handled,
      new Map(),
    );
    return [echoesLost, echoesGivenUp];
  };
  assert.deepEqual(found(0, 1, 2), [0, 0]);
  assert.deepEqual(found(2), [0, 2]);
  assert.deepEqual(found(0, 1), [1, 0]);
});

test("a node that lives is not taken for dead for long", () => {
  const lost = "11.5 close n1.a 1006 node-lost -";
  const late = "4000 message n1.a 2 c1 1";
  const handled = [life("o1", first[0]!, lost, "11.7 open n1.a 0", first[1]!, late)];
  const { echoesLost, echoesGivenUp } = judge(
    [{ ...client, listenedUntil: 5_000 }],
    handled,
    new Map(),
  );
  assert.deepEqual([echoesLost, echoesGivenUp], [1, 1]);
});

test("what a new client is sent is given up too while its node is taken for dead", () => {
  const found = (...lines: readonly string[]): readonly number[] => {
    const echoes = new Map([["o1.1", [2]]]);
    const { echoesLost, echoesGivenUp } = judge(
      [{ ...client, ...stayed, echoes }],
      [life("o1", ...lines, ...first, ...last)],
      new Map(),
    );
    return [echoesLost, echoesGivenUp];
  };
  assert.deepEqual(found(), [2, 0]);
  assert.deepEqual(found("5 open n1.b 0", "6 close n1.b 1006 node-lost -"), [0, 2]);
  assert.deepEqual(found("5 open n2.b 0", "6 close n2.b 1006 node-lost -"), [2, 0]);
  const told = ["-9000 open n1.b 0", "-8000 close n1.b 1006 node-lost -", "-7000 open n1.c 0"];
  assert.deepEqual(found(...told), [2, 0], "the node was back long before");
});

/** A stream of `o1`: messages of `n1.a` by their numbers, all published at once. */
function offers(stream: string, at: number, ...seqs: number[]): [string, Offer[]] {
  return [stream, seqs.map((seq) => ({ at, origin: "o1", stream, message: `n1.a ${seq}` }))];
}

const wireCases: readonly (readonly [
  what: string,
  streams: readonly [string, Offer[]][],
  confirmedAt: number,
  found: Partial<Record<keyof WireVerdict, number>>,
])[] = [
  ["nothing wrong on the wire", [offers("s", 9, 1, 2, 3)], 30, {}],
  ["a message confirmed too early", [offers("s", 9, 1, 2, 3)], 10, { confirmedEarly: 3 }],
  ["one confirmed in its handler", [offers("s", 9, 1, 2, 3)], 20, { confirmedEarly: 1 }],
  [
    "a message that was given again to who had handled it",
    [offers("s", 9, 1, 2, 3), offers("t", 11.5, 1)],
    30,
    { resent: 1, offeredAgain: 1 },
  ],
  [
    "a message that nobody handled",
    [offers("t", 9, 4), offers("s", 9, 1, 2, 3)],
    30,
    { unhandled: 1 },
  ],
];

for (const [what, streams, at, found] of wireCases) {
  test(`the judge finds ${what}`, () => {
    const confirmations = [{ at, stream: "s", count: 3 }];
    const record = { streams: new Map(streams), confirmations };
    const { complaints, offered, confirmed, ...verdict } = judgeWire(record, [
      life("o1", ...first, ...last),
    ]);
    assert.equal(confirmed, 3);
    assert.ok(offered >= 3);
    const nothing = { resent: 0, offeredAgain: 0, unhandled: 0, confirmedEarly: 0 };
    assert.deepEqual(verdict, { ...nothing, ...found });
    const wrong = verdict.unhandled + verdict.confirmedEarly;
    assert.equal(complaints.length, wrong);
  });
}
