import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerOf } from "../../../../../adapters/mqtt/brokers/mod.ts";
import type { LinkOptions } from "../../../../../adapters/topics/mod.ts";
import { ServiceError } from "../../../../../core/base/mod.ts";
import { brokerNames, type FakeLink, fakeBrokers } from "../../../../support/broker/fake-link.ts";
import { ManualClock, MemoryLogger, SeededRandom } from "../../../../support/memory/mod.ts";

const bytes = new TextEncoder();

function rig(options: Partial<LinkOptions> = {}) {
  const links: FakeLink[] = [];
  const [clock, logger] = [new ManualClock(), new MemoryLogger()];
  const set = fakeBrokers(links);
  const ports = set.ports({ clock, logger, random: new SeededRandom(1) });
  const link = ports.openLink({ name: "o1", role: "origin", ...options });
  /** What the listener was told. */
  const told: string[] = [];
  const started = link.start({
    connected: (up) => void told.push(up ? "up" : "down"),
    reachChanged: (came) => void told.push(came ? "one came" : "changed"),
    message: (topic, payload) =>
      void told.push(`${topic.split("/").at(-1)} ${new TextDecoder().decode(payload)}`),
  });
  started.catch(() => {});
  const publish = (topic: string, text: string): string | undefined => {
    let code: string | undefined = "none";
    link.publish(topic, bytes.encode(text), (error) => {
      code = error?.code;
    });
    return code;
  };
  return { link, links, clock, logger, told, started, publish };
}

/** A topic of commands to a node that this broker carries. */
function topicOn(broker: number): string {
  for (let number = 0; ; number++) {
    const key = `default/nodes/n${number}/o1`;
    if (brokerOf(key, brokerNames) === broker)
      return `wss/v1/default/nodes/n${number}/commands/o1`;
  }
}

test("a topic is published at one broker, both ways between a node and an origin at it", () => {
  const { links, publish } = rig();
  for (const link of links) link.come();
  for (let number = 0; number < 20; number++) {
    publish(`wss/v1/default/nodes/n${number}/commands/o1`, String(number));
    publish(`wss/v1/default/origins/o1/events/n${number}`, String(number));
    publish(`wss/v1/default/groups/g${number}/commands/o1`, `g${number}`);
    publish(`wss/v1/default/groups/g${number}/text`, `g${number}`);
  }
  const texts = links.map(({ published }) => published.map((line) => line.split(" ")[1]));
  assert.equal(texts.flat().length, 80);
  for (const of of texts) {
    assert.ok(of.length > 10, "each has its share");
    for (const text of of) assert.equal(of.filter((other) => other === text).length, 2, text);
  }
});

test("it is up while one broker is there, and tells what came and went", () => {
  const { link, links, told } = rig();
  assert.equal(link.up, false);
  links[1]!.come();
  links[0]!.come();
  assert.deepEqual([link.up, link.upAt?.(0), link.upAt?.(1)], [true, true, true]);
  links[1]!.go();
  const reached = [0, 1].map((broker) => link.reaches?.(topicOn(broker)));
  assert.deepEqual([link.up, ...reached], [true, true, false]);
  links[0]!.go();
  assert.deepEqual(told, ["up", "one came", "changed", "down"]);
});

test("what a broker carries that is away fails, and goes by another once it is diverted", () => {
  const { link, links, told, publish } = rig();
  for (const each of links) each.come();
  links[1]!.go();
  assert.equal(publish(topicOn(1), "held"), "broker-lost");
  assert.equal(publish(topicOn(0), "on"), undefined);
  link.divert?.();
  assert.equal(link.reaches?.(topicOn(1)), true);
  assert.equal(publish(topicOn(1), "diverted"), undefined);
  assert.match(links[0]!.published.at(-1)!, / diverted$/);
  assert.equal(told.at(-1), "changed");
  links[1]!.come();
  publish(topicOn(1), "home");
  assert.match(links[1]!.published.at(-1)!, / home$/, "its own broker is back");
  const once = rig({ diverts: true });
  once.links[0]!.come();
  assert.equal(once.publish(topicOn(1), "x"), undefined, "from the start if nobody repeats it");
});

test("the start waits a moment for brokers that are away, for the first without end", async () => {
  const { links, clock, started } = rig();
  let up = false;
  void started.then(() => {
    up = true;
  });
  clock.advance(60_000);
  await new Promise(setImmediate);
  assert.equal(up, false);
  links[0]!.come();
  await new Promise(setImmediate);
  assert.equal(up, false, "the other may come");
  clock.advance(1_000);
  await started;
});

test("a broker that refuses ends the start; later, it is logged", async () => {
  const first = rig();
  first.links[0]!.come();
  first.links[1]!.refuse();
  await assert.rejects(first.started, { code: "broker-refused" });
  assert.ok(first.links.every(({ stopped }) => stopped));

  const later = rig();
  later.links[0]!.come();
  await new Promise(setImmediate);
  later.clock.advance(1_000);
  await later.started;
  later.links[1]!.refuse();
  await new Promise(setImmediate);
  const [line, ...more] = later.logger.of("broker-refused");
  assert.deepEqual([line?.level, line?.fields.broker, more], ["error", "mq-b:1883", []]);
});

test("stopping a link that one broker never reached is no refusal", async () => {
  const { link, links, clock, logger, started } = rig();
  links[0]!.come();
  await new Promise(setImmediate);
  clock.advance(1_000);
  await started;
  await link.stop();
  await new Promise(setImmediate);
  assert.deepEqual(logger.records, []);
});

test("presences of both brokers are one, and other messages come as they are", () => {
  const { link, links, told } = rig();
  for (const each of links) each.come();
  told.length = 0;
  const at = (ms: number): string =>
    JSON.stringify({ v: 1, incarnation: "i1", at: ms, every: 1_000 });
  links[0]!.receive("wss/v1/default/presence/nodes/n1", at(1));
  links[1]!.receive("wss/v1/default/presence/nodes/n1", at(1));
  links[0]!.receive("wss/v1/default/presence/nodes/n1", "");
  const presences = told.filter((line) => line !== "changed");
  assert.deepEqual(presences, [`n1 ${at(1)}`, `n1 ${at(1)}`]);
  links[1]!.receive("wss/v1/default/presence/nodes/n1", "");
  assert.deepEqual(told.slice(-2), ["n1 ", "changed"]);
  links[1]!.receive("wss/v1/default/origins/o1/events/n1", "[]");
  assert.deepEqual([told.at(-1), link.arrivedFrom], ["n1 []", 1]);
  links[0]!.receive("wss/v1/default/presence/nodes/n1", "no presence");
  assert.equal(told.at(-1), "n1 no presence", "the caller says what is wrong with it");
});

test("a subscription is granted when every broker that is there has granted it", () => {
  const { link, links, logger } = rig();
  const answers: string[] = [];
  const ask = (filter: string): void =>
    link.subscribe(filter, (error) => answers.push(`${filter} ${error?.code ?? "granted"}`));
  for (const each of links) each.come();
  ask("a");
  links[0]!.subscribed.get("a")?.();
  assert.deepEqual(answers, []);
  links[1]!.subscribed.get("a")?.();
  assert.deepEqual(answers, ["a granted"]);
  ask("b");
  links[0]!.subscribed.get("b")?.();
  links[1]!.go();
  assert.deepEqual(answers, ["a granted", "b granted"], "that one is away");
  for (const each of links) each.go();
  ask("c");
  assert.equal(answers.length, 2, "nobody has granted it");
  assert.deepEqual(logger.of("subscription-refused"), []);
  links[1]!.come();
  links[1]!.subscribed.get("b")?.(new ServiceError("group-refused", "not you"));
  assert.equal(answers.length, 2);
  const [line] = logger.of("subscription-refused");
  assert.deepEqual(line?.fields, { broker: "mq-b:1883", role: "origin", filter: "b" });
});

test("the least packet limit counts, and reasons that each broker gives", () => {
  const { link, links } = rig();
  assert.equal(link.packetBytesMax, undefined);
  links[0]!.packetBytesMax = 9_000;
  links[1]!.packetBytesMax = 8_000;
  assert.equal(link.packetBytesMax, 8_000);
  assert.equal(link.reportsReasons, true);
  links[1]!.reportsReasons = false;
  assert.equal(link.reportsReasons, false);
  link.oneAtATime = true;
  assert.deepEqual([link.oneAtATime, links[1]!.oneAtATime], [true, true]);
});

test("a node that has lost the broker of a topic is not reached by it", () => {
  const { link, links, told } = rig();
  for (const each of links) each.come();
  const topic = topicOn(1);
  const node = topic.split("/")[4]!;
  const presenceOf = (broker: number, text: string): void =>
    links[broker]!.receive(`wss/v1/default/presence/nodes/${node}`, text);
  const here = JSON.stringify({ v: 1, incarnation: "i1", at: 1, every: 1_000 });
  assert.equal(link.reaches?.(topic), true, "nobody knows of it");
  told.length = 0;
  presenceOf(0, here);
  assert.deepEqual(told, [`${node} ${here}`, "changed"]);
  assert.equal(link.reaches?.(topic), false);
  presenceOf(1, here);
  assert.equal(link.reaches?.(topic), true);
  presenceOf(1, "");
  assert.deepEqual(told.slice(2), [`${node} ${here}`, "changed", "changed"]);
  assert.equal(link.reaches?.(topic), false);
  link.divert?.();
  assert.equal(link.reaches?.(topic), true, "by the other one");
});
