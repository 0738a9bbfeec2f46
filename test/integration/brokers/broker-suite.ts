import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectOrigin, type Origin } from "websocket-service/origin";
import type { MqttVersion } from "../../../adapters/mqtt/mod.ts";
import { commandBusConformance } from "../../conformance/command-bus.ts";
import { eventChannelConformance } from "../../conformance/event-channel.ts";
import {
  brokerWorld,
  topicCommandBusRig,
  topicEventChannelRig,
} from "../../support/broker/topic-rigs.ts";
import {
  type BrokerCluster,
  type BrokerServer,
  urlOf,
} from "../../support/brokers/broker-server.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { type GatewayProcess, type Started, startGateway } from "../../support/gateway/gateway.ts";
import { bunProgram, Program } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

export interface BrokerTraits extends Skippable {
  /** The versions of MQTT that it speaks. */
  readonly versions: readonly MqttVersion[];
  /** False where a retained message is not sent to a filter with wildcards. */
  readonly keepsPresence?: boolean;
  /** False where a small publish is confirmed before a large one that came first. */
  readonly confirmsInOrder?: boolean;
}

type Gateway = GatewayProcess & { readonly info: Started };

interface Skippable {
  /** Why it cannot run here. */
  readonly skip: string | false;
}

/** Everything that a deployment relies on, over one server of a broker. */
export function brokerSuite(
  name: string,
  start: (size: number) => Promise<BrokerCluster>,
  traits: BrokerTraits,
): void {
  describe(`${name}: one server`, { skip: traits.skip }, () => {
    let cluster: BrokerCluster;
    before(async () => {
      cluster = await start(1);
    });
    after(() => cluster?.end());
    const { keepsPresence = true, confirmsInOrder = true } = traits;
    for (const version of traits.versions) {
      const world = (): ReturnType<typeof brokerWorld> => {
        const { port, login } = cluster.nodes[0]!;
        const shared = { port, login, close: async () => {} };
        return brokerWorld(async () => shared, { version });
      };
      commandBusConformance(
        `${name}, MQTT ${version}`,
        async () => topicCommandBusRig(await world()),
        { keepsPresence },
      );
      eventChannelConformance(
        `${name}, MQTT ${version}`,
        async () => topicEventChannelRig(await world()),
        { confirmsInOrder },
      );
    }
    echoTest(name, () => [cluster.nodes[0]!, cluster.nodes[0]!]);
    presenceTests(name, () => cluster.nodes[0]!);
  });
}

export interface ClusterTraits extends Skippable {
  readonly size: number;
  /** Why no server is killed and started again; false: they are. */
  readonly skipRestarts?: string | false;
}

/** The same over two servers: the gateways use the first one, and origins the second one. */
export function brokerClusterSuite(
  name: string,
  start: (size: number) => Promise<BrokerCluster>,
  { size, skip, skipRestarts = false }: ClusterTraits,
): void {
  describe(`${name}: ${size} servers`, { skip }, () => {
    let cluster: BrokerCluster;
    before(async () => {
      cluster = await start(size);
    });
    after(() => cluster?.end());
    echoTest(name, () => [cluster.nodes[0]!, cluster.nodes[1]!]);
    describe("servers die", { skip: skipRestarts }, () => serverDies(name, () => cluster));
    if (size > 2) otherServerDies(name, () => cluster);
  });
}

/** With characters that some brokers do not take in a topic. */
const group = "room.1 of 2/ü+#";

/** The longest that an origin lives, its start included. */
const originMsMax = 120_000;

/** What an origin heard, and where its connections are. */
interface Heard {
  readonly origin: Origin;
  readonly messages: string[];
  readonly closes: string[];
}

/** An origin over the library that sends every text back, and lets its clients join a group. */
async function echo(broker: string, name: string): Promise<Heard> {
  // A broker that never takes it fails the test, and does not hold it up.
  const signal = AbortSignal.timeout(originMsMax);
  const origin = await connectOrigin({ broker, name, signal });
  after(() => origin.close());
  const heard: Heard = { origin, messages: [], closes: [] };
  origin.on("open", async ({ connection }) => {
    await connection.join(group);
    connection.send("joined");
  });
  origin.on("message", ({ connection, data }) => {
    heard.messages.push(String(data));
    connection.send(`echo ${data}`);
  });
  origin.on("close", ({ connection, cause }) => {
    heard.closes.push(`${connection.id.split(".")[0]} ${cause}`);
  });
  return heard;
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

async function textsOf(client: RawClient, count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count) texts.push(await client.nextText());
  return texts;
}

/** A client that is a member of the group. */
async function member({ info }: Gateway): Promise<RawClient> {
  const client = await RawClient.open(info.port);
  after(() => client.destroy());
  assert.equal(await client.nextText(), "joined");
  return client;
}

const joinedBy = (gateway: Gateway, origin: string): Promise<unknown> =>
  waitFor(() => gateway.log.some((l) => l.event === "origin-joined" && l.origin === origin), {
    what: `${origin} to be known`,
  });

const nodeAt = (server: BrokerServer): Promise<Gateway> =>
  startGateway({ flags: ["--broker", urlOf(server), "--presence-interval", "500ms"] });

/** Gateways at the first server, the origin at the second one. */
function echoTest(
  name: string,
  servers: () => readonly [nodes: BrokerServer, origins: BrokerServer],
): void {
  test(`${name}: an echo in order from two nodes, and a group over both`, async () => {
    const { origin: library } = await echo(urlOf(servers()[1]), "echo-1");
    const gateways = await Promise.all([nodeAt(servers()[0]), nodeAt(servers()[0])]);
    const clients = await Promise.all(gateways.map(member));
    for (const [index, client] of clients.entries()) {
      for (const text of numbered(`${index}-`, 300)) client.text(text);
    }
    for (const [index, client] of clients.entries()) {
      const wanted = numbered(`echo ${index}-`, 300);
      assert.deepEqual(await textsOf(client, 300), wanted);
    }
    library.group(group).publish("to all");
    for (const client of clients) assert.equal(await client.nextText(), "to all");
    await library.close();
    await Promise.all(gateways.map((gateway) => gateway[Symbol.asyncDispose]()));
  });
}

/** How nodes and origins find each other, and are told that one is gone. */
function presenceTests(name: string, server: () => BrokerServer): void {
  const node = (): Promise<Gateway> => nodeAt(server());
  const origin = (called: string): Promise<Heard> => echo(urlOf(server()), called);

  test(`${name}: an origin and nodes find each other, whoever comes first`, async () => {
    const before = await node();
    const one = await origin("find-1");
    const later = await node();
    await Promise.all([joinedBy(before, "find-1"), joinedBy(later, "find-1")]);
    await one.origin.close();
    await Promise.all([before, later].map((gateway) => gateway[Symbol.asyncDispose]()));
  });

  test(`${name}: another origin handles what a killed one left, in order`, async () => {
    const broker = urlOf(server());
    const script = "test/faults/cluster/origin-process.ts";
    const stuck = new Program(bunProgram, [script, broker, "stuck", "-1"]);
    after(() => stuck[Symbol.asyncDispose]());
    await stuck.line((line) => line.includes("started") || undefined, "its start");
    const gateway = await node();
    await joinedBy(gateway, "stuck");
    const client = await RawClient.open(gateway.info.port);
    after(() => client.destroy());
    const texts = numbered("m", 10);
    for (const text of texts) client.text(text);
    await stuck.line((line) => line.endsWith(" m0") || undefined, "the first message");
    const other = await origin("other");
    await joinedBy(gateway, "other");
    stuck.kill("SIGKILL");
    await waitFor(() => other.messages.length >= texts.length, { what: "all messages" });
    assert.deepEqual(other.messages, texts);
    await other.origin.close();
    await gateway[Symbol.asyncDispose]();
  });

  test(`${name}: the origin is told of the connections of a node that was killed`, async () => {
    const heard = await origin("told");
    const gateway = await node();
    await member(gateway);
    gateway.kill("SIGKILL");
    const wanted = `${gateway.info.node} node-lost`;
    await waitFor(() => heard.closes.includes(wanted), { what: wanted });
    await heard.origin.close();
  });
}

/**
 * Every text comes back, in order and at least once: where the broker refused a batch of commands,
 * the node gives the origin its connections anew, and what was not confirmed comes again.
 */
async function answered(client: RawClient, texts: readonly string[]): Promise<void> {
  const heard = new Set<string>();
  const wanted = texts.map((text) => `echo ${text}`);
  await waitFor(async () => {
    heard.add(await client.nextText());
    return wanted.every((text) => heard.has(text));
  });
  heard.delete("joined");
  assert.deepEqual([...heard], wanted);
}

/** A server dies that serves neither the node nor the origin, and stays away. */
function otherServerDies(name: string, cluster: () => BrokerCluster): void {
  test(`${name}: a server that nobody uses is killed: everything goes on`, async () => {
    const [nodes, origins, victim] = cluster().nodes as readonly BrokerServer[];
    const heard = await echo(urlOf(origins!), "goes-on");
    const gateway = await startGateway({ flags: ["--broker", urlOf(nodes!)] });
    await joinedBy(gateway, "goes-on");
    const client = await member(gateway);
    await victim!.kill();
    const texts = numbered("m", 100);
    for (const text of texts) client.text(text);
    await answered(client, texts);
    assert.deepEqual([...new Set(heard.messages)], texts);
    await heard.origin.close();
    await gateway[Symbol.asyncDispose]();
  });
}

/** One server of a cluster dies and comes back: clients stay, and every message is answered. */
function serverDies(name: string, cluster: () => BrokerCluster): void {
  for (const [index, whose] of ["the nodes'", "the origin's"].entries()) {
    test(`${name}: ${whose} server is killed and comes back: nothing is lost`, async () => {
      const [nodes, origins] = cluster().nodes as readonly [BrokerServer, BrokerServer];
      const heard = await echo(urlOf(origins), `lives-${index}`);
      // With the default heartbeats: an outage of seconds is no death.
      // A server may take a minute to start on a busy machine: the connections outlive it.
      const flags = ["--broker", urlOf(nodes), "--origin-wait", "5m"];
      const gateway = await startGateway({ flags });
      await joinedBy(gateway, `lives-${index}`);
      const client = await member(gateway);
      client.text("before");
      assert.equal(await client.nextText(), "echo before");
      const victim = cluster().nodes[index]!;
      await victim.kill();
      const texts = numbered("m", 100);
      for (const text of texts) client.text(text);
      await victim.start();
      await answered(client, texts);
      assert.deepEqual([...new Set(heard.messages)], ["before", ...texts]);
      await heard.origin.close();
      await gateway[Symbol.asyncDispose]();
    });
  }
}
