import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeTracker } from "../../adapters/origin/presence/node-tracker.ts";
import {
  encodePresence,
  parseNodePresence,
  parseOriginPresence,
} from "../../adapters/topics/presence.ts";
import {
  decodeGroup,
  encodeGroup,
  type ParsedTopic,
  Topics,
} from "../../adapters/topics/topics.ts";
import { OriginDirectory } from "../../core/routing/origin-directory.ts";
import { groupBinary, groupText } from "../support/broker/group-topics.ts";
import { ManualClock } from "../support/memory/mod.ts";
import type { Dice } from "../vectors/dice.ts";
import { toHex, utf8 } from "../vectors/hex.ts";
import { casesOf, diceOf, fuzz, seed } from "./rig/fuzz-run.ts";
import { heapLevel } from "./rig/levels.ts";

const cases = casesOf(160_000);
/** These are dearer: parsed as JSON twice. */
const presences = casesOf(50_000);

const natural = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least;

/** Values that a key of a presence may have, good ones first. */
const presenceValues: Readonly<Record<string, readonly unknown[]>> = {
  v: [1, 1, 1, 1, 1, 1, 2, "1", null],
  incarnation: ["i1", "i2", "i3", "", "x".repeat(65), 5, null],
  at: [1_700_000_000_000, 0, -1, 1.5, 2 ** 60, "now"],
  every: [1_000, 2_000, 3_600_000, 1, 0, 3_600_001, -5, 1e308, "1"],
  format: ["json", "msgpack", "xml", 1],
  window: [1, 20_000, 2 ** 53 - 1, 0, -1, 1.5],
  weight: [1, 0, 0.5, 1_000_000, -1, 1e300],
  leaving: [true, false, "yes"],
  connections: [0, 7, -7, Number.MAX_VALUE],
  runtime: ["bun", "", "r".repeat(65), {}],
  version: ["1.0.0", [], null],
  toString: [1],
  __proto__x: [{}],
};

function presenceBytes(dice: Dice): Uint8Array<ArrayBuffer> {
  const kind = dice.below(100);
  if (kind < 5) return dice.bytes(dice.below(80));
  if (kind < 7) return utf8("[".repeat(dice.below(5_000)));
  const presence: Record<string, unknown> = {};
  const goodness = kind < 60 ? 1 : 3;
  for (const [name, values] of Object.entries(presenceValues)) {
    const needed = name === "v" || name === "incarnation" || name === "at" || name === "every";
    if (!dice.chance(needed ? 98 : 25)) continue;
    presence[name] = goodness === 1 ? values[dice.below(2)] : dice.pick(values);
  }
  const text = JSON.stringify(presence).replace("__proto__x", "__proto__");
  const bytes = utf8(text);
  return dice.chance(25) ? dice.mutate(bytes) : bytes;
}

/** As it is written: JSON reads -0, and writes it as 0. */
const written = (presence: object): unknown => JSON.parse(JSON.stringify(presence));

test(`${presences} presences are taken whole or not at all (FUZZ_SEED=${seed})`, async () => {
  const dice = diceOf(31);
  const clock = new ManualClock();
  const joined = new Set<string>();
  const directory = new OriginDirectory(clock, {
    joined: ({ name }) => {
      assert.ok(!joined.has(name), "joined twice");
      joined.add(name);
    },
    leaving: (name) => assert.ok(joined.has(name), "leaves before it came"),
    left: (name) => assert.ok(joined.delete(name), "left twice"),
  });
  const tracker = new NodeTracker(clock, () => {});
  tracker.connected(true);
  let bytes: Uint8Array = new Uint8Array(0);
  let taken = 0;
  const one = (): void => {
    bytes = presenceBytes(dice);
    const name = `o${dice.below(20)}`;
    const origin = parseOriginPresence(bytes);
    if (origin !== undefined) {
      taken++;
      assert.ok(natural(origin.at, 0) && natural(origin.every, 1));
      assert.ok(origin.window === undefined || natural(origin.window, 1));
      assert.deepEqual(parseOriginPresence(encodePresence(origin)), written(origin));
      directory.presence(name, origin);
    }
    const node = parseNodePresence(bytes);
    if (node !== undefined) {
      assert.ok(natural(node.at, 0) && natural(node.every, 1) && natural(node.connections, 0));
      assert.deepEqual(parseNodePresence(encodePresence(node)), written(node));
      tracker.presence(name, node);
    }
    if (dice.chance(3)) directory.presence(name, undefined);
    if (dice.chance(3)) tracker.presence(name, undefined);
    if (dice.chance(1)) directory.remove(name);
    if (dice.chance(2)) clock.advance(dice.below(2_000));
    assert.ok(clock.pendingTimers <= 40, "one timer for each name");
  };
  await fuzz(one, { cases: presences, levels: [heapLevel(500_000)], shown: () => toHex(bytes) });
  clock.advance(3 * 3_600_000);
  assert.deepEqual(
    [[...directory.live()].length, joined.size, clock.pendingTimers],
    [0, 0, 0],
    `FUZZ_SEED=${seed}`,
  );
  assert.ok(taken > presences / 10, "the dice are loaded");
});

const topics = new Topics("a/b");
const names = ["n1", "o-2", "x".repeat(32), "x".repeat(33), "N", "", "+", "#", "n.1", "é"];
const groups = ["g", "@all", "a/b", "a.b", "é€😀", "%", "%2F", "+", "#", "", "x".repeat(200)];

function topicOf(dice: Dice): string {
  const name = (): string => (dice.chance(70) ? "n1" : dice.pick(names));
  const app = dice.chance(85) ? "app" : dice.pick([...names, "x".repeat(64), "x".repeat(65)]);
  const group = dice.chance(30) ? dice.text(dice.below(9)) : dice.pick(groups);
  const partition = dice.pick([0, 1, 9_999_999, 10_000_000, -1, 1.5]);
  const made = dice.pick([
    () => topics.events(app, partition, name()),
    () => topics.originEvents(app, name(), name()),
    () => topics.nodeCommands(app, name(), name()),
    () => topics.commands(app, name()),
    () => topics.groupCommands(app, group, name()),
    () => groupText(topics, app, group),
    () => groupBinary(topics, app, group),
    () => topics.nodePresence(app, name()),
    () => topics.originPresence(app, name()),
    () => topics.presenceAsk(app, name()),
  ])();
  const kind = dice.below(100);
  if (kind < 60) return made;
  if (kind < 90) return new TextDecoder().decode(dice.mutate(utf8(made)));
  const levels = made.split("/");
  const at = dice.below(levels.length + 1);
  levels.splice(at, dice.below(2), dice.pick(["", "events", "groups", "%", "%C3", "0", "n1"]));
  return levels.join("/");
}

/** The topic of what was read, by the other way. */
function rebuilt(parsed: ParsedTopic): string {
  switch (parsed.kind) {
    case "events":
      return topics.events(parsed.app, parsed.partition, parsed.node);
    case "origin-events":
      return topics.originEvents(parsed.app, parsed.origin, parsed.node);
    case "node-commands":
      return topics.nodeCommands(parsed.app, parsed.node, parsed.sender);
    case "commands":
      return topics.commands(parsed.app, parsed.sender);
    case "group-commands":
      return topics.groupCommands(parsed.app, parsed.group, parsed.sender);
    case "group-text":
      return groupText(topics, parsed.app, parsed.group);
    case "group-binary":
      return groupBinary(topics, parsed.app, parsed.group);
    case "node-presence":
      return topics.nodePresence(parsed.app, parsed.node);
    case "origin-presence":
      return topics.originPresence(parsed.app, parsed.origin);
    case "presence-ask":
      return topics.presenceAsk(parsed.app, parsed.sender);
  }
}

test(`${cases} topics are read one way only (FUZZ_SEED=${seed})`, async () => {
  const dice = diceOf(32);
  let topic = "";
  let read = 0;
  const one = (): void => {
    topic = topicOf(dice);
    const parsed = topics.parse(topic);
    if (parsed === undefined) return;
    read++;
    assert.equal(rebuilt(parsed), topic);
  };
  await fuzz(one, { cases, levels: [heapLevel(500_000)], shown: () => topic });
  assert.ok(read > cases / 4 && read < cases * 0.9, "the dice are loaded");
});

test(`${cases >> 1} names of groups are one topic level each (FUZZ_SEED=${seed})`, async () => {
  const dice = diceOf(33);
  let group = "";
  const one = (): void => {
    // Halves of characters too: JSON can carry them.
    const units = Array.from({ length: dice.below(9) }, () =>
      dice.chance(80) ? dice.below(256) : dice.below(0x1_0000),
    );
    group = String.fromCharCode(...units);
    const level = encodeGroup(group);
    assert.match(level, /^[^/+#\0.]*$/);
    const whole = group.replace(/\p{Surrogate}/gu, "\ufffd");
    assert.equal(decodeGroup(level), group === "" ? undefined : whole);
    assert.ok(decodeGroup(group) === undefined || encodeGroup(decodeGroup(group)!) === group);
  };
  await fuzz(one, { cases: cases >> 1, levels: [heapLevel(500_000)], shown: () => escape(group) });
});
