import assert from "node:assert/strict";
import { test } from "node:test";
import { waitMs } from "./cluster/cluster.ts";
import {
  type Complaint,
  errorCounts,
  nodeComplaints,
  originComplaints,
} from "./evidence/complaints.ts";
import type { JudgedClient } from "./evidence/judged.ts";
import { MostSeen } from "./evidence/memory-sampler.ts";
import { failuresOf, type JudgedOutcome, recoveryBoundMs } from "./failures.ts";
import { type EndingRules, judgeEndings, type ToldEnd } from "./judge/judge-endings.ts";
import { judgeErrors } from "./judge/judge-errors.ts";
import { judgeWire } from "./judge/judge-wire.ts";
import { judgedClient as left } from "./judge/judged-client.ts";
import { judge } from "./judge/verdict.ts";
import { faults } from "./kinds/all-faults.ts";
import { slack } from "./prove.ts";

const cut: JudgedClient = { ...left, survived: false, leaving: false };

function end(...told: readonly string[]): ToldEnd {
  return { id: "n1.a", label: "c1", told };
}

const deploy = { ...faults.nodeDeploy, condemned: new Set(["n1"]) };
const kill = { ...faults.nodeKill, condemned: new Set(["n1"]) };
const stop = { ...faults.nodeStop, condemned: new Set(["n1"]) };
const silent = { ...faults.clientHalfOpen, condemned: new Set(["c1"]) };
const nothing: EndingRules = { condemned: new Set() };
const elsewhere = new Set(["n2"]);

type EndingCase = readonly [
  what: string,
  client: JudgedClient,
  told: readonly string[],
  rules: EndingRules,
  wrong: number,
];

const endingCases: readonly EndingCase[] = [
  ["a client that closed", left, ["1000 client"], nothing, 0],
  ["its end with another code", left, ["1006 client"], nothing, 1],
  ["its end with another cause", left, ["1000 error"], nothing, 1],
  ["one that nothing should cut", { ...cut, closeCode: 1_006 }, ["1006 error"], nothing, 2],
  ["one that a drain closed", { ...cut, closeCode: 1_012 }, ["1012 drain"], deploy, 0],
  ["a drain that closes with 1001", { ...cut, closeCode: 1_001 }, ["1012 drain"], deploy, 1],
  ["a drain that cuts", { ...cut, closeCode: 1_006 }, ["1012 drain"], deploy, 1],
  ["a drain told by another code", { ...cut, closeCode: 1_012 }, ["1006 drain"], deploy, 1],
  ["a drain told as the client's end", { ...cut, closeCode: 1_012 }, ["1000 client"], deploy, 1],
  ["a drain told as a loss", { ...cut, closeCode: 1_012 }, ["1006 node-lost"], deploy, 1],
  ["one that left a node in a drain", left, ["1000 client"], deploy, 0],
  ["its end told as the drain's", left, ["1012 drain"], deploy, 1],
  [
    "the same where a server answers a close frame that crosses its own",
    left,
    ["1012 drain"],
    { ...deploy, losesFrames: true },
    0,
  ],
  ["one of a node that died", { ...cut, closeCode: 1_006 }, ["1006 node-lost"], kill, 0],
  ["a node that died and said 1012", { ...cut, closeCode: 1_012 }, ["1006 node-lost"], kill, 1],
  ["a death told as an error", { ...cut, closeCode: 1_006 }, ["1006 error"], kill, 1],
  [
    "a server that loses every close frame",
    { ...cut, closeCode: 1_006 },
    ["1012 drain"],
    { ...deploy, losesFrames: true },
    1,
  ],
  [
    "one of another node than died",
    { ...cut, closeCode: 1_006 },
    ["1006 node-lost"],
    { ...kill, condemned: elsewhere },
    2,
  ],
  ["one that left while its node was away", left, ["1006 node-lost"], stop, 0],
  [
    "a loss of a node that was not away",
    left,
    ["1006 node-lost"],
    { ...stop, condemned: elsewhere },
    1,
  ],
  ["a silent client", { ...cut, closeCode: 1_006 }, ["1006 error"], silent, 0],
  ["a silent client told as a loss", { ...cut, closeCode: 1_006 }, ["1006 node-lost"], silent, 1],
  [
    "a loss concluded by who was away",
    left,
    ["1000 client", "1006 node-lost"],
    { ...nothing, losesInError: true },
    0,
  ],
  [
    "a loss concluded by all",
    left,
    ["1006 node-lost", "1006 node-lost"],
    { ...nothing, losesInError: true },
    2,
  ],
];

for (const [what, client, told, rules, wrong] of endingCases) {
  test(`endings: ${what}`, () => {
    const found = judgeEndings([client], [end(...told)], rules);
    assert.equal(found.length, wrong, found.join());
  });
}

test("the judge takes code and cause of an end from the origin's log", () => {
  const handled = { at: 1, type: "close", id: "n1.a", number: 1_012, rest: "drain" } as const;
  const process = {
    name: "o1",
    tag: "o1.1",
    bornAt: 0,
    killed: false,
    finished: new Map(),
    news: [],
  };
  const life = { ...process, read: () => [handled] };
  const { ends } = judge([], [life], new Map());
  assert.deepEqual(ends, [{ id: "n1.a", label: undefined, told: ["1012 drain"] }]);
});

const codes = (complaints: readonly Complaint[]): string[] => complaints.map(({ code }) => code);

test("an origin's errors are its error events and its log's lines of that level", () => {
  const found = originComplaints("o1.1", [
    "1.5 message n1.a 1 c1 0",
    "2.5 error - 0 batch-gap ServiceError: something",
    '{"level":"info","event":"connected"}',
    '{"level":"error","event":"refused"}',
    '{"level":"error","event":"failed","code":"internal"}',
  ]);
  assert.deepEqual(codes(found), ["batch-gap", "refused", "internal"]);
});

test("a node's errors are its log's lines of that level, and lines of no log", () => {
  const found = nodeComplaints("n1", [
    '{"level":"warn","event":"broker-lost","code":"broker-lost"}',
    '{"level":"error","event":"failed","code":"internal"}',
    "TypeError: undefined is no function",
  ]);
  assert.deepEqual(codes(found), ["internal", "no-log-line"]);
});

test("a node's counted faults are read by code", () => {
  const text = 'wss_errors_total{code="internal"} 2\nwss_other_total{code="x"} 1\n';
  assert.deepEqual([...errorCounts(text)], [["internal", 2]]);
});

test("a fault explains its own codes, and no other", () => {
  const told = ["internal", "broker-lost", "id-gone"].map((code) => {
    return { who: "n1", code, text: "" };
  });
  assert.equal(judgeErrors(told).length, 2);
  assert.equal(judgeErrors(told, faults.brokerKill?.errors).length, 1);
  for (const { name, errors = [] } of Object.values(faults)) {
    assert.ok(!errors.includes("internal"), name);
  }
});

test("what no process of a place ever showed is named", () => {
  const most = new MostSeen();
  most.note("windowBytes", "n1", undefined);
  most.note("windowBytes", "n2", 0);
  most.note("nodeBytes", "n1", undefined);
  most.note("nodeBytes", "n1", 5);
  most.note("nodeBytes", "n1", undefined);
  const { unseen, nodeBytes } = most.result;
  assert.deepEqual(unseen, ["windowBytes of n1", "windowBytes of n2"]);
  assert.equal(nodeBytes, 5);
});

const clean: JudgedOutcome = {
  fault: faults.nodeCut!,
  verdict: { ...judge([], [], new Map()), read: 1, news: 1 },
  wire: { ...judgeWire({ streams: new Map(), confirmations: [] }, []), offered: 1, confirmed: 1 },
  recoveryMs: undefined,
  memory: { windowBytes: 1, nodeBytes: 1, originBytes: 1, unseen: [] },
  endings: [],
  errors: [],
};
const calm = { lives: [], bounds: { windowBytes: 2, nodeBytes: 2, originBytes: 2 }, slack: 1 };

const failing: readonly (readonly [
  what: string,
  outcome: Partial<JudgedOutcome>,
  said: RegExp,
])[] = [
  ["a wrong end", { endings: ["c1 saw its end as 1001"] }, /1 ends/],
  ["a cut that cut nobody", { fault: faults.nodeDeploy! }, /nobody was cut/],
  ["a metric that never came", { memory: { ...clean.memory, unseen: ["x"] } }, /never seen/],
  ["a tap that received nothing", { wire: { ...clean.wire, offered: 0 } }, /no message was seen/],
  ["a tap that received no ack", { wire: { ...clean.wire, confirmed: 0 } }, /to be confirmed/],
  ["pings that nobody answers", { verdict: { ...clean.verdict, read: 0 } }, /no ping/],
  ["publishes that reached nobody", { verdict: { ...clean.verdict, news: 0 } }, /no publish/],
  [
    "a publish that is lost without a broken connection",
    { fault: faults.nodeDeploy!, verdict: { ...clean.verdict, newsLost: 1 } },
    /1 publishes to a group lost/,
  ],
  [
    "a slow recovery",
    { fault: faults.originStop!, recoveryMs: 7_501 },
    /recovery took 7501 ms, and may take 7500/,
  ],
  ["an error", { errors: [{ who: "n1", code: "internal", text: "" }] }, /told of internal/],
];

test("a bound of recovery fires before its wait ends, and timers do not stretch it", () => {
  assert.equal(recoveryBoundMs({ recoveryMsMax: 1_000 }, 3), 3_000);
  assert.equal(recoveryBoundMs({ recoveryMsMax: 7_500, timersMs: 6_000 }, 3), 10_500);
  for (const { name, ...fault } of Object.values(faults)) {
    assert.ok((recoveryBoundMs(fault, slack) ?? 0) < waitMs / 2, name);
  }
});

test("a run with nothing wrong has no failures", () => {
  assert.deepEqual(failuresOf(clean, calm), []);
});

for (const [what, outcome, said] of failing) {
  test(`a run fails by ${what}`, () => {
    assert.match(failuresOf({ ...clean, ...outcome }, calm).join(), said);
  });
}
