import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { limits } from "../../../core/base/mod.ts";
import { Gateway } from "../../../core/mod.ts";
import { createReferenceCodec } from "../../reference/mod.ts";
import {
  ManualClock,
  MemoryBroker,
  MemoryCommandBus,
  MemoryEventChannel,
  MemoryLogger,
  MemoryMetrics,
  MemorySocket,
  SeededRandom,
} from "../../support/memory/mod.ts";
import { gatewayOptions } from "../../support/memory-node/gateway-options.ts";

type Item = [verb: string, ...rest: unknown[]];

/** A node over memory ports, with the broker that it shares with others. */
class Node {
  readonly clock = new ManualClock();
  readonly metrics = new MemoryMetrics();
  readonly bus: MemoryCommandBus;
  readonly gateway: Gateway;
  readonly #name: string;

  constructor(broker: MemoryBroker, name: string, seed: number) {
    this.#name = name;
    this.bus = new MemoryCommandBus(broker, { apps: ["default"], node: name });
    const codec = createReferenceCodec({
      node: name,
      messageBytesMax: 1_000,
      fragmentsMax: 100,
      batchBytesTarget: 65_536,
      partialBytesMax: 10_000,
    });
    this.gateway = new Gateway(
      {
        codec,
        clock: this.clock,
        metrics: this.metrics,
        logger: new MemoryLogger(),
        random: new SeededRandom(seed),
        channel: new MemoryEventChannel(broker, name),
        bus: this.bus,
      },
      gatewayOptions({ node: name, keepAliveIntervalMs: 30_000 }),
    );
  }

  get name(): string {
    return this.#name;
  }

  connect(): MemorySocket {
    const answer = { accepted: true, app: "default", deflate: false, info: {} } as const;
    return new MemorySocket(this.gateway, { ...answer, subprotocol: undefined });
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Cluster {
  readonly broker: MemoryBroker;
  readonly one: Node;
  readonly two: Node;
  readonly events: [node: string, ...Item][];
}

async function cluster(): Promise<Cluster> {
  const broker = new MemoryBroker();
  const events: [string, ...Item][] = [];
  broker.onEvents(({ node, batch }) => {
    const value = decode(batch) as [number, string, number, Item[]];
    for (const item of typeof value[0] === "number" ? value[3] : []) events.push([node, ...item]);
  });
  const [one, two] = [new Node(broker, "one", 1), new Node(broker, "two", 2)];
  await Promise.all([one.gateway.start(), two.gateway.start()]);
  return { broker, one, two, events };
}

function idOf(socket: MemorySocket): string {
  return (socket.connection as unknown as { id: string }).id;
}

test("a local origin's command reaches connections of its node and of another", async () => {
  const { one, two, events } = await cluster();
  const [here, there] = [one.connect(), two.connect()];
  const ids = [idOf(here), idOf(there)];
  one.bus.local("default", "local", encode([["send", ids, "hello", { ref: 1 }]]));
  await turn();
  for (const node of [one, two]) node.clock.turn();
  assert.deepEqual(here.delivered, [{ type: "message", data: "hello" }]);
  assert.deepEqual(there.delivered, [{ type: "message", data: "hello" }]);
  for (const node of [one, two]) node.clock.turn();
  await turn();
  const replies = events.filter(([, verb]) => verb === "reply");
  assert.deepEqual(replies, [
    ["one", "reply", 1, { [ids[0]!]: "sent" }],
    ["two", "reply", 1, { [ids[1]!]: "sent" }],
  ]);
});

test("what comes over the bus is not forwarded again", async () => {
  const { broker, one, two } = await cluster();
  const there = two.connect();
  // Addressed to the wrong node by name: counted there, and never sent round in a circle.
  broker.command("default", "origin", "one", encode([["send", idOf(there), "lost"]]));
  broker.command("default", "origin", undefined, encode([["send", idOf(there), "for all"]]));
  await turn();
  two.clock.turn();
  assert.deepEqual(there.delivered, [{ type: "message", data: "for all" }]);
  assert.equal(one.metrics.value("wss_errors_total", { code: "id-foreign" }), 1);
  for (const node of [one, two]) {
    assert.equal(node.metrics.value("wss_commands_forwarded_total"), 0);
  }
});

test("a command for another node that the bus cannot take is counted as lost", async () => {
  const { broker, one, two } = await cluster();
  const there = two.connect();
  const lost = (): number => one.metrics.value("wss_errors_total", { code: "forward-lost" }) ?? 0;
  const send = (): void =>
    one.bus.local("default", "local", encode([["send", idOf(there), "hello"]]));
  send();
  await turn();
  assert.equal(lost(), 0);
  broker.up = false;
  send();
  await turn();
  assert.equal(lost(), 1);
});

test("keep-alives name every connection, a bounded number in each item", async () => {
  const { one, events } = await cluster();
  const count = limits.aliveIdsMax + 5;
  const ids = new Set(Array.from({ length: count }, () => idOf(one.connect())));
  one.clock.turn();
  await turn();
  one.clock.advance(30_000);
  await turn();
  const alive = events
    .filter(([, verb]) => verb === "alive")
    .map(([, , named]) => named as string[]);
  assert.deepEqual(
    alive.map((named) => named.length),
    [limits.aliveIdsMax, 5],
  );
  assert.deepEqual(new Set(alive.flat()), ids);
});
