import assert from "node:assert/strict";
import { test } from "node:test";
import { ReusableMessage } from "../../../../core/groups/outgoing-message.ts";
import type { Codec, SocketHandler } from "../../../../core/ports/mod.ts";
import { FramedSockets, withSubprotocols } from "../../../../core/websocket/mod.ts";
import { codecs, framesOf } from "../../../support/clients/framed-client.ts";
import { clientFrame } from "../../../support/clients/raw-client-frames.ts";
import { MemoryBroadcast, MemoryByteSocket, MemorySocket } from "../../../support/memory/mod.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";
import { graphProtocol } from "../../../support/sockets/graph-protocol.ts";
import { admission } from "../../../support/sockets/recording-handler.ts";

const graph = { ...admission, subprotocol: "graph" };
const said = [
  '{"type":"connection_init"}',
  '{"type":"subscribe","id":"1","payload":"q"}',
  '{"type":"ping"}',
  '{"type":"complete","id":"1"}',
];

/** A gateway over memory, with the subprotocol before it. */
class Rig extends NodeRig {
  readonly broadcast: MemoryBroadcast;
  readonly codec: Codec;
  readonly handler: SocketHandler;

  constructor(codec: Codec) {
    const broadcast = new MemoryBroadcast();
    super({ node: "test" }, { codec: () => codec, broadcast });
    this.broadcast = broadcast;
    this.codec = codec;
    const message = new ReusableMessage();
    this.handler = withSubprotocols(this.node.gateway, [graphProtocol], {
      newMessage: (data) => message.setData(data),
    });
  }

  framed(): MemoryByteSocket {
    const { handler, codec, clock } = this;
    const bytes = new MemoryByteSocket();
    const more = { messageBytesMax: 1_000, batchBuffers: true };
    const sockets = new FramedSockets({ handler, ...codec, clock, ...more });
    bytes.listener = sockets.start(bytes, graph, new Uint8Array(0));
    return bytes;
  }

  async turn(): Promise<void> {
    for (let n = 0; n < 3; n += 1) await this.rest();
  }

  /** Verb and what follows id and number, since the last time. */
  told(): unknown[] {
    return this.published.splice(0).map(([, , verb, , seq, ...rest]) => {
      return verb === "open" ? verb : [verb, seq, ...rest];
    });
  }
}

for (const { name, make } of codecs) {
  test(`${name}: the origin gets what the subprotocol passes on, numbered in order`, async () => {
    const rig = new Rig(make());
    await rig.node.gateway.start();
    const bytes = rig.framed();
    bytes.receive(Buffer.concat(said.map((payload) => clientFrame({ opcode: 1, payload }))));
    await rig.turn();
    const id = rig.published[0]?.[3];
    assert.deepEqual(rig.told(), ["open", ["message", 1, said[1]], ["message", 2, said[3]]]);
    assert.equal(rig.node.metrics.value("wss_messages_received_total"), said.length);
    rig.node.local([
      ["join", id, "room"],
      ["send", id, said[1]],
      ["publish", "room", "to all"],
    ]);
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
    assert.equal(rig.node.errors("subprotocol-violation"), 1);
    assert.equal(rig.node.gateway.connections, 0);
  });
}

test("a group's members of a subprotocol get what the runtime broadcasts to others", async () => {
  const rig = new Rig(codecs[1]!.make());
  await rig.node.gateway.start();
  const plain = Array.from(
    { length: 40 },
    () => new MemorySocket(rig.handler, admission, rig.broadcast),
  );
  const edge = new MemorySocket(rig.handler, graph, rig.broadcast);
  await rig.turn();
  const ids = rig.published.map(([, , , id]) => id);
  rig.node.local([
    ["join", ids, "room"],
    ["publish", "room", "to all"],
    ["publish", "room", "but one", { except: ids.at(-1) }],
  ]);
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
