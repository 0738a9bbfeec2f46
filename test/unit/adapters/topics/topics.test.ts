import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopbackCheck } from "../../../../adapters/topics/loopback-check.ts";
import { decodeGroup, encodeGroup, Topics } from "../../../../adapters/topics/mod.ts";
import {
  encodePresence,
  nodePresenceFault,
  originPresenceFault,
  parseNodePresence,
  parseOriginPresence,
} from "../../../../adapters/topics/presence.ts";
import { groupBinary, groupText } from "../../../support/broker/group-topics.ts";
import { readPage } from "../../../support/docs/docs.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

const topics = new Topics();
const below = (rest: string): string => `wss/v1/shop/${rest}`;

test("every topic of the contract is built and read back", () => {
  const [app, node, origin, sender] = ["shop", "n1", "o1", "me"];
  const group = "room/1";
  const cases = [
    ["wss/v1/shop/events/0/n1", topics.events(app, 0, node), "events"],
    ["wss/v1/shop/origins/o1/events/n1", topics.originEvents(app, origin, node), "origin-events"],
    ["wss/v1/shop/nodes/n1/commands/me", topics.nodeCommands(app, node, sender), "node-commands"],
    ["wss/v1/shop/commands/me", topics.commands(app, sender), "commands"],
    [
      "wss/v1/shop/groups/room%2F1/commands/me",
      topics.groupCommands(app, group, sender),
      "group-commands",
    ],
    ["wss/v1/shop/groups/room%2F1/text", groupText(topics, app, group), "group-text"],
    ["wss/v1/shop/groups/room%2F1/binary", groupBinary(topics, app, group), "group-binary"],
    ["wss/v1/shop/presence/nodes/n1", topics.nodePresence(app, node), "node-presence"],
    ["wss/v1/shop/presence/origins/o1", topics.originPresence(app, origin), "origin-presence"],
    ["wss/v1/shop/presence/ask/me", topics.presenceAsk(app, sender), "presence-ask"],
  ] as const;
  const all = { app, node, origin, sender, group, partition: 0 };
  for (const [expected, built, kind] of cases) {
    assert.equal(built, expected);
    const parsed = topics.parse(built);
    assert.equal(parsed?.kind, kind);
    for (const [key, value] of Object.entries(parsed ?? {})) {
      if (key !== "kind") assert.equal(value, all[key as keyof typeof all], `${built}: ${key}`);
    }
  }
});

test("what is not of the contract is no topic of ours", () => {
  const outside = ["", "wss", "wss/v1", "wss/v1/", "other/v1/shop/commands/me"];
  const wrong = [
    ...["wss/v2/shop/commands/me", "wss/v1/Shop/commands/me", "wss/v1/shop/commands"],
    ...["commands/", "commands/me/more", "nodes/n1/events/me", "presence/others/n1"].map(below),
    ...["x/n1", "01/n1", "-1/n1", "0/N1", "0/"].map((rest) => below(`events/${rest}`)),
    below(`nodes/${"n".repeat(33)}/commands/me`),
    ...["/text", "a/text/more", "a/sound", "%zz/text"].map((rest) => below(`groups/${rest}`)),
  ];
  for (const topic of [...outside, ...wrong]) assert.equal(topics.parse(topic), undefined, topic);
});

/** The fuzz of topics proves that any name is one level. */
test("one group has one topic: other spellings of the same name are none", () => {
  assert.equal(encodeGroup("@user/bob"), "@user%2Fbob");
  for (const level of ["a%2fb", "%61", "a.b", "a b", ""]) {
    assert.equal(decodeGroup(level), undefined, level);
  }
});

test("another root, and several levels of it", () => {
  const other = new Topics("acme/ws");
  assert.equal(other.commands("default", "me"), "acme/ws/v1/default/commands/me");
  assert.equal(other.parse("wss/v1/default/commands/me"), undefined);
  assert.equal(other.parse("acme/ws/v1/default/commands/me")?.kind, "commands");
  for (const root of ["", "/", "a/", "a//b", "a/+", "#"]) assert.throws(() => new Topics(root));
});

const whole: Readonly<Record<string, unknown>> = { v: 1, incarnation: "i", at: 1, every: 2_000 };
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

test("the four keys that the protocol requires are enough, and each is missed by name", () => {
  assert.ok(parseOriginPresence(bytes(whole)) && parseNodePresence(bytes(whole)));
  for (const key of Object.keys(whole)) {
    const { [key]: _, ...rest } = whole;
    for (const fault of [originPresenceFault, nodePresenceFault]) {
      assert.equal(fault(bytes(rest)), `"${key}" is missing`);
    }
  }
  const required = Object.keys(whole).map((key) => `\`${key}\``);
  const words = `${required.slice(0, -1).join(", ")} and ${required.at(-1)} are required`;
  assert.ok(readPage("docs/protocol").replace(/\s+/g, " ").includes(words), words);
});

test("a presence that cannot be read is told with what is wrong in it", () => {
  for (const [value, fault] of [
    [{ ...whole, v: 2 }, '"v" is 2, and must be 1'],
    [{ ...whole, every: "2s" }, '"every" is "2s", and must be number'],
    [{ ...whole, every: 0 }, '"every" is 0, and must be >=1'],
    [{ ...whole, window: null }, '"window" is null, and must be number'],
    [{ ...whole, format: "xml" }, '"format" is "xml", and must be ("msgpack" | "json")'],
    [[], '"v" is missing'],
    [7, "no JSON object"],
    [null, "no JSON object"],
    [{ ...whole, x: "x".repeat(5_000) }, "more than 4096 bytes"],
  ] as const) {
    assert.equal(parseOriginPresence(bytes(value)), undefined);
    assert.equal(originPresenceFault(bytes(value)), fault);
  }
  assert.equal(originPresenceFault(new TextEncoder().encode("?")), "no JSON");
});

test("a node's presence is checked, unknown keys are left out", () => {
  const presence = {
    v: 1 as const,
    incarnation: "x",
    at: 1,
    every: 5_000,
    connections: 3,
    runtime: "bun",
    version: "0.1.0",
  };
  assert.deepEqual(parseNodePresence(encodePresence(presence)), presence);
  const parse = (text: string): unknown => parseNodePresence(new TextEncoder().encode(text));
  assert.deepEqual(parse('{"v":1,"incarnation":"x","at":1,"every":5000,"more":[1]}'), {
    ...presence,
    connections: 0,
    runtime: "",
    version: "",
  });
  const wrong = [
    ...["", "1", "null", "{", "{}"],
    '{"v":2,"incarnation":"x","at":1,"every":1}',
    '{"v":1,"incarnation":"","at":1,"every":1}',
    '{"v":1,"incarnation":"x","at":-1,"every":1}',
    '{"v":1,"incarnation":"x","at":1,"every":0}',
    `{"v":1,"incarnation":"x","at":1,"every":1,"more":"${"x".repeat(5_000)}"}`,
  ];
  for (const text of wrong) assert.equal(parse(text), undefined, text);
});

/** `CommandLoopback`, which stands on it, has tests of what is told of a broker. */
function rig() {
  const [clock, told] = [new ManualClock(), [] as (string | undefined)[]];
  const made = { clock, told, up: true };
  const watch: LoopbackCheck = new LoopbackCheck(clock, {
    topic: "t",
    hint: "h",
    publishProbe: () => watch.published(),
    up: () => made.up,
    onResult: (error) => void told.push(error === undefined ? undefined : error.message),
  });
  return Object.assign(made, { watch });
}

test("a loopback: a broker that says nothing at all, as one that hangs, is not accused", () => {
  const { clock, watch, told } = rig();
  watch.published();
  clock.advance(60_000);
  assert.deepEqual(told, []);
  watch.answered(undefined);
  watch.received();
  clock.advance(60_000);
  assert.deepEqual(told, [undefined]);
});

test("a loopback: a broker that confirms and then stands still for long is not accused", () => {
  const { clock, watch, told } = rig();
  watch.published();
  watch.answered(undefined);
  clock.advance(60_000);
  watch.received();
  watch.answered(undefined);
  clock.advance(60_000);
  assert.deepEqual(told, [undefined]);
});

test("a loopback: a process that stood still, or lost its broker, waits anew", () => {
  const stalled = rig();
  stalled.watch.published();
  stalled.watch.answered(undefined);
  stalled.clock.stall(20_000);
  assert.deepEqual(stalled.told, []);
  const cut = rig();
  cut.watch.published();
  cut.watch.answered(undefined);
  cut.up = false;
  cut.clock.advance(5_000);
  assert.deepEqual(cut.told, []);
});
