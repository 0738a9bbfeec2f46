import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { Dispatcher } from "../../../../../adapters/origin/dispatch/dispatcher.ts";
import {
  EventReceiver,
  type NodeListener,
} from "../../../../../adapters/origin/receive/event-receiver.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";
import { settled } from "../../../../support/memory-node/memory-node.ts";

function rig() {
  /** What the handlers were given, and what nodes were told. */
  const [seen, confirmed]: [string[], string[]] = [[], []];
  const replies: unknown[][] = [];
  const dispatcher = new Dispatcher();
  const clock = new ManualClock();
  const none = (): never => {
    throw new Error("not expected");
  };
  const receiver = new EventReceiver(clock, dispatcher, undefined as never, {
    replied: (ref, result) => void replies.push([ref, result]),
    acknowledged: none,
    ackDue: (_, [, stream, ...counts]) =>
      void confirmed.push(`${stream.at(-1)} ${counts.join("/")}`),
    released: none,
    connecting: none,
    revived: (node) => void seen.push(`${node} lives`),
  });
  dispatcher.on("open", ({ connection }) => void seen.push(`open ${connection.id}`));
  dispatcher.on("message", ({ connection, data }) => void seen.push(`${connection.id} ${data}`));
  dispatcher.on("close", ({ connection, cause }) => void seen.push(`${cause} ${connection.id}`));
  /** A batch of an assigned stream. */
  const give = (generation: number, first: number, ...items: readonly unknown[]): void => {
    const batch = encode([1, `n1:i1:o1:${generation}`, first, items]);
    receiver.receive("origins/o1/events/n1", "n1", batch, true);
  };
  return { clock, receiver, dispatcher, seen, confirmed, replies, give };
}

const opened = ["open", "n1.a", 0, {}];
const said = (seq: number): unknown[] => ["message", "n1.a", seq, `m${seq}`];
const closed = (seq: number): unknown[] => ["close", "n1.a", seq, 1000, "", "client"];

test("an origin takes what comes next, confirms it, and says where it stands otherwise", () => {
  const { give, seen, confirmed } = rig();
  give(1, 0, opened, said(1));
  give(1, 3, said(3));
  give(1, 0, opened, said(1));
  give(1, 1, said(1), said(2));
  assert.deepEqual(seen, ["open n1.a", "n1.a m1", "n1.a m2"]);
  assert.deepEqual(confirmed, ["1 2", "1 2/2", "1 2/2", "1 3"]);
});

test("of a batch that it has in part, an origin takes only what is new", () => {
  const { give, dispatcher, replies } = rig();
  const alive: unknown[] = [];
  dispatcher.on("alive", ({ connections }) => void alive.push(connections.length));
  give(1, 0, opened, ["alive", ["n1.a"]], ["reply", "r1", {}]);
  give(1, 1, ["alive", ["n1.a"]], ["reply", "r1", {}], ["reply", "r2", {}]);
  assert.deepEqual([alive, replies.map(([ref]) => ref)], [[1], ["r1", "r2"]]);
});

test("what is confirmed is handled, whichever handler has finished first", async () => {
  const { give, confirmed, dispatcher } = rig();
  const finish = new Map<string, () => void>();
  dispatcher.on("message", ({ connection }) => {
    return new Promise<void>((resolve) => finish.set(connection.id, resolve));
  });
  give(1, 0, opened, said(1));
  give(1, 2, ["message", "n1.b", 1, "m1"]);
  finish.get("n1.b")?.();
  await settled();
  assert.deepEqual(confirmed, ["1 0//2,3"], "the first is not handled");
  give(1, 0, opened, said(1));
  assert.deepEqual(confirmed.splice(0), ["1 0//2,3", "1 0/3/2,3"]);
  finish.get("n1.a")?.();
  await settled();
  assert.deepEqual(confirmed, ["1 3"]);
});

test("where the broker is back, an origin says of every stream where it stands", () => {
  const { give, receiver, confirmed } = rig();
  receiver.acknowledgeReceived();
  give(1, 0, opened);
  receiver.acknowledgeReceived();
  assert.deepEqual(confirmed, ["1 1", "1 1/1"]);
});

test("a stream that is over stays over, whatever the broker still brings of it", () => {
  const { give, seen, confirmed } = rig();
  give(1, 0, opened, said(1));
  give(2, 0, said(2), said(3));
  give(1, 2, said(2));
  give(2, 2, said(4));
  assert.deepEqual(seen, ["open n1.a", "n1.a m1", "n1.a m2", "n1.a m3", "n1.a m4"]);
  assert.deepEqual(confirmed, ["1 2", "2 2", "2 3"]);
});

test("a connection that was others' meanwhile is told nothing twice, and one end", () => {
  const { give, receiver, seen } = rig();
  give(1, 0, opened, said(1), said(2));
  give(2, 0, ["alive", []]);
  assert.equal(receiver.connections, 0, "others have it");
  receiver.nodeLost("n1", undefined);
  assert.deepEqual(seen.splice(0), ["open n1.a", "n1.a m1", "n1.a m2"], "no end of another's");
  give(2, 1, said(2), said(3), closed(4));
  give(3, 0, said(3), closed(4));
  assert.deepEqual(seen, ["n1.a m3", "client n1.a"]);
});

test("a node may send events of a new life before it announces that: all ends are told", () => {
  const { give, receiver, seen } = rig();
  give(1, 0, opened, said(1));
  const batch = encode([1, "n1:i2:o1:1", 0, [["open", "n1.b", 0, {}]]]);
  receiver.receive("origins/o1/events/n1", "n1", batch, true);
  receiver.nodeLost("n1", "i2");
  assert.deepEqual(seen, ["open n1.a", "n1.a m1", "open n1.b", "node-lost n1.a"]);
  assert.equal(receiver.connections, 1);
});

test("of a node that seemed dead, what was handled stays so, and the rest follows `open`", () => {
  const { give, receiver, seen } = rig();
  give(1, 0, opened, said(1));
  receiver.nodeLost("n1", undefined);
  give(1, 2, ["alive", ["n1.a"]], said(1), said(2));
  const lost = ["open n1.a", "n1.a m1", "node-lost n1.a", "n1 lives"];
  assert.deepEqual(seen, [...lost, "open n1.a", "n1.a m2"]);
});

test("what comes again while its handler runs is confirmed when that has finished", async () => {
  const { give, confirmed, dispatcher } = rig();
  let finish = (): void => {};
  dispatcher.on("message", () => new Promise<void>((resolve) => (finish = resolve)));
  give(1, 0, opened, said(1));
  // The node gave this origin up, and took it back.
  give(2, 0, said(1));
  assert.deepEqual(confirmed, []);
  finish();
  await settled();
  assert.deepEqual(confirmed, ["1 2", "2 1"]);
});

test("a handler that fails is told as an error, and its event counts as handled", async () => {
  const { give, confirmed, dispatcher } = rig();
  const errors: string[] = [];
  dispatcher.on("error", ({ error }) => void errors.push(error.message));
  dispatcher.on("message", ({ seq }) => {
    if (seq === 1) throw new Error("at once");
    return Promise.reject(new Error("later"));
  });
  give(1, 0, opened, said(1), said(2));
  await settled();
  assert.deepEqual([errors, confirmed], [["at once", "later"], ["1 3"]]);
});

test("an iterator that nobody iterates holds nothing back, one that is read does", async () => {
  const { give, dispatcher, confirmed } = rig();
  const events = dispatcher.events();
  give(1, 0, opened, said(1));
  assert.deepEqual(confirmed, ["1 2"]);
  const next = events.next();
  give(1, 2, said(2), said(3));
  assert.deepEqual(confirmed, ["1 2"]);
  const { value } = await next;
  assert.equal(value.data, "m2");
  await events.next();
  assert.deepEqual(confirmed, ["1 2"]);
  void events.next();
  assert.deepEqual(confirmed, ["1 2", "1 4"]);
});

test("whoever asks an iterator for two events at once holds neither back", async () => {
  const { give, dispatcher, confirmed } = rig();
  const events = dispatcher.events();
  const both = [events.next(), events.next()];
  give(1, 0, opened, said(1));
  const given = await Promise.all(both);
  assert.deepEqual([given.map(({ value }) => value.type), confirmed], [["open", "message"], []]);
  void events.next();
  assert.deepEqual(confirmed, ["1 2"]);
});

test("an iterator that begins when all is over ends at once", async () => {
  const { dispatcher } = rig();
  const before = dispatcher.events();
  dispatcher.end();
  assert.equal((await before.next()).done, true);
  for await (const event of dispatcher.events()) assert.fail(event.type);
});

test("replies are received in bare batches too, between those of the stream", () => {
  const { give, receiver, replies, confirmed } = rig();
  give(1, 0, opened);
  const bare = encode([["reply", "o1:i:0", { node: "n1", count: 5 }]]);
  receiver.receive("origins/o1/events/n1", "n1", bare, true);
  assert.deepEqual(replies, [["o1:i:0", { node: "n1", count: 5 }]]);
  give(1, 1, said(1));
  assert.deepEqual(confirmed, ["1 1", "1 2"]);
});

/** What somebody may say on the topic of node `n2`, of a connection that is `n1`'s. */
const ofAnother: readonly (readonly unknown[])[] = [
  opened,
  said(1),
  said(2),
  closed(2),
  ["connect", "n1.b", { path: "/" }],
  ["assigned", "n1.a", 2, {}],
  ["alive", ["n2.a", "n1.a"]],
  ["moved", ["n1.a"]],
  ["reply", "o1:i:0", { "n1.a": "sent" }],
  ["reply", "o1:i:0", { node: "n1", sent: 1 }],
  ["reply", "o1:i:0", { node: "n2", connections: [{ id: "n1.a" }] }],
  ["reply", "o1:i:0", { node: "n2", connections: [], gone: ["n1.a"] }],
];

for (const [topic, assigned] of [
  ["origins/o1/events/n2", true],
  ["events/0/n2", false],
] as const) {
  test(`whoever may publish as n2 says nothing of n1's connections: ${topic}`, () => {
    const { clock, give, receiver, dispatcher, seen, replies } = rig();
    const errors: string[] = [];
    dispatcher.on("error", ({ error }) => void errors.push(error.message));
    give(1, 0, opened, said(1));
    for (const [first, item] of ofAnother.entries()) {
      const [numbered, json] = [[1, "n2:i2:o1:1", first, [item]], JSON.stringify([item])];
      for (const batch of [encode(numbered), encode([item]), new TextEncoder().encode(json)]) {
        receiver.receive(topic, "n2", batch, assigned);
      }
    }
    assert.deepEqual(seen, ["open n1.a", "n1.a m1"]);
    assert.deepEqual(replies, []);
    assert.equal(receiver.foreignEvents, 3 * ofAnother.length);
    assert.equal(errors.length, 1, "they are told together");
    clock.advance(1_000);
    receiver.receive(topic, "n2", encode([opened]), assigned);
    const dropped = "of another node than the topic: dropped";
    assert.deepEqual(errors, [
      `${topic}: an event names a connection ${dropped}`,
      `${topic}: ${3 * ofAnother.length} events name connections ${dropped}`,
    ]);
    // The true node goes on where it was.
    give(1, 2, said(2), closed(3));
    assert.deepEqual(seen.slice(2), ["n1.a m2", "client n1.a"]);
  });
}

test("a connection that was opened elsewhere is known before its first event", () => {
  const { give, dispatcher, confirmed } = rig();
  const received: unknown[] = [];
  dispatcher.on("assigned", ({ connection, info }) => {
    received.push(["assigned", connection.user, connection.state, info === connection.info]);
    assert.deepEqual(info.groups, ["tea"]);
  });
  dispatcher.on("message", ({ connection, seq }) => void received.push([seq, connection.user]));
  const info = { path: "/tea", user: "bob", state: { seat: 2 }, groups: ["tea"], at: 1 };
  give(1, 0, ["assigned", "n1.a", 5, info], said(5), said(6));
  assert.deepEqual(received, [
    ["assigned", "bob", { seat: 2 }, true],
    [5, "bob"],
    [6, "bob"],
  ]);
  assert.deepEqual(confirmed, ["1 3"], "it is handled like any other event");
});

test("an introduction drops nothing of open mode, and no `open` comes after it", () => {
  const { give, receiver, seen } = rig();
  give(1, 0, ["assigned", "n1.a", 2, {}]);
  const late = encode([1, "n1:i1:0", 0, [opened, said(1)]]);
  receiver.receive("events/0/n1", "n1", late, false);
  give(1, 1, said(2));
  assert.deepEqual(seen, ["n1.a m1", "n1.a m2"]);
});

test("of a node that seemed dead, who is introduced anew is told once", () => {
  const { give, receiver, seen, dispatcher } = rig();
  dispatcher.on("assigned", ({ connection }) => void seen.push(`assigned ${connection.id}`));
  give(1, 0, opened, said(1));
  receiver.nodeLost("n1", undefined);
  give(2, 0, ["assigned", "n1.a", 2, {}], said(2));
  const lost = ["open n1.a", "n1.a m1", "node-lost n1.a", "n1 lives"];
  assert.deepEqual(seen, [...lost, "assigned n1.a", "n1.a m2"]);
});

test("a close says whose a connection was that was silent since it came", () => {
  const { give, dispatcher } = rig();
  const ends: unknown[] = [];
  dispatcher.on("close", ({ connection: { user, state } }) => void ends.push([user, state]));
  give(1, 0, [...closed(5), { user: "bob", state: 7 }]);
  give(1, 1, ["close", "n1.b", 1, 1000, "", "client"]);
  give(1, 2, ["close", "n1.c", 1, 1000, "", "client", "strange"], ["news", "n1.c", 5]);
  const nobody = [undefined, undefined];
  assert.deepEqual(ends, [["bob", 7], nobody, nobody]);
});

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("handlers see the traces of events, and nothing that is none", () => {
  const { give, dispatcher } = rig();
  const traces: unknown[] = [];
  dispatcher.on("open", ({ connection }) => void traces.push(connection.trace));
  const note = (event: object & { trace?: unknown }): void =>
    void traces.push(Object.hasOwn(event, "trace") ? [event.trace] : "none");
  dispatcher.on("message", note);
  dispatcher.on("close", note);
  give(1, 0, ["open", "n1.a", 0, { trace }]);
  give(1, 1, [...said(1), null, trace], said(2), [...said(3), null, `${trace}\r\nx: y`]);
  give(1, 4, [...closed(4), { trace }]);
  assert.deepEqual(traces.splice(0), [trace, [trace], "none", "none", [trace]]);
  const end = ["close", "n1.b", 1, 1000, "", "client", { trace: {} }];
  give(2, 0, ["open", "n1.b", 0, { trace: 7 }], end);
  assert.deepEqual(traces, [undefined, "none"]);
});

test("a close says which number it has, and none where no node told it", () => {
  const dispatcher = new Dispatcher();
  const listener = { ackDue() {} } as Partial<NodeListener> as NodeListener;
  const commands = undefined as never;
  const receiver = new EventReceiver(new ManualClock(), dispatcher, commands, listener);
  const ends: unknown[] = [];
  dispatcher.on("close", ({ connection: { id }, seq, cause }) => void ends.push([id, seq, cause]));
  const items = [
    ["open", "n1.a", 0, {}],
    ["message", "n1.a", 1, "hello"],
    ["close", "n1.a", 2, 1000, "", "client"],
    ["open", "n1.b", 0, {}],
  ];
  receiver.receive("origins/o1/events/n1", "n1", encode([1, "s", 0, items]), true);
  receiver.nodeLost("n1", undefined);
  assert.deepEqual(ends, [
    ["n1.a", 2, "client"],
    ["n1.b", undefined, "node-lost"],
  ]);
});
