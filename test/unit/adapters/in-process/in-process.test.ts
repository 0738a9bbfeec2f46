import assert from "node:assert/strict";
import { test } from "node:test";
import { InProcessBus } from "../../../../adapters/in-process/mod.ts";
import { filterMatches, hasWildcard } from "../../../../adapters/in-process/topic-filter.ts";
import type { LinkOptions } from "../../../../adapters/topics/mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function open(bus: InProcessBus, options: Partial<LinkOptions> = {}) {
  const link = bus.open({ name: "x", role: "test", ...options });
  /** As `TOPIC TEXT`, with `kept` before those that were retained. */
  const messages: string[] = [];
  const connected: boolean[] = [];
  await link.start({
    connected: (now) => connected.push(now),
    message: (topic, payload, retained) =>
      messages.push(`${retained ? "kept " : ""}${topic} ${new TextDecoder().decode(payload)}`),
  });
  return { link, messages, connected };
}

test("what is published comes after the call, in order, once to each link", async () => {
  const bus = new InProcessBus();
  const one = await open(bus, { filters: ["a/+", "a/b", "a/#"] });
  const other = await open(bus, { filters: ["c"] });
  const answers: unknown[] = [];
  one.link.publish("nobody", bytes("0"), (error, has) => answers.push(error ?? has));
  for (const text of ["1", "2", "3"]) {
    one.link.publish("a/b", bytes(text), (error, has) => answers.push(error ?? has));
  }
  assert.deepEqual(one.messages, [], "not within the call");
  await turn();
  assert.deepEqual(one.messages, ["a/b 1", "a/b 2", "a/b 3"]);
  assert.deepEqual(other.messages, []);
  assert.deepEqual(answers, [false, true, true, true], "whether anybody subscribes it");
});

test("a subscription begins and ends while the link is up", async () => {
  const bus = new InProcessBus();
  const { link, messages } = await open(bus);
  const publish = async (text: string): Promise<void> => {
    link.publish("a/b", bytes(text), () => {});
    await turn();
  };
  await publish("before");
  await new Promise<void>((resolve) => link.subscribe("a/+", () => resolve()));
  await publish("1");
  link.unsubscribe("a/+");
  await publish("after");
  assert.deepEqual(messages, ["a/b 1"]);
  const answers: unknown[] = [];
  link.subscribe("g", (error) => answers.push(error?.code));
  link.unsubscribe("g");
  await turn();
  assert.deepEqual(answers, ["group-refused"], "left before it was granted");
});

test("a retained message is delivered to those who come, until it is cleared", async () => {
  const bus = new InProcessBus();
  const early = await open(bus, { filters: ["p/+"] });
  early.link.publish("p/n", bytes("one"), () => {}, true);
  await turn();
  assert.deepEqual(early.messages, ["p/n one"], "those who are there get it as it is published");
  const wildcard = await open(bus, { filters: ["p/+"] });
  const exact = await open(bus, { filters: ["p/n"] });
  await turn();
  assert.deepEqual(wildcard.messages, ["kept p/n one"]);
  assert.deepEqual(exact.messages, ["kept p/n one"]);
  early.link.publish("p/n", bytes(""), () => {}, true);
  await turn();
  const late = await open(bus, { filters: ["p/+"] });
  await turn();
  assert.deepEqual(late.messages, []);
});

test("a link that stops waits for its answers, receives nothing more and refuses", async () => {
  const bus = new InProcessBus();
  const { link, messages, connected } = await open(bus, { filters: ["a"] });
  const other = await open(bus);
  const answers: (string | boolean | undefined)[] = [];
  link.publish("a", bytes("1"), (error) => answers.push(error?.code));
  await link.stop();
  assert.equal(answers.length, 1);
  assert.deepEqual(messages, ["a 1"]);
  assert.deepEqual(connected, [true, false]);
  other.link.publish("a", bytes("2"), (_error, has) => answers.push(has));
  await turn();
  assert.deepEqual(messages, ["a 1"]);
  link.publish("a", bytes("3"), (error) => answers.push(error?.code));
  assert.deepEqual(answers, [undefined, false, "broker-lost"]);
});

test("the number of retained topics is limited", async () => {
  const bus = new InProcessBus();
  const { link } = await open(bus);
  const codes: (string | undefined)[] = [];
  for (let number = 0; number < 10_001; number++) {
    link.publish(`p/${number}`, bytes("x"), (error) => codes.push(error?.code), true);
  }
  link.publish("p/1", bytes("y"), (error) => codes.push(error?.code), true);
  await turn();
  assert.deepEqual(codes.slice(9_998), [undefined, undefined, "publish-refused", undefined]);
});

/** From MQTT 3.1.1, 4.7.1, and the filters of the wire contract. */
const cases: readonly (readonly [filter: string, topic: string, matches: boolean])[] = [
  ["sport/tennis/player1/#", "sport/tennis/player1", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
  ["sport/#", "sport", true],
  ["#", "sport/tennis", true],
  ["sport/tennis/+", "sport/tennis/player1", true],
  ["sport/tennis/+", "sport/tennis/player1/ranking", false],
  ["sport/+", "sport", false],
  ["sport/+", "sport/", true],
  ["+/+", "/finance", true],
  ["/+", "/finance", true],
  ["+", "/finance", false],
  ["wss/v1/a/nodes/n1/commands/+", "wss/v1/a/nodes/n1/commands/o1", true],
  ["wss/v1/a/nodes/n1/commands/+", "wss/v1/a/nodes/n2/commands/o1", false],
  ["wss/v1/a/groups/room/#", "wss/v1/a/groups/room/text", true],
  ["wss/v1/a/groups/room/#", "wss/v1/a/groups/rooms/text", false],
  ["a/b", "a/b", true],
  ["a/b", "a/b/c", false],
  ["a/b/c", "a/b", false],
];

test("a filter matches as MQTT says", () => {
  for (const [filter, topic, matches] of cases) {
    assert.equal(filterMatches(filter, topic), matches, `${filter} ${topic}`);
    assert.equal(hasWildcard(filter), /[+#]/.test(filter), filter);
  }
});
