import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandBus, NodePresence } from "../../core/ports/mod.ts";
import { until } from "../support/broker/broker-wait.ts";
import { groupConformance } from "./cluster-bus-groups.ts";
import { app, bytes, type ClusterRig, ear, type Heard } from "./cluster-rig.ts";

function presence(incarnation: string): NodePresence {
  const [runtime, version] = ["test", "0"];
  return { v: 1, incarnation, at: Date.now(), every: 5_000, connections: 0, runtime, version };
}

/** What the core relies on in any cluster bus. */
export function clusterBusConformance(name: string, makeRig: () => Promise<ClusterRig>): void {
  const withRig = (what: string, body: (rig: ClusterRig) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      const rig = await makeRig();
      try {
        await body(rig);
      } finally {
        await rig.end();
      }
    });
  };
  const start = async (
    rig: ClusterRig,
    node: string,
    apps = [app],
  ): Promise<[CommandBus, Heard]> => {
    const bus = await rig.bus(node, apps);
    const heard = ear();
    await bus.start(heard.listener);
    return [bus, heard];
  };

  withRig("a forwarded batch reaches the named node alone, in order", async (rig) => {
    const [a, heardA] = await start(rig, "a");
    const [, heardB] = await start(rig, "b");
    const [, heardC] = await start(rig, "c");
    assert.deepEqual(heardA.connected, [true]);
    for (let i = 0; i < 200; i++) a.forward(app, "b", bytes(`[${i}]`));
    await until("200 batches", () => heardB.commands.length >= 200);
    assert.deepEqual(
      heardB.commands.map(({ text }) => text),
      Array.from({ length: 200 }, (_, i) => `[${i}]`),
    );
    const { source } = heardB.commands[0]!;
    assert.deepEqual([source.app, source.sender, source.scope], [app, "a", "node"]);
    assert.equal(heardA.commands.length + heardC.commands.length, 0);
  });

  withRig("a command to all reaches every node of the app, and of no other", async (rig) => {
    const [, heardA] = await start(rig, "a", [app, "shop"]);
    const [, heardB] = await start(rig, "b");
    rig.command("shop", undefined, bytes("[1]"));
    rig.command(app, undefined, bytes("[2]"));
    rig.command(app, "a", bytes("[3]"));
    await until("a's commands", () => heardA.commands.length === 3);
    await until("b's command", () => heardB.commands.length === 1);
    const seen = heardA.commands.map(
      ({ source, text }) => `${source.app} ${source.scope} ${text}`,
    );
    assert.deepEqual(seen.sort(), ["default all [2]", "default node [3]", "shop all [1]"]);
    assert.equal(heardB.commands[0]!.text, "[2]");
  });

  withRig("presence reaches those who are there and those who come", async (rig) => {
    const seen = await rig.watchPresence();
    const [a] = await start(rig, "a");
    a.announce(app, presence("one"));
    await until("the presence", () => seen.length > 0);
    const late = await rig.watchPresence();
    const told = await until("the retained presence", () => late[0]);
    assert.deepEqual([told.app, told.node, told.presence?.incarnation], [app, "a", "one"]);
    a.announce(app, { ...presence("one"), connections: 7 });
    await until("a heartbeat", () => late.some((n) => n.presence?.connections === 7));
  });

  withRig("a node that stops has no presence any more", async (rig) => {
    const seen = await rig.watchPresence();
    const [a] = await start(rig, "a");
    a.announce(app, presence("one"));
    await until("a is there", () => seen.length > 0);
    await a.stop();
    await until("a is gone", () => seen.at(-1)?.presence === undefined);
    const late = await rig.watchPresence();
    const [b] = await start(rig, "b");
    b.announce(app, presence("two"));
    await until("b is there", () => late.some(({ node }) => node === "b"));
    assert.deepEqual(
      late.filter(({ node, presence: told }) => node === "a" && told !== undefined),
      [],
    );
  });

  withRig("a node that dies has no presence any more, in any app", async (rig) => {
    const seen = await rig.watchPresence();
    const [a] = await start(rig, "a", [app, "shop"]);
    a.announce(app, presence("one"));
    a.announce("shop", presence("one"));
    await until("a is there", () => seen.length >= 2);
    rig.die(a);
    const gone = (): string[] =>
      seen.filter((n) => n.presence === undefined).map((n) => `${n.app}/${n.node}`);
    await until("a is gone from both apps", () => gone().length >= 2);
    assert.deepEqual(gone().sort(), ["default/a", "shop/a"]);
  });

  withRig("a live node whose presence was cleared announces itself again", async (rig) => {
    const seen = await rig.watchPresence();
    const [a] = await start(rig, "a");
    a.announce(app, presence("one"));
    await until("a is there", () => seen.length > 0);
    const before = seen.length;
    rig.clearPresence(app, "a");
    await until("a again", () =>
      seen.slice(before).some((n) => n.presence?.incarnation === "one"),
    );
  });

  withRig("an outage is told and mended: commands and presence flow again", async (rig) => {
    const seen = await rig.watchPresence();
    const [a, heardA] = await start(rig, "a");
    const [, heardB] = await start(rig, "b");
    a.announce(app, presence("one"));
    await until("a is there", () => seen.length > 0);
    rig.outage(true);
    await until("lost", () => !heardA.connected.at(-1) && !heardB.connected.at(-1));
    a.forward(app, "b", bytes("[8]"));
    a.forwardToGroup(app, "room", bytes("[8]"));
    await until("both are told as lost", () => heardA.lost === 2);
    const before = seen.length;
    rig.outage(false);
    await until("back", () => heardA.connected.at(-1) && heardB.connected.at(-1));
    a.forward(app, "b", bytes("[9]"));
    await until("the command", () => heardB.commands.at(-1)?.text === "[9]");
    await until("the presence", () =>
      seen.slice(before).some((n) => n.presence?.incarnation === "one"),
    );
    assert.deepEqual(heardA.connected, [true, false, true]);
  });

  groupConformance(withRig, start);
}
