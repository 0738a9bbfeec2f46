import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandBus, NodePresence } from "../../core/ports/mod.ts";
import { waitFor } from "../support/process/wait.ts";
import { groupConformance, groupOutageConformance } from "./command-bus-groups.ts";
import {
  app,
  bytes,
  type CommandBusRig,
  type Received,
  recordingListener,
  type Start,
  type WithRig,
} from "./command-bus-rig.ts";

function presence(incarnation: string): NodePresence {
  const [runtime, version] = ["test", "0"];
  return { v: 1, incarnation, at: Date.now(), every: 5_000, connections: 0, runtime, version };
}

/** What cannot happen to a bus, so that it is not tested. */
export interface CommandBusLimits {
  /** False where a bus lives and dies with its nodes: they are in one process. */
  readonly nodesDie?: boolean;
  /** False where there is no broker that all nodes could lose at once. */
  readonly busCanBeLost?: boolean;
  /** False where nobody but the node itself can clear its presence. */
  readonly othersClearPresence?: boolean;
  /** False where whoever comes later hears the next heartbeat first, or has to ask. */
  readonly keepsPresence?: boolean;
}

/** What the core relies on in any command bus. */
export function commandBusConformance(
  name: string,
  makeRig: () => Promise<CommandBusRig>,
  {
    nodesDie = true,
    busCanBeLost = true,
    othersClearPresence = true,
    keepsPresence = true,
  }: CommandBusLimits = {},
): void {
  const withRig = (what: string, body: (rig: CommandBusRig) => Promise<void>): void => {
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
    rig: CommandBusRig,
    node: string,
    apps = [app],
  ): Promise<[CommandBus, Received]> => {
    const bus = await rig.bus(node, apps);
    const received = recordingListener();
    await bus.start(received.listener);
    return [bus, received];
  };

  withRig("a forwarded batch reaches the named node alone, in order", async (rig) => {
    const [a, receivedA] = await start(rig, "a");
    const [, receivedB] = await start(rig, "b");
    const [, receivedC] = await start(rig, "c");
    assert.deepEqual(receivedA.connected, [true]);
    for (let i = 0; i < 200; i++) a.forward(app, "b", bytes(`[${i}]`));
    await waitFor(() => receivedB.commands.length >= 200, { what: "200 batches" });
    assert.deepEqual(
      receivedB.commands.map(({ text }) => text),
      Array.from({ length: 200 }, (_, i) => `[${i}]`),
    );
    const { source } = receivedB.commands[0]!;
    assert.deepEqual([source.app, source.sender, source.scope], [app, "a", "node"]);
    assert.equal(receivedA.commands.length + receivedC.commands.length, 0);
  });

  withRig("a command to all reaches every node of the app, and of no other", async (rig) => {
    const [, receivedA] = await start(rig, "a", [app, "shop"]);
    const [, receivedB] = await start(rig, "b");
    rig.command("shop", undefined, bytes("[1]"));
    rig.command(app, undefined, bytes("[2]"));
    rig.command(app, "a", bytes("[3]"));
    await waitFor(() => receivedA.commands.length === 3, { what: "a's commands" });
    await waitFor(() => receivedB.commands.length === 1, { what: "b's command" });
    const seen = receivedA.commands.map(
      ({ source, text }) => `${source.app} ${source.scope} ${text}`,
    );
    assert.deepEqual(seen.sort(), ["default all [2]", "default node [3]", "shop all [1]"]);
    assert.equal(receivedB.commands[0]!.text, "[2]");
  });

  withRig("presence reaches those who are there and those who come", async (rig) => {
    const seen = await rig.watchPresence();
    const [a] = await start(rig, "a");
    a.announce(app, presence("one"));
    await waitFor(() => seen.length > 0, { what: "the presence" });
    const late = await rig.watchPresence();
    if (!keepsPresence) a.announce(app, presence("one"));
    const told = await waitFor(() => late[0], { what: "the retained presence" });
    assert.deepEqual([told.app, told.node, told.presence?.incarnation], [app, "a", "one"]);
    a.announce(app, { ...presence("one"), connections: 7 });
    await waitFor(() => late.some((n) => n.presence?.connections === 7), { what: "a heartbeat" });
  });

  withRig("a node that stops has no presence any more", async (rig) => {
    const seen = await rig.watchPresence();
    const [a] = await start(rig, "a");
    a.announce(app, presence("one"));
    await waitFor(() => seen.length > 0, { what: "a is there" });
    await a.stop();
    await waitFor(() => seen.at(-1)?.presence === undefined, { what: "a is gone" });
    const late = await rig.watchPresence();
    const [b] = await start(rig, "b");
    b.announce(app, presence("two"));
    await waitFor(() => late.some(({ node }) => node === "b"), { what: "b is there" });
    assert.deepEqual(
      late.filter(({ node, presence: told }) => node === "a" && told !== undefined),
      [],
    );
  });

  if (othersClearPresence) clearedConformance(withRig, start);
  if (nodesDie) deathConformance(withRig, start);
  if (busCanBeLost) outageConformance(withRig, start);
  groupConformance(withRig, start);
}

function clearedConformance(withRig: WithRig, start: Start): void {
  withRig("a live node whose presence was cleared announces itself again", async (rig) => {
    const seen = await rig.watchPresence();
    const [a] = await start(rig, "a");
    a.announce(app, presence("one"));
    await waitFor(() => seen.length > 0, { what: "a is there" });
    const before = seen.length;
    rig.clearPresence?.(app, "a");
    await waitFor(() => seen.slice(before).some((n) => n.presence?.incarnation === "one"), {
      what: "a again",
    });
  });
}

function deathConformance(withRig: WithRig, start: Start): void {
  withRig("a node that dies has no presence any more, in any app", async (rig) => {
    const seen = await rig.watchPresence();
    const [a] = await start(rig, "a", [app, "shop"]);
    a.announce(app, presence("one"));
    a.announce("shop", presence("one"));
    await waitFor(() => seen.length >= 2, { what: "a is there" });
    rig.die?.(a);
    // Each broker tells it: a watcher of three hears it up to three times.
    const gone = (): Set<string> =>
      new Set(seen.filter((n) => n.presence === undefined).map((n) => `${n.app}/${n.node}`));
    await waitFor(() => gone().size >= 2, { what: "a is gone from both apps" });
    assert.deepEqual([...gone()].sort(), ["default/a", "shop/a"]);
  });
}

function outageConformance(withRig: WithRig, start: Start): void {
  withRig("an outage is told and mended: commands and presence flow again", async (rig) => {
    const seen = await rig.watchPresence();
    const [a, receivedA] = await start(rig, "a");
    const [b, receivedB] = await start(rig, "b");
    a.announce(app, presence("one"));
    await waitFor(() => seen.length > 0, { what: "a is there" });
    rig.outage?.(true);
    await waitFor(() => !receivedA.connected.at(-1) && !receivedB.connected.at(-1), {
      what: "lost",
    });
    a.forward(app, "b", bytes("[8]"));
    a.forwardToGroup(app, "room", bytes("[8]"));
    await waitFor(() => receivedA.lost === 2, { what: "both are told as lost" });
    const before = seen.length;
    rig.outage?.(false);
    await waitFor(() => receivedA.connected.at(-1) && receivedB.connected.at(-1), {
      what: "back",
    });
    for (const bus of [a, b]) await rig.whole?.(bus);
    a.forward(app, "b", bytes("[9]"));
    await waitFor(() => receivedB.commands.at(-1)?.text === "[9]", { what: "the command" });
    await waitFor(() => seen.slice(before).some((n) => n.presence?.incarnation === "one"), {
      what: "the presence",
    });
    assert.deepEqual(receivedA.connected, [true, false, true]);
  });

  groupOutageConformance(withRig, start);
}
