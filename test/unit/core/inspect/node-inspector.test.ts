import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  ConnectionsAnswer,
  ConnectionView,
  DestinationView,
  LeftOut,
  TailFilter,
  TailLine,
} from "../../../../core/inspect/mod.ts";
import { inspectLimits } from "../../../../core/inspect/mod.ts";
import { idOf, settled } from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";

/** What one tail was told. */
interface Followed {
  readonly lines: TailLine[];
  readonly leftOut: LeftOut;
  readonly stop: () => void;
}

function follow({ node }: NodeRig, filter: TailFilter): Followed {
  const lines: TailLine[] = [];
  const leftOut = { lines: 0, batches: 0 };
  const stop = node.gateway.inspector.tail(filter, (more, less) => {
    lines.push(...more);
    leftOut.lines += less.lines;
    leftOut.batches += less.batches;
  });
  return { lines, leftOut, stop };
}

/** The events are published, looked through, and handed over. */
async function shown(rig: NodeRig): Promise<void> {
  await rig.rest();
  rig.clock.turn();
  rig.clock.advance(inspectLimits.handOverMs);
}

async function started(): Promise<NodeRig> {
  const rig = new NodeRig({ guard: { idleTimeoutMs: 60_000 } });
  await rig.node.gateway.start();
  return rig;
}

/** A search, while time stands still but for the turns that it waits for. */
async function search(
  rig: NodeRig,
  filter: object,
  { limit = 100, after = 0, msPerTurn = 0 } = {},
): Promise<ConnectionsAnswer & { turns: number }> {
  let answer: unknown;
  const question = { what: "connections", filter, limit, after } as const;
  const asked = rig.node.gateway.inspector.answer(question).then((found) => {
    answer = found;
  });
  let turns = 0;
  await settled();
  while (answer === undefined) {
    rig.clock.advance(msPerTurn);
    turns++;
    await settled();
  }
  await asked;
  return { ...(answer as ConnectionsAnswer), turns };
}

test("a tail shows the events and commands of its connection alone", async () => {
  const rig = await started();
  const [one, two] = [rig.node.connect(), rig.node.connect()];
  await shown(rig);
  const { lines } = follow(rig, { connection: idOf(one) });
  one.receive("to the origin");
  two.receive("nothing of it");
  one.receive(Uint8Array.of(1, 2));
  rig.node.local([
    ["send", [idOf(two), idOf(one)], "to the client"],
    ["send", idOf(two), "to the other"],
    ["state", idOf(one), "a secret"],
    ["publish", "@all", "to all"],
    ["publish", "elsewhere", "to nobody"],
  ]);
  await shown(rig);
  one.clientCloses(1000, "");
  await shown(rig);
  assert.deepEqual(
    lines.map(({ kind, verb, seq, text, binary, group }) => [
      kind,
      verb,
      seq,
      text ?? binary,
      group,
    ]),
    [
      ["command", "send", undefined, "to the client", undefined],
      ["command", "state", undefined, undefined, undefined],
      ["command", "publish", undefined, "to all", "@all"],
      ["event", "message", 1, "to the origin", undefined],
      ["event", "message", 2, "0102", undefined],
      ["event", "close", 3, undefined, undefined],
    ],
  );
  assert.equal(JSON.stringify(lines).includes("secret"), false);
});

test("a tail of a group shows what its members send, and raw messages", async () => {
  const rig = await started();
  const [member, other] = [rig.node.connect(), rig.node.connect()];
  rig.node.local([["join", idOf(member), "team"]]);
  await shown(rig);
  const { lines } = follow(rig, { group: "team", app: "default" });
  const elsewhere = follow(rig, { group: "team", app: "shop" });
  member.receive("from a member");
  other.receive("from another");
  rig.node.local([["publish", "team", "to the team"]]);
  rig.broker.groupMessage({
    app: "default",
    group: "team",
    kind: 1,
    payload: new TextEncoder().encode("raw"),
  });
  await shown(rig);
  member.clientCloses(1000, "");
  await shown(rig);
  assert.deepEqual(
    lines.map(({ kind, verb, text }) => [kind, verb, text]),
    [
      ["command", "publish", "to the team"],
      ["raw", "publish", "raw"],
      ["event", "message", "from a member"],
      ["event", "close", undefined],
    ],
  );
  assert.deepEqual(elsewhere.lines, []);
});

test("of a flood a tail shows its rate, and counts the others", async () => {
  const rig = await started();
  const socket = rig.node.connect();
  const { lines, leftOut } = follow(rig, { connection: idOf(socket) });
  await shown(rig);
  const { linesBurst, linesPerSecond } = inspectLimits;
  const before = lines.length;
  for (let message = 0; message < 1_000; message++) socket.receive("x");
  await shown(rig);
  assert.ok(lines.length - before <= linesBurst + linesPerSecond);
  assert.equal(lines.length - before + leftOut.lines, 1_000);
  rig.clock.advance(1_000);
  const passed = lines.length;
  socket.receive("after a pause");
  await shown(rig);
  assert.equal(lines.length, passed + 1);
});

test("batches that nobody has time for are counted, and tails are bounded", async () => {
  const rig = await started();
  const socket = rig.node.connect();
  const { leftOut, stop } = follow(rig, { connection: idOf(socket) });
  const { monitor } = rig.node.gateway.inspector;
  const batch = new Uint8Array([0x94, 1, 0xa0, 0, 0x90, ...new Uint8Array(1_048_576)]);
  for (let count = 0; count < 10; count++) monitor.events(batch);
  await shown(rig);
  assert.equal(leftOut.batches, 7);
  const others = Array.from({ length: inspectLimits.tailsMax - 1 }, () =>
    follow(rig, { connection: "n.AAAAx" }),
  );
  assert.throws(() => follow(rig, { connection: "n.AAAAx" }), { code: "requests-full" });
  stop();
  others.push(follow(rig, { connection: "n.AAAAx" }));
  assert.equal(monitor.isOpen, true);
  for (const other of others) other.stop();
  assert.equal(monitor.isOpen, false);
  const timers = rig.clock.pendingTimers;
  socket.receive("nobody looks");
  await rig.rest();
  assert.equal(rig.clock.pendingTimers, timers);
});

test("a search goes slot by slot in slices, and page by page", async () => {
  const rig = await started();
  const { sliceSlots } = inspectLimits;
  const sockets = Array.from({ length: 2 * sliceSlots + 10 }, () => rig.node.connect());
  const all = await search(rig, { app: "default" }, { limit: 3 });
  assert.deepEqual([all.connections.length, all.next, all.turns], [3, 3, 0]);
  const nobody = await search(rig, { user: "nobody" });
  assert.deepEqual([nobody.connections, nobody.next, nobody.turns], [[], undefined, 2]);
  const last = idOf(sockets.at(-1)!);
  const found = await search(rig, { id: last });
  assert.deepEqual([found.connections.map(({ id }) => id), found.turns], [[last], 0]);
  const part = await search(rig, { id: last.slice(3) });
  assert.deepEqual(
    part.connections.map(({ id }) => id),
    [last],
  );
  assert.deepEqual((await search(rig, { id: last, app: "shop" })).connections, []);
  const late = await search(rig, { id: last.slice(3) }, { msPerTurn: inspectLimits.searchMs });
  assert.deepEqual([late.connections, late.next], [[], sliceSlots]);
  const rest = await search(rig, { id: last.slice(3) }, { after: late.next ?? 0 });
  assert.equal(rest.connections.length, 1);
});

test("searches are bounded in number", async () => {
  const rig = await started();
  for (let count = 0; count <= inspectLimits.sliceSlots; count++) rig.node.connect();
  const question = { what: "connections", filter: { user: "x" }, limit: 1, after: 0 } as const;
  const { inspector } = rig.node.gateway;
  const asked = Array.from({ length: inspectLimits.searchesMax }, () =>
    inspector.answer(question),
  );
  await assert.rejects(inspector.answer(question), { code: "requests-full" });
  rig.clock.advance(0);
  await Promise.all(asked);
  const again = inspector.answer(question);
  rig.clock.advance(0);
  await again;
});

test("a connection is described without its query and headers", async () => {
  const rig = await started();
  const answer = await rig.node.handshake("/room?token=secret", { cookie: "secret" });
  assert.ok(answer.accepted);
  const socket = rig.node.open(answer);
  const question = { what: "connection", id: idOf(socket) } as const;
  const { inspector } = rig.node.gateway;
  const view = (await inspector.answer(question)) as ConnectionView;
  assert.deepEqual([view.path, view.address, view.state], ["/room", "192.0.2.1", "open"]);
  assert.equal(JSON.stringify(view).includes("secret"), false);
  const foreign = await inspector.answer({ what: "connection", id: "n.AAAAother" });
  assert.equal(foreign, undefined);
  const [destination] = (await inspector.answer({ what: "destinations" })) as DestinationView[];
  assert.deepEqual([destination?.kind, destination?.connections], ["partition", 1]);
});
