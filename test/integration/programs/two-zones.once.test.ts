import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { connectOrigin } from "websocket-service/origin";
import { answerMs, visibilityMs } from "../../../examples/two-zones/job.ts";
import { plainClient } from "../../support/broker/broker-rigs.ts";
import { freePort } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { messageFaults } from "../../support/docs/asyncapi.ts";
import { bunProgram, Program } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

type ZoneName = "a" | "b";

interface TestZone {
  readonly name: ZoneName;
  readonly brokerPort: number;
  /** One client of each node, and its id. */
  readonly clients: readonly RawClient[];
  readonly ids: readonly string[];
}

/** What was published at one broker. */
interface Published {
  readonly topic: string;
  readonly payload: Uint8Array;
}

const root = "wss/v1/default";
let program: Program;
let zones: readonly [TestZone, TestZone];
/** What the broker of zone a says of the bridge: 0 or 1. */
let bridge: string | undefined;
/** One at each broker, and one for the bridge. */
const listeners: { stop(): Promise<void> }[] = [];
const seen: Record<ZoneName, Published[]> = { a: [], b: [] };

/** What a program of the example printed, as `NAME: TEXT`. */
function printed(name: string): string[] {
  return program.lines.filter((line) => line.startsWith(`${name}: `));
}

function ready(name: string): Promise<string> {
  const pattern = new RegExp(`^${name}: (ready|port .*|ws:.*)$`);
  return program.line((line) => pattern.exec(line)?.[1], `the start of ${name}`);
}

async function openZone(name: ZoneName, brokerPort: number): Promise<TestZone> {
  const clients: RawClient[] = [];
  const ids: string[] = [];
  for (const node of [`${name}-1`, `${name}-2`]) {
    const client = await RawClient.open(Number(new URL(await ready(node)).port));
    clients.push(client);
    const greeting = await client.nextText();
    assert.match(greeting, new RegExp(`^you are ${node}\\.`));
    ids.push(greeting.slice("you are ".length));
  }
  return { name, brokerPort, clients, ids };
}

async function say(client: RawClient | undefined, text: string): Promise<string> {
  client!.text(text);
  return client!.nextText();
}

/** Every client of the zones receives this next, so none has received anything twice before. */
async function receive(text: string, ...of: readonly TestZone[]): Promise<void> {
  for (const client of of.flatMap(({ clients }) => clients)) {
    assert.equal(await client.nextText(), text);
  }
}

before(async () => {
  const [portA, portB] = [await freePort(), await freePort()];
  const main = "examples/two-zones/main.ts";
  program = new Program(bunProgram, [main, `${portA}`, `${portB}`], { reads: true });
  for (const name of ["broker-a", "broker-b"]) await ready(name);
  const ports = { a: portA, b: portB };
  for (const name of ["a", "b"] as const) {
    const client = await plainClient(ports[name], [`${root}/#`], (topic, payload) =>
      seen[name].push({ topic: topic.slice(root.length + 1), payload }),
    );
    listeners.push(client);
  }
  const state = "$SYS/broker/connection/bridge-a-b/state";
  const watcher = await plainClient(portA, [state], (_, payload) => {
    bridge = new TextDecoder().decode(payload);
  });
  listeners.push(watcher);
  for (const name of ["worker-a", "worker-b"]) await ready(name);
  zones = [await openZone("a", portA), await openZone("b", portB)];
});

after(async () => {
  await Promise.all(listeners.map((listener) => listener.stop()));
  for (const client of zones?.flatMap(({ clients }) => clients) ?? []) client.destroy();
  assert.deepEqual(await program.stop(), { code: 0, signal: null });
  // Each program of the example ended too, and said so.
  for (const name of ["broker", "queue", "worker"]) {
    for (const zone of ["a", "b"]) assert.match(printed(`${name}-${zone}`).join(), /ended with/);
  }
});

test("a client of one zone receives from the origin of the other, each message once", async () => {
  const [a, b] = zones;
  a.clients[0]!.text("hello");
  await receive("a: hello", a, b);
  b.clients[1]!.text("hi");
  await receive("b: hi", a, b);
  assert.equal(await say(a.clients[0], `/tell ${b.ids[1]} psst`), "sent");
  assert.equal(await b.clients[1]!.nextText(), "a tells you: psst");
  assert.equal(await say(b.clients[0], `/tell ${a.ids[1]} psst`), "sent");
  assert.equal(await a.clients[1]!.nextText(), "b tells you: psst");
  const nobody = `${b.ids[0]!.slice(0, -4)}AAAA`;
  assert.equal(await say(a.clients[0], `/tell ${nobody} psst`), "gone");
  for (const { clients } of zones) assert.equal(await say(clients[0], "/who"), "4 connected");
  a.clients[1]!.text("that is all");
  await receive("a: that is all", a, b);
});

/** Verbs in a batch, numbered or bare. */
function verbs(payload: Uint8Array): unknown[] {
  const batch = decode(payload) as [unknown, unknown, unknown, unknown[][]] | unknown[][];
  const items = batch[0] === 1 ? (batch[3] as unknown[][]) : (batch as unknown[][]);
  return items.map(([verb]) => verb);
}

test("commands, groups, presence of nodes and replies cross, and nothing else does", async () => {
  const [a, b] = zones;
  for (const [here, there] of [
    [a.name, b.name],
    [b.name, a.name],
  ] as const) {
    // The last level of a topic is the name of who published it.
    const foreign = new RegExp(`/(${there}-[12]|queue-${there}|worker-${there})$`);
    const found = seen[here].filter(({ topic }) => foreign.test(topic));
    const topics = new Set(found.map(({ topic }) => topic.replace(/-[12](?=\/|$)/, "-N")));
    assert.deepEqual([...topics].sort(), [
      `commands/worker-${there}`,
      `events/0/${there}-N`,
      `groups/@all/commands/worker-${there}`,
      `nodes/${here}-N/commands/worker-${there}`,
      `presence/nodes/${there}-N`,
    ]);
    const events = found.filter(({ topic }) => topic.startsWith("events/"));
    const kinds = new Set(events.flatMap(({ payload }) => verbs(payload)));
    assert.deepEqual([...kinds].sort(), ["ack", "reply"]);
  }
});

test("everything that is published is what the AsyncAPI document says", () => {
  for (const { topic, payload } of [...seen.a, ...seen.b]) {
    assert.deepEqual(messageFaults(`${root}/${topic}`, payload), []);
  }
});

test("work waits in the queue while no worker is there", async () => {
  const [a, b] = zones;
  program.write("kill worker-a");
  await program.line((line) => /^worker-a: ended/.test(line) || undefined, "its end");
  a.clients[0]!.text("later");
  b.clients[0]!.text("meanwhile");
  await receive("b: meanwhile", a, b);
  program.write("start worker-a");
  await receive("a: later", a, b);
});

test("a worker answers before its job is given to another one, though a zone is gone", () => {
  assert.ok(2 * answerMs < visibilityMs, `${answerMs} ms, and ${visibilityMs} ms`);
});

/** How many connections the workers of a zone find, and which nodes they miss. */
async function who({ clients }: TestZone): Promise<string> {
  return say(clients[1], "/who");
}

async function nothingHappens(living: TestZone, dead: TestZone): Promise<void> {
  const { clients, name } = living;
  const programs = [`${name}-1`, `${name}-2`, `queue-${name}`, `worker-${name}`];
  // What the zone lost in an outage of its own is reported with the next event, whenever that is.
  const earlier = new RegExp(`events of ${name}-[12]:\\S+ never came$`);
  const lines = (): string[][] =>
    programs.map((one) => printed(one).filter((line) => !earlier.test(line)));
  const before = lines();
  const [silent1, silent2] = [`${dead.name}-1`, `${dead.name}-2`];
  // Its presence stays at this broker, so a newcomer counts its nodes until they are silent.
  await using newcomer = await connectOrigin({
    broker: `mqtt://127.0.0.1:${living.brokerPort}`,
    mode: "open",
    signal: AbortSignal.timeout(20_000),
  });
  const { count, missing } = await newcomer.everyone().count({ timeoutMs: 500 });
  assert.deepEqual([count, [...missing].sort()], [2, [silent1, silent2]]);
  let rounds = 0;
  await waitFor(
    async () => {
      clients[0]!.text(`round ${rounds}`);
      await receive(`${name}: round ${rounds}`, living);
      rounds += 1;
      return (await who(living)) === "2 connected";
    },
    { what: "the presence of the dead zone's nodes to expire" },
  );
  await waitFor(
    async () => (await newcomer.everyone().count({ timeoutMs: 500 })).missing.length === 0,
    { what: "a newcomer that expects no answer of the dead zone" },
  );
  const late = await RawClient.open(Number(new URL(await ready(`${name}-1`)).port));
  assert.match(await late.nextText(), new RegExp(`^you are ${name}-1`));
  late.destroy();
  assert.deepEqual(lines(), before);
  for (const client of clients) assert.ok(!client.closed && !client.ended);
}

for (const [deadName, other] of [
  ["b", "a"],
  // It holds the bridge.
  ["a", "b"],
] as const) {
  test(`the broker of zone ${deadName} dies, and zone ${other} notices nothing`, async () => {
    const dead = zones.find(({ name }) => name === deadName) as TestZone;
    const living = zones.find(({ name }) => name === other) as TestZone;
    program.write(`kill broker-${deadName}`);
    await program.line(
      (line) => line === `broker-${deadName}: ended with SIGKILL` || undefined,
      "",
    );
    await nothingHappens(living, dead);
    if (deadName === "b") assert.equal(bridge, "0");
    program.write(`start broker-${deadName}`);
    // The clients of the dead zone are still connected, and what they say is carried on.
    for (const client of dead.clients) assert.ok(!client.closed && !client.ended);
    await waitFor(async () => (await who(living)) === "4 connected", { what: "the bridge" });
    if (deadName === "b") assert.equal(bridge, "1");
    dead.clients[0]!.text("back again");
    await receive(`${deadName}: back again`, living, dead);
    living.clients[0]!.text("welcome back");
    await receive(`${other}: welcome back`, living, dead);
  });
}
