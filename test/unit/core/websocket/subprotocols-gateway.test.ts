import assert from "node:assert/strict";
import { test } from "node:test";
import { ReusableMessage } from "../../../../core/groups/outgoing-message.ts";
import { Gateway } from "../../../../core/mod.ts";
import type { Codec, SocketHandler } from "../../../../core/ports/mod.ts";
import { FramedSockets, withSubprotocols } from "../../../../core/websocket/mod.ts";
import { codecs, framesOf } from "../../../support/clients/framed-client.ts";
import { clientFrame } from "../../../support/clients/raw-client-frames.ts";
import {
  ManualClock,
  MemoryBroadcast,
  MemoryBroker,
  MemoryByteSocket,
  MemoryCommandBus,
  MemoryEventChannel,
  MemoryLogger,
  MemoryMetrics,
  MemorySocket,
  SeededRandom,
} from "../../../support/memory/mod.ts";
import { gatewayOptions } from "../../../support/memory-node/gateway-options.ts";
import { graphProtocol } from "../../../support/sockets/graph-protocol.ts";
import { admission } from "../../../support/sockets/recording-handler.ts";

type Item = [verb: string, id: string, ...rest: unknown[]];

const graph = { ...admission, subprotocol: "graph" };
const said = [
  '{"type":"connection_init"}',
  '{"type":"subscribe","id":"1","payload":"q"}',
  '{"type":"ping"}',
  '{"type":"complete","id":"1"}',
];

/** A gateway over memory, with the subprotocol before it. */
class Rig {
  readonly clock = new ManualClock();
  readonly metrics = new MemoryMetrics();
  readonly broker = new MemoryBroker();
  readonly broadcast = new MemoryBroadcast();
  readonly channel: MemoryEventChannel = new MemoryEventChannel(this.broker, "test");
  readonly bus: MemoryCommandBus = new MemoryCommandBus(this.broker, {
    apps: ["default"],
    node: "test",
  });
  readonly events: Item[] = [];
  readonly codec: Codec;
  readonly gateway: Gateway;
  readonly handler: SocketHandler;

  constructor(codec: Codec) {
    const { clock, metrics, channel, broker } = this;
    this.codec = codec;
    this.gateway = new Gateway(
      {
        codec,
        clock,
        metrics,
        channel,
        logger: new MemoryLogger(),
        random: new SeededRandom(1),
        bus: this.bus,
      },
      gatewayOptions({ node: "test" }),
    );
    this.gateway.useBroadcast(this.broadcast);
    const message = new ReusableMessage();
    this.handler = withSubprotocols(this.gateway, [graphProtocol], {
      newMessage: (data) => message.setData(data),
    });
    broker.onEvents(({ batch }) => {
      const [, , , items] = codec.values.decodeValue(batch) as [1, string, number, Item[]];
      this.events.push(...items);
    });
  }

  framed(): MemoryByteSocket {
    const { handler, codec, clock } = this;
    const bytes = new MemoryByteSocket();
    const sockets = new FramedSockets({
      handler,
      ...codec,
      clock,
      messageBytesMax: 1_000,
      batchBuffers: true,
    });
    bytes.listener = sockets.start(bytes, graph, new Uint8Array(0));
    return bytes;
  }

  command(...items: unknown[][]): void {
    this.bus.local("default", "local", this.codec.values.encodeValue(items));
  }

  async turn(): Promise<void> {
    for (let n = 0; n < 5; n += 1) {
      this.clock.turn();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Verb and what follows id and number. */
  told(): unknown[] {
    return this.events.splice(0).map(([verb, , seq, ...rest]) => {
      return verb === "open" ? verb : [verb, seq, ...rest];
    });
  }
}

for (const { name, make } of codecs) {
  test(`${name}: the origin gets what the subprotocol passes on, numbered in order`, async () => {
    const rig = new Rig(make());
    await rig.gateway.start();
    const bytes = rig.framed();
    bytes.receive(Buffer.concat(said.map((payload) => clientFrame({ opcode: 1, payload }))));
    await rig.turn();
    const id = rig.events[0]?.[1];
    assert.deepEqual(rig.told(), ["open", ["message", 1, said[1]], ["message", 2, said[3]]]);
    assert.equal(rig.metrics.value("wss_messages_received_total"), said.length);
    rig.command(["join", id, "room"], ["send", id, said[1]], ["publish", "room", "to all"]);
    await rig.turn();
    assert.deepEqual(framesOf(bytes), [
      'text {"type":"connection_ack"}',
      'text {"type":"pong"}',
      'text {"type":"next","id":"1","payload":"q"}',
      'text {"type":"next","id":"*","payload":"to all"}',
    ]);
    bytes.receive(clientFrame({ opcode: 2, payload: "x" }));
    bytes.receive(clientFrame({ opcode: 8 }));
    await rig.turn();
    assert.deepEqual(rig.told(), [["close", 3, 4400, "Invalid message", "error"]]);
    assert.equal(rig.metrics.value("wss_errors_total", { code: "subprotocol-violation" }), 1);
    assert.equal(rig.gateway.connections, 0);
  });
}

test("a group's members of a subprotocol get what the runtime broadcasts to others", async () => {
  const rig = new Rig(codecs[1]!.make());
  await rig.gateway.start();
  const plain = Array.from(
    { length: 40 },
    () => new MemorySocket(rig.handler, admission, rig.broadcast),
  );
  const edge = new MemorySocket(rig.handler, graph, rig.broadcast);
  await rig.turn();
  const ids = rig.events.map(([, id]) => id);
  rig.command(["join", ids, "room"], ["publish", "room", "to all"]);
  rig.command(["publish", "room", "but one", { except: ids.at(-1) }]);
  await rig.turn();
  for (const { delivered } of plain) {
    assert.deepEqual(delivered, [
      { type: "message", data: "to all" },
      { type: "message", data: "but one" },
    ]);
  }
  assert.deepEqual(edge.delivered, [
    { type: "message", data: '{"type":"next","id":"*","payload":"to all"}' },
  ]);
});
