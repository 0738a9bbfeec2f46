import assert from "node:assert/strict";
import { test } from "node:test";
import { closeReasons } from "../../../../core/base/mod.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import type { AppView, ConnectionView, DestinationView } from "../../../../core/inspect/mod.ts";
import { inspectLimits } from "../../../../core/inspect/mod.ts";
import { idOf } from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";
import { RouterRig } from "../../../support/memory-node/router-rig.ts";
import { enter, follow, search, shown, started } from "./inspect-rig.ts";

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
    const { ids } = await search(rig, filter);
    assert.deepEqual(ids, expected, JSON.stringify(filter));
  }
});

test("pages end with the last connection, and none is left out between them", async () => {
  const rig = await started();
  const all: string[] = [];
  for (let count = 0; count < 3; count++) all.push(idOf(await enter(rig, {})));
  for (const [options, ids, next] of [
    [{ limit: 2 }, all.slice(0, 2), 2],
    [{ limit: 2, after: 2 }, all.slice(2), undefined],
    [{ limit: 3 }, all, undefined],
  ] as const) {
    assert.deepEqual(await search(rig, {}, options), { ids, next, turns: 0 });
  }
});

test("an answer has a bounded number of connections, and of groups of each", async () => {
  const rig = await started();
  const { connectionsMax, groupsMax } = inspectLimits;
  const one = rig.node.connect();
  for (let count = 0; count < connectionsMax; count++) rig.node.connect();
  const { ids, next } = await search(rig, {}, { limit: 2 * connectionsMax });
  assert.deepEqual([ids.length, next], [connectionsMax, connectionsMax]);
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
  assert.deepEqual((await search(rig, { id })).ids, []);
  const { lines } = follow(rig, { connection: idOf(socket) });
  const ofFormer = follow(rig, { connection: id });
  rig.node.local([
    ["send", id, "to the former one"],
    ["send", idOf(socket), "to this one"],
  ]);
  rig.clock.advance(inspectLimits.handOverMs);
  const texts = lines.map(({ text }) => text);
  assert.deepEqual(texts, ["to this one"]);
  assert.deepEqual(ofFormer.lines, []);
});

test("a search goes slot by slot in slices, and page by page", async () => {
  const rig = await started();
  const { sliceSlots } = inspectLimits;
  const sockets = Array.from({ length: 2 * sliceSlots + 10 }, () => rig.node.connect());
  const last = idOf(sockets.at(-1)!);
  const first = sockets.slice(0, 3).map(idOf);
  const ms = inspectLimits.searchMs;
  for (const [filter, options, ids, next, turns] of [
    [{ app: "default" }, { limit: 3 }, first, 3, 0],
    [{ user: "nobody" }, {}, [], undefined, 2],
    [{ id: last }, {}, [last], undefined, 0],
    [{ id: last.slice(3) }, {}, [last], undefined, 2],
    [{ id: last, app: "shop" }, {}, [], undefined, 0],
    [{ id: last.slice(3) }, { msPerTurn: ms }, [], sliceSlots, 1],
    [{ id: last.slice(3) }, { after: sliceSlots }, [last], undefined, 1],
  ] as const) {
    const found = await search(rig, filter, options);
    assert.deepEqual(found, { ids, next, turns }, JSON.stringify([filter, options]));
  }
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

test("neither a view nor a tail shows the query or a header of a handshake", async () => {
  const rig = new NodeRig();
  await rig.node.gateway.start();
  const { inspector } = rig.node.gateway;
  const answer = await rig.node.handshake("/room?token=secret", { cookie: "secret" });
  assert.ok(answer.accepted);
  const { lines } = follow(rig, { group: "@all", app: "default" });
  const socket = rig.node.open(answer);
  await shown(rig);
  const verbs = lines.map(({ verb }) => verb);
  assert.deepEqual(verbs, ["open"]);
  assert.ok(JSON.stringify(lines).includes("/room"), JSON.stringify(lines));
  const view = (await viewOf(rig, idOf(socket)))!;
  assert.deepEqual([view.path, view.address, view.state], ["/room", "192.0.2.1", "open"]);
  assert.ok(!JSON.stringify([lines, view]).includes("secret"));
  assert.equal(await viewOf(rig, "n.AAAAother"), undefined);
  const [destination] = (await inspector.answer({ what: "destinations" })) as DestinationView[];
  assert.deepEqual([destination?.kind, destination?.connections], ["partition", 1]);
});

test("an event that moves to another origin is shown once", async () => {
  const rig = await new RouterRig().start("o1");
  const socket = rig.node.connect();
  await rig.handle(...rig.origins);
  await rig.join("o2");
  const { lines } = follow(rig, { connection: idOf(socket) });
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
  const found = lines.flatMap(({ verb, seq, text }) => (verb === "message" ? [[seq, text]] : []));
  assert.deepEqual(found, [
    [1, "one"],
    [2, "two"],
  ]);
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
