import assert from "node:assert/strict";
import { test } from "node:test";
import { closeReasons } from "../../../../core/base/mod.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import type {
  AppView,
  ConnectionFilter,
  ConnectionsAnswer,
  ConnectionView,
  DestinationView,
  TailFilter,
  TailLine,
} from "../../../../core/inspect/mod.ts";
import { inspectLimits } from "../../../../core/inspect/mod.ts";
import type { MemorySocket } from "../../../support/memory/mod.ts";
import { grantOfQuery, idOf } from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";
import { RouterRig } from "../../../support/memory-node/router-rig.ts";

async function started(): Promise<NodeRig> {
  const options = { authorize: "jwt", groupsPerConnectionMax: 1_000 } as const;
  const rig = new NodeRig(options, { authorize: grantOfQuery });
  await rig.node.gateway.start();
  return rig;
}

async function enter(rig: NodeRig, grant: object, ip = "192.0.2.1"): Promise<MemorySocket> {
  const query = encodeURIComponent(JSON.stringify(grant));
  const answer = await rig.node.handshake(`/room?${query}`);
  assert.ok(answer.accepted, JSON.stringify(answer));
  return rig.node.open({ ...answer, info: { ...answer.info, ip } });
}

async function page(
  rig: NodeRig,
  filter: ConnectionFilter,
  { limit = 100, after = 0 } = {},
): Promise<ConnectionsAnswer> {
  const question = { what: "connections", filter, limit, after } as const;
  return (await rig.node.gateway.inspector.answer(question)) as ConnectionsAnswer;
}

async function ids(rig: NodeRig, filter: ConnectionFilter): Promise<string[]> {
  return (await page(rig, filter)).connections.map(({ id }) => id);
}

/** What a tail shows, from now on. */
function follow(rig: NodeRig, filter: TailFilter): TailLine[] {
  const lines: TailLine[] = [];
  rig.node.gateway.inspector.tail(filter, (more) => void lines.push(...more));
  return lines;
}

async function viewOf(rig: NodeRig, id: string): Promise<ConnectionView | undefined> {
  const view = await rig.node.gateway.inspector.answer({ what: "connection", id });
  return view as ConnectionView | undefined;
}

test("a connection is listed if all that is given fits", async () => {
  const rig = await started();
  const ada = idOf(await enter(rig, { user: "ada", groups: ["team"] }, "192.0.2.1"));
  const bob = idOf(await enter(rig, { user: "bob", groups: ["team", "night"] }, "10.192.0.2"));
  const nobody = idOf(await enter(rig, {}, "192.0.2.9"));
  await rig.rest();
  for (const [filter, expected] of [
    [{}, [ada, bob, nobody]],
    [{ user: "d" }, [ada]],
    [{ user: "b" }, [bob]],
    [{ user: "nobody" }, []],
    [{ address: "192.0.2" }, [ada, nobody]],
    [{ address: "10." }, [bob]],
    [{ group: "team" }, [ada, bob]],
    [{ group: "tea" }, []],
    [{ group: "@all" }, [ada, bob, nobody]],
    [{ group: "@user/ada" }, [ada]],
    [{ group: "team", user: "bob" }, [bob]],
    [{ group: "night", user: "ada" }, []],
    [{ app: "shop" }, []],
    [{ id: ada, user: "bob" }, []],
  ] as const) {
    assert.deepEqual(await ids(rig, filter), expected, JSON.stringify(filter));
  }
});

test("pages end with the last connection, and none is left out between them", async () => {
  const rig = await started();
  const all: string[] = [];
  for (let count = 0; count < 3; count++) all.push(idOf(await enter(rig, {})));
  const first = await page(rig, {}, { limit: 2 });
  assert.deepEqual([first.connections.map(({ id }) => id), first.next], [all.slice(0, 2), 2]);
  const rest = await page(rig, {}, { limit: 2, after: 2 });
  assert.deepEqual([rest.connections.map(({ id }) => id), rest.next], [all.slice(2), undefined]);
  assert.equal((await page(rig, {}, { limit: 3 })).next, undefined);
});

test("an answer has a bounded number of connections, and of groups of each", async () => {
  const rig = await started();
  const { connectionsMax, groupsMax } = inspectLimits;
  const one = rig.node.connect();
  for (let count = 0; count < connectionsMax; count++) rig.node.connect();
  const found = await page(rig, {}, { limit: 2 * connectionsMax });
  assert.deepEqual([found.connections.length, found.next], [connectionsMax, connectionsMax]);
  for (let count = 0; count <= groupsMax; count++) {
    rig.node.local([["join", idOf(one), `g${count}`]]);
  }
  await rig.rest();
  assert.equal((await viewOf(rig, idOf(one)))?.groups.length, groupsMax);
});

test("a connection that has taken the slot of another one is not that one", async () => {
  const rig = await started();
  const former = await enter(rig, {});
  const id = idOf(former);
  assert.equal((await viewOf(rig, id))?.state, "open");
  (former.connection as Connection).close(closeReasons.messageTooBig);
  assert.equal((await viewOf(rig, id))?.state, "closing");
  await rig.rest();
  const socket = await enter(rig, {});
  assert.equal((socket.connection as Connection).slot, (former.connection as Connection).slot);
  assert.equal(await viewOf(rig, id), undefined);
  assert.deepEqual(await ids(rig, { id }), []);
  const lines = follow(rig, { connection: idOf(socket) });
  const ofFormer = follow(rig, { connection: id });
  rig.node.local([
    ["send", id, "to the former one"],
    ["send", idOf(socket), "to this one"],
  ]);
  rig.clock.advance(inspectLimits.handOverMs);
  assert.deepEqual(
    lines.map(({ text }) => text),
    ["to this one"],
  );
  assert.deepEqual(ofFormer, []);
});

test("a tail shows no query and no header of a handshake", async () => {
  const rig = new RouterRig();
  await rig.start("o1");
  const answer = await rig.node.handshake("/room?token=secret", { cookie: "secret" });
  assert.ok(answer.accepted);
  const lines = follow(rig, { group: "@all", app: "default" });
  rig.node.open(answer);
  await rig.rest();
  rig.clock.advance(inspectLimits.handOverMs);
  assert.deepEqual(
    lines.map(({ verb }) => verb),
    ["open"],
  );
  assert.ok(JSON.stringify(lines).includes("/room"), JSON.stringify(lines));
  assert.ok(!JSON.stringify(lines).includes("secret"), JSON.stringify(lines));
});

test("an event that moves to another origin is shown once", async () => {
  const rig = await new RouterRig().start("o1");
  const socket = rig.node.connect();
  await rig.handle(...rig.origins);
  await rig.join("o2");
  const lines = follow(rig, { connection: idOf(socket) });
  socket.receive("one");
  await rig.rest();
  for (const origin of rig.origins) {
    if (origin.inbox.length > 0) rig.kill(origin);
  }
  await rig.pass(2);
  assert.equal(rig.node.metrics.value("wss_events_reassigned_total"), 1);
  socket.receive("two");
  await rig.rest();
  rig.clock.advance(inspectLimits.handOverMs);
  assert.deepEqual(
    lines.flatMap(({ verb, seq, text }) => (verb === "message" ? [[seq, text]] : [])),
    [
      [1, "one"],
      [2, "two"],
    ],
  );
});

test("a window of few items is full when these are there, however small they are", async () => {
  const rig = new RouterRig();
  rig.windowItems = 4;
  await rig.start("o1");
  const socket = rig.node.connect();
  socket.receive("x");
  await rig.rest();
  const { inspector } = rig.node.gateway;
  const [origin] = (await inspector.answer({ what: "destinations" })) as DestinationView[];
  assert.deepEqual([origin?.name, origin?.window.items, origin?.fill], ["o1", 2, 0.5]);
  for (let count = 0; count < 4; count++) socket.receive("under way");
  await rig.rest();
  const [full] = (await inspector.answer({ what: "destinations" })) as DestinationView[];
  assert.equal(full?.fill, 1.5, "what was under way is taken too");
  const [app] = (await inspector.answer({ what: "apps" })) as AppView[];
  assert.deepEqual([app?.mode, app?.origins, app?.connections], ["assigned", 1, 1]);
  const open = await started();
  const [other] = (await open.node.gateway.inspector.answer({ what: "apps" })) as AppView[];
  assert.deepEqual([other?.mode, other?.origins], ["open", 0]);
});

test("the lag counts where events wait for an origin, and where one is silent", async () => {
  const rig = new RouterRig();
  await rig.start();
  const view = async (): Promise<readonly unknown[]> => {
    const question = { what: "destinations" } as const;
    const views = (await rig.node.gateway.inspector.answer(question)) as DestinationView[];
    return views.map(({ kind, lagMs }) => [kind, lagMs]);
  };
  assert.deepEqual(await view(), []);
  rig.node.connect();
  assert.deepEqual(await view(), [["waiting", 0]]);
  await rig.pass(4);
  rig.node.connect();
  await rig.pass(1);
  assert.deepEqual(await view(), [["waiting", 5_000]], "since the oldest came");
  await rig.join("o1");
  assert.deepEqual(await view(), [["origin", 0]]);
  await rig.pass(3);
  assert.deepEqual(await view(), [["origin", 3_000]]);
  await rig.handle(...rig.origins);
  await rig.pass(1);
  assert.deepEqual(await view(), [["origin", 0]]);
});
