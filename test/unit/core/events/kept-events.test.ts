import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { AlikeTexts } from "../../../../core/events/alike-texts.ts";
import { DepartedConnections } from "../../../../core/events/departed-connections.ts";
import { infoOf, keptInfo } from "../../../../core/events/introduction.ts";
import type { KnownConnection } from "../../../../core/events/mod.ts";
import { PublishTurn } from "../../../../core/events/publish-turn.ts";
import { TracedEvents } from "../../../../core/events/traced-events.ts";
import { ManualClock, type MemorySpan, MemoryTracer } from "../../../support/memory/mod.ts";
import { settled } from "../../../support/memory-node/memory-node.ts";
import { eventsOf } from "../../../support/memory-node/node-rig.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

const address = "192.0.2.7";
const said = {
  path: "/tea",
  query: "",
  headers: { "user-agent": "kettle" },
  ip: address,
  subprotocols: ["a", "b"],
  subprotocol: "b",
  cookies: { cup: "1" },
};

test("what is kept of a request says all that `open` said but the grant", () => {
  const alike = new AlikeTexts();
  for (const info of [said, { ...said, query: "token=x" }]) {
    const kept = keptInfo({ ...info, user: "bob", state: 7 }, alike);
    assert.deepEqual(infoOf({ info: kept, address }), info);
  }
  assert.deepEqual(infoOf({ info: "", address }), {});
});

test("alike requests of different clients are kept once, but none with a query", () => {
  const alike = new AlikeTexts();
  const one = keptInfo(said, alike);
  assert.equal(keptInfo({ ...said, ip: "192.0.2.8" }, alike), one);
  assert.equal(alike.size, 1);
  keptInfo({ ...said, query: "token=x" }, alike);
  assert.equal(alike.size, 1);
});

test("neither many nor long texts fill the memory for alike ones", () => {
  const alike = new AlikeTexts();
  for (let index = 0; index < limits.alikeTextsMax; index++) alike.of(String(index));
  assert.equal(alike.size, limits.alikeTextsMax);
  const long = "x".repeat(limits.alikeTextCharsMax + 1);
  assert.equal(alike.of(long), long);
  assert.equal(alike.size, limits.alikeTextsMax);
  assert.equal(alike.of("one more"), "one more");
  assert.equal(alike.size, 1);
});

function departed(...lastItems: readonly number[]): DepartedConnections {
  const all = new DepartedConnections();
  for (const lastItem of lastItems) {
    all.add({ id: String(lastItem) } as KnownConnection, lastItem);
  }
  return all;
}

const idsOf = (all: DepartedConnections): string[] => all.take().map(({ id }) => id);

test("a connection whose last event is confirmed is kept no more", () => {
  const all = departed(2, 4, 4, 7);
  all.confirm(1);
  all.confirm(4);
  assert.deepEqual(idsOf(all), ["7"]);
  all.add({ id: "9" } as KnownConnection, 9);
  all.confirm(9);
  assert.deepEqual(idsOf(all), []);
});

test("so is one whose last event is confirmed ahead of others", () => {
  for (const [first, end, kept] of [
    [2, 4, ["2", "7"]],
    [1, 4, ["7"]],
    [3, 6, ["2", "7"]],
    [4, 6, ["2", "4", "4", "7"]],
    [0, 1, ["2", "4", "4", "7"]],
    [6, 9, ["2", "4", "4"]],
  ] as const) {
    const all = departed(2, 4, 4, 7);
    all.confirmBeyond(first, end);
    assert.deepEqual(idsOf(all), kept, `${first} to ${end}`);
  }
});

function spans(count: number): MemorySpan[] {
  const tracer = new MemoryTracer();
  for (let number = 0; number < count; number++) {
    tracer.start({ kind: "producer", name: `${number}`, parent: undefined, attributes: {} });
  }
  return tracer.spans;
}

function ended(all: readonly MemorySpan[]): string[] {
  return all.filter((span) => span.ended !== undefined).map((span) => span.name);
}

test("each span is published once, and ends when its event is acknowledged", () => {
  const traced = new TracedEvents();
  const [first, second, third] = spans(3) as [MemorySpan, MemorySpan, MemorySpan];
  traced.add(first, 1, { a: 1 });
  traced.add(second, 4, {});
  traced.published(1);
  assert.deepEqual([first.events, second.events], [["published"], []]);
  traced.published(4);
  // It is published again.
  traced.published(1);
  traced.published(4);
  assert.deepEqual([first.events, second.events], [["published"], ["published"]]);
  traced.acknowledged(0);
  assert.deepEqual(ended([first, second]), []);
  traced.acknowledged(3);
  assert.deepEqual(first.ended, { a: 1 });
  assert.deepEqual(ended([first, second]), ["0"]);
  traced.add(third, 6, {});
  traced.published(6);
  assert.deepEqual([second.events, third.events], [["published"], ["published"]]);
  traced.acknowledged(6);
  assert.deepEqual(ended([first, second, third]), ["0", "1", "2"]);
});

test("what moves to another stream ends, and says so", () => {
  const traced = new TracedEvents();
  const all = spans(3);
  for (const [index, span] of all.entries()) traced.add(span, index + 1, { index });
  traced.published(2);
  traced.acknowledged(1);
  traced.moved();
  traced.moved();
  const found = all.map((span) => [span.events, span.ended]);
  assert.deepEqual(found, [
    [["published"], { index: 0 }],
    [["published", "moved"], { index: 1 }],
    [["moved"], { index: 2 }],
  ]);
});

test("while nobody acknowledges, so many spans wait and no more", () => {
  const traced = new TracedEvents();
  const all = spans(limits.tracedEventsMax + 2);
  for (const [index, span] of all.entries()) traced.add(span, index + 1, { index });
  assert.deepEqual(ended(all), [`${limits.tracedEventsMax}`, `${limits.tracedEventsMax + 1}`]);
  traced.acknowledged(all.length);
  assert.equal(ended(all).length, all.length);
});

class BurstClock extends ManualClock {
  readonly turnsOfBurst = 3;
}

/** Clients that open and write, and a turn's end: how many items go out. */
function turns(clock: ManualClock = new BurstClock()) {
  let next = 0;
  let sent = 0;
  let out = 0;
  const turn = new PublishTurn(clock, () => {
    out = next - sent;
    sent = next;
  });
  const add = (told: () => void) => () => {
    next++;
    told();
  };
  const end = (): number => {
    out = 0;
    clock.turn();
    return out;
  };
  return { opens: add(() => turn.opened()), writes: add(() => turn.written()), turn: end };
}

test("clients that come in one by one go out together, as long as one comes in each turn", () => {
  const { opens, turn } = turns();
  opens();
  assert.equal(turn(), 0);
  opens();
  assert.equal(turn(), 0);
  assert.equal(turn(), 2, "none came in this turn");
  assert.equal(turn(), 0);
});

test("they wait for as many turns as the clock says, and no longer", () => {
  const { opens, turn } = turns();
  const out: number[] = [];
  for (let count = 0; count < 8; count++) {
    opens();
    out.push(turn());
  }
  assert.deepEqual(out, [0, 0, 0, 4, 0, 0, 0, 4]);
});

test("whatever else is written goes out at the end of its turn, and they with it", () => {
  const { opens, turn, writes } = turns();
  opens();
  assert.equal(turn(), 0);
  writes();
  opens();
  assert.equal(turn(), 3);
  writes();
  assert.equal(turn(), 1);
});

test("where clients come in together they go out at the end of the turn", () => {
  const { opens, turn } = turns(new ManualClock());
  opens();
  opens();
  assert.equal(turn(), 2);
});

test("in a gateway, clients that connect wait for one another, and messages do not", async () => {
  const clock = new BurstClock();
  const rig = await ReplyRig.start({}, { clock });
  const opened = async (): Promise<number> => {
    clock.turn();
    await settled();
    return eventsOf(rig.published, "open").length;
  };
  rig.node.connect();
  assert.equal(await opened(), 0);
  rig.node.connect();
  assert.equal(await opened(), 0);
  assert.equal(await opened(), 2);
  const socket = rig.node.connect();
  assert.equal(await opened(), 2);
  socket.receive("x");
  assert.equal(await opened(), 3);
});
