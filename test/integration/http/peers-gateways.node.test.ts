import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { GatewayOrigin } from "../../../adapters/origin/api/mod.ts";
import { PeerNode } from "../../support/broker/peer-network.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { metricOf, type RunningGateway } from "../../support/gateway/control-rig.ts";
import { type GatewayRuntime, startGateway } from "../../support/gateway/gateway.ts";
import { BackEnd, carriesOut } from "../../support/http/back-end.ts";
import { freePort } from "../../support/process/free-port.ts";
import { waitFor } from "../../support/process/wait.ts";

const runtimes: readonly GatewayRuntime[] = ["bun", "deno", "node"];
const secret = "a-secret-of-three-nodes";
const env = { WSS_CLUSTER_SECRET: secret };

interface Client {
  readonly id: string;
  readonly socket: RawClient;
}

describe("three gateways on three runtimes, without a broker", () => {
  let backEnd: BackEnd;
  const ports: number[] = [];
  const gateways: RunningGateway[] = [];
  /** A fourth peer, with an origin of the library. */
  let fourth: PeerNode;
  let origin: GatewayOrigin;
  const clients: Client[] = [];

  const urls = (): string[] => ports.map((port) => `http://localhost:${port}`);

  async function start(index: number): Promise<void> {
    const peers = urls().join(",");
    const flags = ["--cluster", "http", "--peers", peers, "--node-name", `n${index}`];
    flags.push("--cluster-port", String(ports[index]), "--origin", backEnd.url);
    flags.push("--drain-period", "0", "--service-port", "0");
    const runtime = runtimes[index] as GatewayRuntime;
    gateways[index] = await startGateway({ runtime, flags, env, kept: true });
  }

  async function connect(index: number): Promise<void> {
    const known = backEnd.opened.length;
    const socket = await RawClient.open(gateways[index]?.info.port ?? 0);
    await waitFor(() => backEnd.opened.length > known, { what: "the open event" });
    clients[index] = { id: backEnd.opened.at(-1) as string, socket };
  }

  const client = (index: number): Client => clients[index] as Client;
  const carryOut = (index: number, ...commands: unknown[][]): void =>
    client(index).socket.text(JSON.stringify(commands));

  /** Resolves when each of these gateways reaches so many peers. */
  async function joined(indexes: readonly number[], peers: number): Promise<void> {
    for (const index of indexes) {
      const gateway = gateways[index] as RunningGateway;
      await waitFor(async () => (await metricOf(gateway, "wss_peers")) === peers, {
        what: `n${index} reaches ${peers} peers`,
      });
    }
  }

  before(async () => {
    backEnd = await BackEnd.start(carriesOut);
    for (const _ of [...runtimes, "fourth"]) ports.push(await freePort());
    await Promise.all(runtimes.map((_, index) => start(index)));
    fourth = new PeerNode("n3", urls(), {
      secret,
      hasOrigins: true,
      resolve: async () => ["127.0.0.1"],
    });
    await fourth.listen(new URL(`http://127.0.0.1:${ports[3]}`));
    await fourth.cluster.start();
    await joined([0, 1, 2], 3);
    const { open: openLink } = fourth.cluster;
    origin = new GatewayOrigin({ name: "library" }, { ...fourth.ports, openLink });
    await origin.start();
    for (const index of runtimes.keys()) await connect(index);
  });

  after(async () => {
    await origin.close();
    await fourth.stop();
    await Promise.all(gateways.map((gateway) => gateway[Symbol.asyncDispose]()));
    await backEnd.stop();
  });

  it("carries a command out at the node of each connection", async () => {
    for (const from of runtimes.keys()) {
      const to = (from + 1) % runtimes.length;
      carryOut(from, ["send", [client(to).id, "me"], `from ${from}`]);
      assert.equal(await client(to).socket.nextText(), `from ${from}`);
      assert.equal(await client(from).socket.nextText(), `from ${from}`);
    }
  });

  it("reaches the members of a group on all nodes, and them alone", async () => {
    for (const from of runtimes.keys()) {
      carryOut(from, ["join", "me", "room"], ["send", "me", "joined"]);
      assert.equal(await client(from).socket.nextText(), "joined");
    }
    for (const from of runtimes.keys()) {
      carryOut(from, ["publish", "room", `to all from ${from}`]);
      for (const { socket } of clients)
        assert.equal(await socket.nextText(), `to all from ${from}`);
    }
    carryOut(0, ["leave", client(1).id, "room"], ["send", client(1).id, "left"]);
    assert.equal(await client(1).socket.nextText(), "left");
    carryOut(2, ["publish", "room", "two"], ["publish", "@all", "three"]);
    for (const text of ["two", "three"]) {
      assert.equal(await client(0).socket.nextText(), text);
      assert.equal(await client(2).socket.nextText(), text);
    }
    assert.equal(await client(1).socket.nextText(), "three");
  });

  it("answers queries, and says of each connection what became of a message", async () => {
    const ids = clients.map(({ id }) => id);
    const { connections, missing } = await origin.connections();
    assert.deepEqual(missing, []);
    const found = connections.map(({ id, node }) => `${node} ${id}`).sort();
    assert.deepEqual(found, ids.map((id, index) => `n${index} ${id}`).sort());
    const outcomes = await origin.sendWithReply(ids, "to each");
    assert.deepEqual(
      Object.fromEntries(outcomes),
      Object.fromEntries(ids.map((id) => [id, "sent"])),
    );
    const published = await origin.everyone().publishWithReply("to all");
    assert.equal(published.sent, 3);
    assert.deepEqual([...published.nodes.keys()].sort(), ["n0", "n1", "n2"]);
    for (const { socket } of clients) {
      assert.equal(await socket.nextText(), "to each");
      assert.equal(await socket.nextText(), "to all");
    }
  });

  it("lets a program use the service port of any node, replies in the answer", async () => {
    const ids = clients.map(({ id }) => id);
    for (const [index, { info }] of gateways.entries()) {
      const text = `by n${index}`;
      const answer = await fetch(`http://127.0.0.1:${info.servicePort}/commands`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify([
          ["send", ids, text],
          ["query", "@all", { count: true }],
        ]),
      });
      const [sent, counted] = (await answer.json()) as [string, number, Record<string, unknown>][];
      assert.deepEqual(sent?.[2], Object.fromEntries(ids.map((id) => [id, "sent"])));
      assert.equal(counted?.[2].count, 3);
      assert.deepEqual(counted?.[2].missing, []);
      for (const { socket } of clients) assert.equal(await socket.nextText(), text);
    }
  });

  it("keeps each node's events with its own origin", () => {
    assert.equal(backEnd.opened.length, 3);
    for (const gateway of gateways) {
      assert.ok(
        !gateway.log.some(({ event }) => event === "origin-publish-refused"),
        gateway.output,
      );
    }
  });

  it("loses what was for a node that is killed, says so, and serves the others", async () => {
    const [first, killed] = gateways as [RunningGateway, RunningGateway];
    killed.kill("SIGKILL");
    await killed.exited;
    const outcomes = origin.sendWithReply([client(0).id, client(1).id], "hello");
    const published = origin.everyone().publishWithReply("who is there");
    for (const index of [0, 2]) {
      const texts = index === 0 ? ["hello", "who is there"] : ["who is there"];
      for (const text of texts) assert.equal(await client(index).socket.nextText(), text);
    }
    carryOut(0, ["send", client(1).id, "lost"], ["send", client(2).id, "kept"]);
    assert.equal(await client(2).socket.nextText(), "kept");
    carryOut(0, ["publish", "@all", "everybody"]);
    for (const index of [0, 2]) assert.equal(await client(index).socket.nextText(), "everybody");
    await joined([0, 2], 2);
    const told = { [client(0).id]: "sent", [client(1).id]: "unknown" };
    assert.deepEqual(Object.fromEntries(await outcomes), told);
    assert.deepEqual((await published).missing, ["n1"]);
    assert.equal((await origin.count()).count, 2);
    const down = await first.event("peer-down");
    assert.equal(down.peer, "n1");
    assert.ok((await metricOf(first, 'wss_errors_total{code="peer-lost"}')) >= 2);
    carryOut(0, ["send", client(1).id, "later"], ["send", "me", "after"]);
    assert.equal(await client(0).socket.nextText(), "after");
  });

  it("takes the node back when it has started again under its name", async () => {
    await start(1);
    await joined([0, 1, 2], 3);
    await connect(1);
    carryOut(1, ["send", client(0).id, "back"]);
    assert.equal(await client(0).socket.nextText(), "back");
    carryOut(0, ["send", client(1).id, "welcome"]);
    assert.equal(await client(1).socket.nextText(), "welcome");
  });

  it("lets a node leave: it waits for nothing, and the others know", async () => {
    const [first, , last] = gateways as [RunningGateway, RunningGateway, RunningGateway];
    client(2).socket.destroy();
    await waitFor(async () => (await metricOf(last, "wss_connections")) === 0);
    const began = Date.now();
    assert.deepEqual(await last.stop(), { code: 0, signal: null });
    assert.ok(Date.now() - began < 4_000, last.output);
    await joined([0, 1], 2);
    carryOut(0, ["publish", "@all", "still"]);
    for (const index of [0, 1]) assert.equal(await client(index).socket.nextText(), "still");
    assert.ok(!first.output.includes(env.WSS_CLUSTER_SECRET));
  });
});
