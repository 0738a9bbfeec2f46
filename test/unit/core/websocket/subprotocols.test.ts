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
import { socketConformance } from "../../../conformance/socket.ts";
import { codecs, framesOf } from "../../../support/clients/framed-client.ts";
import { clientFrame } from "../../../support/clients/raw-client-frames.ts";
import {
  ManualClock,
  MemoryBroadcast,
  MemoryByteSocket,
  MemorySocket,
  SeededRandom,
} from "../../../support/memory/mod.ts";
import { graphFaults, graphProtocol, graphTalk } from "../../../support/sockets/graph-protocol.ts";
import { admission, RecordingHandler } from "../../../support/sockets/recording-handler.ts";
import { memoryCase } from "./memory-case.ts";

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
