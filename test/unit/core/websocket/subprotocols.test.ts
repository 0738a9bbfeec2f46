import assert from "node:assert/strict";
import { test } from "node:test";
import { newConnectionId } from "../../../../core/connection/new-connection-id.ts";
import { ReusableMessage } from "../../../../core/groups/outgoing-message.ts";
import type {
  Codec,
  HandshakeAdmission,
  Socket,
  SocketHandler,
} from "../../../../core/ports/mod.ts";
import {
  FramedSockets,
  SubprotocolConnection,
  withSubprotocols,
} from "../../../../core/websocket/mod.ts";
import { createZlibDeflate } from "../../../../runtimes/server/deflate.ts";
import { broadcastConformance } from "../../../conformance/broadcast.ts";
import { type SocketCase, socketConformance } from "../../../conformance/socket.ts";
import { codecs, FramedClient, framesOf } from "../../../support/clients/framed-client.ts";
import { clientFrame, closePayload } from "../../../support/clients/raw-client-frames.ts";
import {
  ManualClock,
  MemoryBroadcast,
  MemoryByteSocket,
  type MemoryDelivery,
  MemorySocket,
  SeededRandom,
} from "../../../support/memory/mod.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";
import { graphFaults, graphProtocol, graphTalk } from "../../../support/sockets/graph-protocol.ts";
import { admission, RecordingHandler } from "../../../support/sockets/recording-handler.ts";

interface MemoryCaseOptions {
  readonly broadcast?: MemoryBroadcast;
  readonly admission?: HandshakeAdmission;
  /** What stands between the socket and the handler that is recorded. */
  readonly between?: (handler: SocketHandler) => SocketHandler;
}

/** A memory socket, both ends, for the conformance suites. */
function memoryCase(options: MemoryCaseOptions = {}): SocketCase {
  const handler = new RecordingHandler();
  const outer = options.between?.(handler) ?? handler;
  const socket = new MemorySocket(outer, options.admission ?? admission, options.broadcast);
  return {
    socket,
    handler,
    client: {
      text: (data) => socket.receive(data),
      binary: (data) => socket.receive(data),
      close: (closeCode, closeReason) => socket.clientCloses(closeCode, closeReason),
      pong: () => socket.pong(),
      cut: () => socket.cut(),
      block: () => socket.block(),
      unblock: () => socket.unblock(),
      received: () => socket.delivered.map(shown),
    },
    async settle() {
      for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
    },
  };
}

function shown(delivery: MemoryDelivery): string {
  if (delivery.type === "ping") return "ping";
  if (delivery.type === "close") {
    return `close ${delivery.closeCode} ${delivery.closeReason}`.trimEnd();
  }
  const { data } = delivery;
  return typeof data === "string" ? `text ${data}` : `binary ${[...data].join(",")}`;
}

socketConformance("MemorySocket", () => memoryCase());

broadcastConformance("MemoryBroadcast", () => {
  const broadcast = new MemoryBroadcast();
  return { broadcast, open: () => memoryCase({ broadcast }) };
});

for (const { name, make } of codecs) {
  socketConformance(`FramedSocket, ${name}`, (): SocketCase => {
    const made = new FramedClient(make());
    return {
      socket: made.socket,
      handler: made.handler,
      client: {
        text: (payload) => made.send({ opcode: 1, payload }),
        binary: (payload) => made.send({ opcode: 2, payload }),
        close: (closeCode, closeReason) => {
          const payload = closeCode === 1_005 ? "" : closePayload(closeCode, closeReason);
          made.send({ opcode: 8, payload });
        },
        pong: () => made.send({ opcode: 10 }),
        cut: () => made.bytes.cut(),
        block: () => made.bytes.block(),
        unblock: () => made.bytes.unblock(),
        received: () => made.received(),
      },
      async settle() {
        await made.settle();
        // A client that has seen our end closes its stream.
        if (made.bytes.ended) made.bytes.cut();
        await made.settle();
      },
    };
  });
}

const message = new ReusableMessage(createZlibDeflate());
const options = { newMessage: (data: string | Uint8Array) => message.setData(data) };
const graph: HandshakeAdmission = { ...admission, subprotocol: "graph" };

const passing = {
  name: "graph",
  connect: (socket: Socket, gateway: SocketHandler) => new SubprotocolConnection(socket, gateway),
};

socketConformance("SubprotocolConnection", () => {
  const made = memoryCase({
    between: (handler) => withSubprotocols(handler, [passing], options),
    admission: graph,
  });
  const { socket } = made.handler;
  assert.ok(socket instanceof SubprotocolConnection);
  return { ...made, socket };
});

test("without subprotocols nothing stands before the handler", () => {
  const handler = new RecordingHandler();
  assert.equal(withSubprotocols(handler, [], options), handler);
});

test("a connection of another subprotocol keeps its own handle and socket", () => {
  const handler = new RecordingHandler(5);
  const routed = withSubprotocols(handler, [graphProtocol], options);
  const broadcast = new MemoryBroadcast();
  for (const subprotocol of [undefined, "other"]) {
    const socket = new MemorySocket(routed, { ...admission, subprotocol }, broadcast);
    assert.equal(handler.socket, socket);
    assert.deepEqual(socket.connection, { slot: 5 });
    socket.receive("no JSON");
    routed.batched(socket.connection, 3, 30);
    routed.bufferFull(socket.connection);
    routed.fault(socket.connection, "frame-opcode");
    socket.pong();
    socket.clientCloses(1000, "");
    assert.deepEqual(handler.calls.splice(0), [
      "text no JSON",
      "batched 3 30",
      "buffer-full",
      "fault frame-opcode",
      "pong",
      "close 1000",
    ]);
  }
});

test("an admission that comes to nothing is given up behind a subprotocol too", () => {
  const handler = new RecordingHandler();
  const routed = withSubprotocols(handler, [graphProtocol], options);
  routed.abandon(graph);
  routed.abandon(admission);
  assert.deepEqual(handler.calls, ["abandon", "abandon"]);
});

/** Sends back what it gets, and writes it into the codec's batch buffer, as a gateway does. */
class BufferHandler extends RecordingHandler {
  readonly #codec: Codec;
  readonly #message = new ReusableMessage(createZlibDeflate());
  readonly buffer: number;
  readonly taken: unknown[] = [];

  constructor(codec: Codec) {
    super(0);
    this.#codec = codec;
    this.buffer = codec.events.openBuffer("s");
    codec.events.bind(0, newConnectionId("test", 0, new SeededRandom(1)), this.buffer);
    this.takeBuffer = () => this.take();
  }

  override text(connection: { slot: number }, data: string): void {
    super.text(connection, data);
    this.socket?.send(this.#message.setData(data));
    this.socket?.flush();
    if (this.#codec.events.text(connection.slot, data)) return;
    this.take();
    assert.ok(this.#codec.events.text(connection.slot, data));
  }

  take(): void {
    const batch = this.#codec.values.decodeValue(this.#codec.events.takeBatch(this.buffer));
    this.taken.push(...(batch as [1, string, number, unknown[][]])[3].map((item) => item[3]));
  }
}

for (const { name, make } of codecs) {
  const open = (chosen: HandshakeAdmission) => {
    const codec = make();
    const handler = new BufferHandler(codec);
    const bytes = new MemoryByteSocket();
    const sockets = new FramedSockets({
      handler: withSubprotocols(handler, [graphProtocol], options),
      ...codec,
      clock: new ManualClock(),
      deflate: createZlibDeflate(),
      messageBytesMax: 1_000,
      batchBuffers: true,
    });
    bytes.listener = sockets.start(bytes, chosen, new Uint8Array(0));
    return { bytes, handler };
  };

  test(`${name}: messages of the subprotocol get into the batch buffer by way of it alone`, () => {
    const { bytes, handler } = open(graph);
    const frames = graphTalk.map(([said]) => clientFrame({ opcode: 1, payload: said }));
    bytes.receive(Buffer.concat(frames));
    handler.take();
    const answers = graphTalk.flatMap(([, answer]) => answer ?? []);
    assert.deepEqual(
      framesOf(bytes),
      answers.map((answer) => `text ${answer}`),
    );
    assert.deepEqual(
      handler.taken,
      graphTalk.slice(-2).map(([said]) => said),
    );
  });

  test(`${name}: many, in fragments and deflated, past a full buffer, keep their order`, () => {
    const { bytes, handler } = open({ ...graph, deflate: true });
    const said = (index: number) => `{"type":"complete","id":"${"x".repeat(60)}${index}"}`;
    const frames = Array.from({ length: 300 }, (_, index) => {
      const payload = Buffer.from(said(index));
      if (index % 3 === 0) return clientFrame({ opcode: 1, payload });
      if (index % 3 === 1) {
        const deflated = createZlibDeflate().deflate(payload);
        return clientFrame({ opcode: 1, payload: deflated, reserved: 4 });
      }
      return Buffer.concat([
        clientFrame({ opcode: 1, fin: false, payload: payload.subarray(0, 9) }),
        clientFrame({ opcode: 9 }),
        clientFrame({ opcode: 0, payload: payload.subarray(9) }),
      ]);
    });
    const init = clientFrame({ opcode: 1, payload: '{"type":"connection_init"}' });
    bytes.receive(Buffer.concat([init, ...frames]));
    handler.take();
    assert.deepEqual(
      handler.taken,
      Array.from({ length: 300 }, (_, index) => said(index)),
    );
  });

  test(`${name}: a violation closes, and what came behind it goes nowhere`, async () => {
    for (const [said, close] of graphFaults) {
      const { bytes, handler } = open(graph);
      const after = '{"type":"complete","id":"late"}';
      const frames = [...said, after].map((payload) => clientFrame({ opcode: 1, payload }));
      bytes.receive(Buffer.concat(frames));
      assert.equal(framesOf(bytes).at(-1), close);
      bytes.receive(clientFrame({ opcode: 8 }));
      bytes.cut();
      await Promise.resolve();
      const calls = handler.calls.filter((what) => !/^(pong|batched)/.test(what));
      assert.deepEqual(calls, ["fault subprotocol-violation", close]);
    }
  });

  test(`${name}: beside it, others still go straight into their batch buffer`, () => {
    const { bytes, handler } = open(admission);
    bytes.receive(clientFrame({ opcode: 1, payload: "no JSON" }));
    handler.take();
    assert.deepEqual(handler.calls, ["batched 1 7"]);
    assert.deepEqual(handler.taken, ["no JSON"]);
  });
}

const talk = [
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
    bytes.receive(Buffer.concat(talk.map((payload) => clientFrame({ opcode: 1, payload }))));
    await rig.turn();
    const id = rig.published[0]?.[3];
    assert.deepEqual(rig.told(), ["open", ["message", 1, talk[1]], ["message", 2, talk[3]]]);
    assert.equal(rig.node.metrics.value("wss_messages_received_total"), talk.length);
    rig.node.local([
      ["join", id, "room"],
      ["send", id, talk[1]],
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
