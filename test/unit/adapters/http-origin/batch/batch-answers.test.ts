import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchDelivery } from "../../../../../adapters/http-origin/batch/delivery.ts";
import {
  NodeEvents,
  type NodeEventsListener,
} from "../../../../../adapters/http-origin/batch/node-events.ts";
import { answerOf } from "../../../../support/http/answers.ts";
import {
  batchIds,
  message,
  openRig,
  batchStream as stream,
  toldRig,
} from "../../../../support/http/batch-rig.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";
import { settled } from "../../../../support/memory-node/memory-node.ts";

const [a, b] = batchIds;
const other = "m.cccccccccccccccccccccccccc";

test("commands go to the nodes that their ids name, before the next request", async () => {
  const { rig, node } = await openRig();
  const second = await rig.node("m");
  await node.events(stream, 0, message(a, 1));
  const request = rig.next();
  await node.events(stream, 1, message(a, 2));
  const taken: unknown[] = [];
  const commands = [
    ["send", a, "one", { ttl: 5 }],
    ["send", [a, other, b], { $binary: "AQID" }],
    ["close", other, 4000, "bye"],
    ["join", b, "g"],
    ["publish", "g", "hi"],
  ];
  const posted = request.answer(200, commands);
  await posted;
  taken.push(...node.commands());
  assert.deepEqual(taken, [
    ["send", a, "one", { ttl: 5 }],
    ["send", [a, b], Uint8Array.of(1, 2, 3)],
    ["join", b, "g"],
    ["publish", "g", "hi"],
  ]);
  assert.deepEqual(second.commands(), [
    ["send", [other], Uint8Array.of(1, 2, 3)],
    ["close", other, 4000, "bye"],
  ]);
  assert.equal(rig.requests.length, 1);
  assert.deepEqual(rig.errors, []);
});

test("commands are numbered: what the node misses is sent again", async () => {
  const { rig, node } = await toldRig();
  await rig.next().answer(200, [["send", a, "one"]]);
  const [first] = node.taken.splice(0).map(({ batch }) => batch);
  assert.equal(first?.[0], 1);
  assert.equal(first?.[2], 0);
  await node.publish(JSON.stringify([["ack", first?.[1], 0, 0]]));
  const again = node.taken.splice(0).map(({ batch }) => batch);
  assert.deepEqual(again, [first]);
  await node.publish(JSON.stringify([["ack", first?.[1], 1]]));
  await rig.advance(10_000);
  assert.deepEqual(node.commands(), [], "it is confirmed");
});

test("a publish and a query with a ref go to the topic of the group", async () => {
  const { rig, node } = await toldRig();
  await rig.next().answer(200, [
    ["publish", "g", "hi", { ref: 1 }],
    ["query", "@all", { ref: 2 }],
    ["query", [a], { ref: 3 }],
  ]);
  assert.deepEqual(node.commands(), [["query", [a], { ref: 3 }]]);
  assert.deepEqual(node.published, [
    'wss/v1/default/groups/g/commands/h [["publish","g","hi",{"ref":1}]]',
    'wss/v1/default/groups/@all/commands/h [["query","@all",{"ref":2}]]',
  ]);
});

test("a node that has died gets nothing, though it has sent events", async () => {
  const { rig, node } = await openRig();
  const dying = await rig.node("m");
  await dying.events("m:i1:h:1", 0, ["open", `m.${"c".repeat(26)}`, 0, {}]);
  await rig.next().answer(200);
  await dying.presence(undefined);
  await rig.advance(2_100);
  await rig.next().answer(200);
  await dying.acks();
  await node.events(stream, 0, message(a, 1));
  await rig.next().answer(200, [["send", `m.${"c".repeat(26)}`, "x"]]);
  assert.deepEqual(rig.errors, ["id-foreign"]);
  assert.deepEqual(dying.commands(), []);
});

function nested(levels: number): unknown {
  return levels === 0 ? 1 : [nested(levels - 1)];
}

const malformed = "command-malformed";

/** Answers of a hostile or broken origin, and what is counted. Nothing is sent for them. */
const answers: readonly (readonly [answer: unknown, errors: readonly string[]])[] = [
  [{ OutgoingWebSocketMessages: [] }, []],
  [{ OutgoingWebSocketMessages: null }, []],
  [{ outgoingWebSocketMessages: [{ ConnectionIds: [btoa(a)], Message: null }] }, [malformed]],
  [
    {
      OutgoingWebSocketMessages: [
        { ConnectionIds: [btoa(a)], Message: { Text: "half" } },
        { ConnectionIds: ["no id"], Message: { Text: "x" } },
      ],
    },
    ["id-malformed"],
  ],
  [{ hello: "world" }, []],
  [null, []],
  ["text", []],
  [[], []],
  [[1, 2], ["batch-malformed"]],
  [[["send", a, "half"], null], ["batch-malformed"]],
  [[["nonsense", a]], ["command-unknown"]],
  [[[]], ["command-unknown"]],
  [[["send", null, "x"]], ["command-malformed"]],
  [[["send", "no-id", "x"]], ["id-malformed"]],
  [[["send", ["dead.aaaaaaaaaaaaaaaaaaaaaaaaaa", 7], "x"]], ["id-foreign", "id-malformed"]],
  [[["publish", "", "x", { ref: 1 }]], ["group-name"]],
  [[["query", null, { ref: 1 }]], ["command-malformed"]],
  [[["state", a, nested(100)]], ["command-malformed"]],
  // That is not decoded: it would hold up the process.
  [
    [
      ["send", a, "half"],
      ["state", a, nested(1_000)],
    ],
    ["batch-malformed"],
  ],
];

for (const [answer, errors] of answers) {
  test(`an answer ${JSON.stringify(answer).slice(0, 60)} sends nothing`, async () => {
    const { rig, node } = await toldRig();
    await rig.next().answer(200, answer);
    assert.deepEqual(await node.acks(), [["ack", stream, 1]], "the events are confirmed");
    assert.deepEqual(node.taken, []);
    assert.deepEqual(node.published, []);
    assert.deepEqual(rig.errors, errors);
  });
}

test("an answer may have messages as the original service has them", async () => {
  const { rig, node } = await toldRig();
  await rig.next().answer(200, {
    OutgoingWebSocketMessages: [
      { ConnectionIds: [btoa(a), btoa(b)], Message: { Text: "hi", Binary: null } },
      { connectionids: [btoa(a)], message: { binary: "AQI=" } },
    ],
  });
  assert.deepEqual(node.commands(), [
    ["send", [a, b], "hi"],
    ["send", [a], Uint8Array.of(1, 2)],
  ]);
  assert.deepEqual(await node.acks(), [["ack", stream, 1]]);
  assert.deepEqual(rig.errors, []);
});

test("what is not carried out is logged with its place", async () => {
  const { rig } = await toldRig();
  await rig.next().answer(200, [
    ["send", a, "x"],
    ["nonsense", a],
  ]);
  const [line] = rig.logger.of("origin-command");
  assert.match(line?.message ?? "", /^command 1 of an answer: it is not in the protocol$/);
});

test("bytes that are no base64 are not sent as none", async () => {
  const { rig, node } = await toldRig();
  await rig.next().answer(200, [["send", a, { $binary: "!!" }]]);
  // The node refuses a message that is a map.
  assert.deepEqual(node.commands(), [["send", a, { $binary: "!!" }]]);
});

test("commands of an answer that confirms nothing are not carried out", async () => {
  const { rig, node } = await toldRig();
  for (const count of [0, 1]) {
    await rig.next().answer(200, [
      ["send", a, `${count}`],
      ["ack", stream, count],
    ]);
    if (count === 0) assert.deepEqual(node.commands(), []);
    if (count === 0) await rig.advance(200);
  }
  assert.deepEqual(node.commands(), [["send", a, "1"]], "each command once");
  assert.deepEqual(rig.errors, ["http-status"]);
});

test("with replies off, acks and decisions on handshakes count, and nothing else", async () => {
  const { rig, node } = await openRig({ replies: false });
  await node.events(stream, 0, message(a, 1), message(a, 2));
  await rig.next().answer(200, [
    ["ack", stream, 1],
    ["send", a, "x"],
    ["accept", a, {}],
    ["publish", "g", "x"],
    ["reject", b, 401],
  ]);
  assert.deepEqual(await node.acks(), [["ack", stream, 1]]);
  assert.deepEqual(rig.bodies, [[1, stream, 1, [message(a, 2)]]], "the rest is posted again");
  assert.deepEqual(node.commands(), [
    ["accept", a, {}],
    ["reject", b, 401],
  ]);
  assert.deepEqual(rig.errors, []);
});

test("an event that is refused for good closes its connection; others pass", async () => {
  const { rig, node } = await openRig();
  await node.events(stream, 0, ...[1, 2, 3, 4].map((seq) => message(seq === 3 ? b : a, seq)));
  const passed: unknown[] = [];
  while (rig.requests.length > 0) {
    const request = rig.next();
    const items = JSON.parse(request.body)[3] as unknown[][];
    const poison = items.some(([, id]) => id === b);
    if (!poison) passed.push(...items);
    await request.answer(poison ? 400 : 200);
  }
  assert.deepEqual(
    passed,
    [1, 2, 4].map((seq) => message(a, seq)),
  );
  assert.deepEqual(node.commands(), [["close", b, 1013, "origin-refused", { cause: "error" }]]);
  assert.deepEqual(rig.errors, ["http-status"]);
  assert.deepEqual(await node.acks(), [["ack", stream, 4]]);
});

test("a command that nests too deeply is left out, and the others are carried out", async () => {
  const { rig, node } = await toldRig();
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  await rig.next().answer(200, [
    ["state", a, nested(31)],
    ["state", b, nested(30)],
    ["publish", "g", "x", { ref: nested(30) }],
    ["send", a, "hi"],
  ]);
  assert.deepEqual(node.commands(), [
    ["state", b, nested(30)],
    ["send", a, "hi"],
  ]);
  assert.deepEqual(rig.errors, ["command-malformed", "command-malformed"]);
});

const nothing = (): void => {};
const unexpected = (what: string) => (): never => assert.fail(what);
const listener: NodeEventsListener = {
  ackDue: nothing,
  acknowledged: nothing,
  released: nothing,
  revived: nothing,
  foreign: nothing,
  failed: unexpected("failed"),
};

test("while nodes take no commands, no further request is made", async () => {
  const events = new NodeEvents("n", listener);
  const posted: string[] = [];
  let takes: (() => void) | undefined;
  const delivery = new BatchDelivery(
    events,
    {
      node: "n",
      clock: new ManualClock(),
      itemsMax: 10,
      retryMs: 1_000,
      replies: true,
      suspicious: () => false,
    },
    {
      post: async (body) => {
        posted.push(new TextDecoder().decode(body));
        return answerOf(200);
      },
      random: () => 0,
      carryOut: nothing,
      room: () => new Promise((resolve) => (takes = resolve)),
      retried: unexpected("retried"),
      reachable: unexpected("asked"),
      refused: unexpected("refused"),
      gaveUp: unexpected("given up"),
      unreachable: unexpected("unreachable"),
      failed: unexpected("failed"),
    },
  );
  events.receive(Buffer.from('[1,"n:i:h:1",0,[["alive",[]]]]'));
  delivery.pump();
  await settled();
  assert.deepEqual(posted, []);
  takes?.();
  await settled();
  assert.deepEqual(posted, ['[1,"n:i:h:1",0,[["alive",[]]]]']);
});

test("past the bytes that a node may have here, it repeats later", () => {
  const acks: unknown[] = [];
  const events = new NodeEvents("n", { ...listener, ackDue: (ack) => acks.push(ack) });
  const batch = (first: number, text: string): Uint8Array =>
    Buffer.from(`[1,"n:i:h:1",${first},[["message","n.a",${first},"${text}"]]]`);
  const large = "x".repeat(20 * 1_048_576);
  for (const first of [0, 1, 2]) events.receive(batch(first, large));
  const held = events.bytes;
  events.receive(batch(3, large));
  events.receive(batch(4, "small"));
  assert.equal(events.bytes, held);
  assert.deepEqual(acks, [], "asked for now, it would come at once");
  events.confirm(events.take(1, 1), 1);
  events.confirm(events.take(1, 1), 2);
  assert.deepEqual(acks, [
    ["ack", "n:i:h:1", 1],
    ["ack", "n:i:h:1", 2],
    ["ack", "n:i:h:1", 2, 3],
  ]);
  events.receive(batch(3, large));
  assert.ok(events.bytes > large.length);
});
