import assert from "node:assert/strict";
import type { ServiceError } from "../../core/base/mod.ts";
import { type CommandBus, MessageKind } from "../../core/ports/mod.ts";
import { waitFor } from "../support/process/wait.ts";
import { app, bytes, type Received, type Start, type WithRig } from "./command-bus-rig.ts";

/** Joins, and waits until that holds. */
function joined(bus: CommandBus, group: string, of = app): Promise<void> {
  return new Promise((resolve, reject) => {
    bus.joinGroup(of, group, (error) => (error === undefined ? resolve() : reject(error)));
  });
}

const groupCommands = ({ commands }: Received): string[] =>
  commands
    .filter(({ source }) => source.scope === "group")
    .map(({ source, text }) => `${source.app} ${source.group} ${source.sender} ${text}`);

/** Names that a topic must not carry as they are. */
const oddNames = [
  "/",
  "+",
  "#",
  "$",
  "$SYS/x",
  "a/+/#",
  "@user/a",
  "a.b..c",
  "..",
  "%2F",
  " ",
  "\u0000",
  "\ufeff",
  "\ufffd",
  "ä€😀",
  "commands/me",
  "x".repeat(256),
  "😀".repeat(64),
  "\u0001".repeat(256),
];

/** Of several topics, which several brokers may carry: MQTT keeps the order of one topic. */
const sorted = (texts: readonly string[]): string[] => [...texts].sort();

/** The part about groups, of `commandBusConformance`. */
export function groupConformance(withRig: WithRig, start: Start): void {
  withRig(
    "who joined a group receives its commands and messages, who left does not",
    async (rig) => {
      const [a, receivedA] = await start(rig, "a");
      const [b, receivedB] = await start(rig, "b");
      await Promise.all([joined(a, "room"), joined(b, "room"), joined(b, "other")]);
      rig.groupCommand(app, "room", bytes("[1]"));
      rig.groupMessage({ app, group: "room", kind: MessageKind.text, payload: bytes("hi") });
      rig.groupMessage({ app, group: "room", kind: MessageKind.binary, payload: bytes("") });
      for (const received of [receivedA, receivedB]) {
        await waitFor(() => received.messages.length === 2, { what: "both messages" });
        assert.deepEqual(groupCommands(received), ["default room me [1]"]);
        assert.deepEqual(sorted(received.messages), ["default room 1 hi", "default room 2 "]);
      }
      a.leaveGroup(app, "room");
      rig.groupCommand(app, "room", bytes("[2]"));
      rig.groupCommand(app, "other", bytes("[3]"));
      rig.command(app, "a", bytes("[4]"));
      await waitFor(() => groupCommands(receivedB).length === 3, { what: "b's" });
      await waitFor(() => receivedA.commands.at(-1)?.text === "[4]", { what: "a's" });
      await joined(a, "room");
      rig.groupCommand(app, "room", bytes("[5]"));
      await waitFor(() => receivedA.commands.at(-1)?.text === "[5]", { what: "a's" });
      assert.deepEqual(groupCommands(receivedA), ["default room me [1]", "default room me [5]"]);
    },
  );

  withRig("every node of an app receives what is for @all, and of no other app", async (rig) => {
    const [, receivedA] = await start(rig, "a", [app, "shop"]);
    const [, receivedB] = await start(rig, "b");
    rig.groupCommand("shop", "@all", bytes("[1]"));
    rig.groupMessage({ app: "shop", group: "@all", kind: MessageKind.text, payload: bytes("x") });
    rig.groupMessage({ app, group: "@all", kind: MessageKind.text, payload: bytes("y") });
    await waitFor(() => receivedA.messages.length === 2, { what: "a's" });
    await waitFor(() => receivedB.messages.length === 1, { what: "b's" });
    assert.deepEqual(groupCommands(receivedA), ["shop @all me [1]"]);
    assert.deepEqual(sorted(receivedA.messages), ["default @all 1 y", "shop @all 1 x"]);
    assert.deepEqual([groupCommands(receivedB), receivedB.messages], [[], ["default @all 1 y"]]);
  });

  withRig("groups of one name in two apps never receive each other", async (rig) => {
    const [a, receivedA] = await start(rig, "a", [app, "shop"]);
    const [b, receivedB] = await start(rig, "b", [app, "shop"]);
    await Promise.all([joined(a, "room"), joined(b, "room", "shop")]);
    const payload = bytes("m");
    rig.groupMessage({ app: "shop", group: "room", kind: MessageKind.text, payload });
    rig.groupMessage({ app, group: "room", kind: MessageKind.text, payload });
    b.forwardToGroup(app, "room", bytes("[1]"));
    a.forwardToGroup("shop", "room", bytes("[2]"));
    await waitFor(() => receivedA.messages.length + receivedA.commands.length === 2, {
      what: "a's",
    });
    await waitFor(() => receivedB.messages.length + receivedB.commands.length === 2, {
      what: "b's",
    });
    assert.deepEqual(receivedA.messages.concat(groupCommands(receivedA)), [
      "default room 1 m",
      "default room b [1]",
    ]);
    assert.deepEqual(receivedB.messages.concat(groupCommands(receivedB)), [
      "shop room 1 m",
      "shop room a [2]",
    ]);
  });

  withRig(
    "a batch sent on to a group reaches the others in order, and not its node",
    async (rig) => {
      const [a, receivedA] = await start(rig, "a");
      const [b, receivedB] = await start(rig, "b");
      const [, receivedC] = await start(rig, "c");
      await Promise.all([joined(a, "room"), joined(b, "room")]);
      for (let i = 0; i < 100; i++) a.forwardToGroup(app, "room", bytes(`[${i}]`));
      await waitFor(() => receivedB.commands.length === 100, { what: "100 batches" });
      b.forwardToGroup(app, "room", bytes("last"));
      await waitFor(() => receivedA.commands.length > 0, { what: "b's" });
      assert.deepEqual(
        groupCommands(receivedB),
        Array.from({ length: 100 }, (_, i) => `default room a [${i}]`),
      );
      assert.deepEqual(groupCommands(receivedA), ["default room b last"]);
      assert.equal(receivedC.commands.length, 0);
    },
  );

  withRig("a group may have any name, and receives nothing of another", async (rig) => {
    const [a, receivedA] = await start(rig, "a");
    const [, receivedB] = await start(rig, "b");
    await Promise.all(oddNames.map((group) => joined(a, group)));
    oddNames.forEach((group, index) => {
      rig.groupMessage({ app, group, kind: MessageKind.text, payload: bytes(`${index}`) });
      rig.groupCommand(app, group, bytes(`${index}`));
    });
    await waitFor(() => receivedA.messages.length >= oddNames.length, { what: "a's messages" });
    await waitFor(() => receivedA.commands.length >= oddNames.length, { what: "a's commands" });
    assert.deepEqual(
      receivedA.messages.sort(),
      oddNames.map((group, index) => `default ${group} 1 ${index}`).sort(),
    );
    assert.deepEqual(
      groupCommands(receivedA).sort(),
      oddNames.map((group, index) => `default ${group} me ${index}`).sort(),
    );
    assert.deepEqual([receivedB.messages, receivedB.commands], [[], []]);
  });

  withRig(
    "what comes and goes at once ends as the last call says, and is answered",
    async (rig) => {
      const [a, receivedA] = await start(rig, "a");
      const answers: string[] = [];
      const join = (group: string, name: string): void =>
        a.joinGroup(app, group, (error?: ServiceError) =>
          answers.push(`${name} ${error?.code ?? "joined"}`),
        );
      join("kept", "1");
      a.leaveGroup(app, "kept");
      join("kept", "2");
      join("left", "3");
      a.leaveGroup(app, "left");
      a.leaveGroup(app, "never");
      assert.deepEqual(answers, ["1 group-refused", "3 group-refused"]);
      await waitFor(() => answers.length === 3, { what: "2" });
      assert.equal(answers[2], "2 joined");
      a.leaveGroup(app, "kept");
      await joined(a, "kept");
      rig.groupMessage({ app, group: "left", kind: MessageKind.text, payload: bytes("no") });
      rig.groupMessage({ app, group: "kept", kind: MessageKind.text, payload: bytes("yes") });
      await waitFor(() => receivedA.messages.length > 0, { what: "yes" });
      assert.deepEqual(receivedA.messages, ["default kept 1 yes"]);
    },
  );

  withRig("whoever waits to join when the bus stops is told", async (rig) => {
    const [a] = await start(rig, "a");
    const answers: (string | undefined)[] = [];
    a.joinGroup(app, "room", (error) => answers.push(error?.code));
    const stopped = a.stop();
    await waitFor(() => answers.length === 1, { what: "the answer" });
    await stopped;
    a.joinGroup(app, "room", (error) => answers.push(error?.code));
    assert.equal(answers.at(-1), "broker-lost");
    assert.equal(answers.length, 2);
  });
}

/** Groups of a bus that can be lost. */
export function groupOutageConformance(withRig: WithRig, start: Start): void {
  withRig("groups outlive an outage, and joins wait for its end", async (rig) => {
    const [a, receivedA] = await start(rig, "a");
    await Promise.all([joined(a, "old"), joined(a, "gone"), joined(a, "again")]);
    rig.outage?.(true);
    await waitFor(() => !receivedA.connected.at(-1), { what: "lost" });
    const answers: (string | undefined)[] = [];
    a.joinGroup(app, "new", (error) => answers.push(error?.code));
    a.joinGroup(app, "vain", (error) => answers.push(error?.code));
    a.leaveGroup(app, "vain");
    a.leaveGroup(app, "gone");
    a.leaveGroup(app, "again");
    const again = joined(a, "again");
    assert.deepEqual(answers, ["group-refused"]);
    rig.outage?.(false);
    await waitFor(() => receivedA.connected.at(-1), { what: "back" });
    await rig.whole?.(a);
    await waitFor(() => answers.length === 2, { what: "the answer" });
    await again;
    for (const group of ["vain", "gone", "old", "new", "again"]) {
      rig.groupMessage({ app, group, kind: MessageKind.text, payload: bytes("m") });
    }
    await waitFor(() => receivedA.messages.length >= 3, { what: "three messages" });
    assert.deepEqual(
      sorted(receivedA.messages),
      ["again", "new", "old"].map((group) => `default ${group} 1 m`),
    );
    assert.deepEqual(answers, ["group-refused", undefined]);
  });
}
