import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerOf } from "../../../../../adapters/mqtt/brokers/mod.ts";
import { controlOf } from "../../../../../adapters/origin/presence/mod.ts";
import { type Link, Topics } from "../../../../../adapters/topics/mod.ts";
import { brokerNames, type FakeLink, fakeBrokers } from "../../../../support/broker/fake-link.ts";
import { ManualClock, MemoryLogger, SeededRandom } from "../../../../support/memory/mod.ts";

const topic = "wss/v1/default/presence/origins/o1";

function rig(window = 10) {
  const links: FakeLink[] = [];
  const set = fakeBrokers(links);
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const ports = set.ports({ clock, logger, random: new SeededRandom(1) });
  const topics = new Topics();
  const identity = { app: "default", name: "o1", incarnation: "i1", topics };
  /** Brokers over which it receives events. */
  const receives = new Set([0, 1]);
  const upAt = (broker: number): boolean => receives.has(broker);
  const presence = { window, weight: 1 };
  const control = controlOf(identity, presence, { upAt } as Partial<Link> as Link, ports);
  const acks = (): string[] => {
    clock.advance(50);
    return links.flatMap(({ published }, broker) =>
      published
        .splice(0)
        .filter((line) => line.includes("/commands/"))
        .map((line) => `${broker} ${line.split("/")[4]}`),
    );
  };
  return { control, links, clock, logger, receives, acks };
}

function announced(link: FakeLink): number {
  return link.published.filter((line) => line.startsWith(`${topic} {`)).length;
}

/** What it publishes to its presence comes back. */
async function admitted({ control, links }: ReturnType<typeof rig>): Promise<void> {
  const done = control.admitted();
  for (const link of links) if (link.up) link.receive(topic, "");
  await done;
  control.begin();
}

async function begun(given: ReturnType<typeof rig>): Promise<void> {
  const started = given.control.start();
  for (const link of given.links) link.come();
  await started;
  await admitted(given);
}

test("an origin announces itself at each broker over which it receives events", async () => {
  const given = rig();
  given.receives.delete(1);
  await begun(given);
  const [first, second] = given.links as [FakeLink, FakeLink];
  assert.deepEqual([announced(first), announced(second)], [1, 0]);
  given.receives.add(1);
  given.control.announce();
  assert.deepEqual([announced(first), announced(second)], [2, 1]);
  given.control.leave();
  assert.match(second.published.at(-1)!, /"leaving":true/);
  await given.control.stop();
  assert.equal(first.published.at(-1), `${topic} `);
});

/** A node whose streams this broker carries. */
function nodeOn(broker: number): string {
  for (let number = 0; ; number++) {
    if (brokerOf(`default/nodes/n${number}/o1`, brokerNames) === broker) return `n${number}`;
  }
}

test("an acknowledgement goes back as the events came, if that broker is there", async () => {
  const given = rig();
  const { control, links, acks } = given;
  await begun(given);
  const node = nodeOn(1);
  const acknowledge = (count: number): void => control.acknowledge(node, ["ack", "s", count]);
  acknowledge(1);
  assert.deepEqual(acks(), [`1 ${node}`], "by the broker that it has by its hash");
  control.received(node, 100, 0);
  acknowledge(2);
  assert.deepEqual(acks(), [`0 ${node}`]);
  links[0]!.go();
  acknowledge(3);
  assert.deepEqual(acks(), [`1 ${node}`]);
  links[1]!.go();
  acknowledge(4);
  assert.deepEqual(acks(), []);
  links[1]!.come();
  assert.deepEqual(acks(), [`1 ${node}`], "it waited");
  await control.stop();
});

test("acks wait for more events, unless these may fill a window", async () => {
  for (const [window, bytes, sent] of [
    [20_000, 100, 0],
    [20_000, 4_000, 1],
    [999, 100, 1],
  ] as const) {
    const given = rig(window);
    const { control, links, clock } = given;
    await begun(given);
    const node = nodeOn(1);
    for (let count = 1; count <= 15; count++) {
      control.received(node, bytes, 1);
      control.acknowledge(node, ["ack", "s", count]);
      clock.advance(1);
    }
    const acks = links[1]!.published.filter((line) => line.includes("/commands/"));
    assert.equal(acks.length, sent, `window ${window}, ${bytes} bytes`);
    await control.stop();
  }
});

test("an origin starts while a broker is away, which may refuse it later", async () => {
  const given = rig();
  const { control, links, clock, logger } = given;
  const started = control.start();
  links[0]!.come();
  await new Promise(setImmediate);
  clock.advance(1_000);
  await started;
  await admitted(given);
  links[1]!.refuse();
  await new Promise(setImmediate);
  assert.equal(logger.of("broker-refused").length, 1);
  await control.stop();
  await new Promise(setImmediate);
  assert.equal(logger.of("broker-refused").length, 1, "the end is no refusal");
});

test("a broker that refuses the origin ends its start", async () => {
  const { control, links } = rig();
  const started = control.start();
  links[0]!.come();
  links[1]!.refuse();
  await assert.rejects(started, { code: "broker-refused" });
  assert.ok(links.every(({ stopped }) => stopped));
});
