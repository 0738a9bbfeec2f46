import assert from "node:assert/strict";
import { test } from "node:test";
import { ReusableMessage } from "../../core/groups/outgoing-message.ts";
import type { Socket } from "../../core/ports/mod.ts";
import type { RecordingHandler } from "../support/sockets/recording-handler.ts";

/** A socket between a handler and a client that does what it is told. */
export interface SocketCase {
  readonly socket: Socket;
  readonly handler: RecordingHandler;
  readonly client: {
    text(data: string): void;
    binary(data: Uint8Array): void;
    /** 1005: without a code. Answers a close frame of ours, too. */
    close(closeCode: number, closeReason: string): void;
    pong(): void;
    cut(): void;
    block(): void;
    unblock(): void;
    /** What the client got, as `text x`, `binary 1,2`, `close 1000 x`, `ping`. */
    received(): string[];
  };
  /** Lets pending microtasks and timers of the implementation run. */
  settle(): Promise<void>;
}

const message = new ReusableMessage();

function messagesOf({ handler }: SocketCase): string[] {
  return handler.calls.filter((what) => what.startsWith("text") || what.startsWith("binary"));
}

function closesOf({ handler }: SocketCase): string[] {
  return handler.calls.filter((what) => what.startsWith("close"));
}

/** What the core relies on in any socket. */
export function socketConformance(name: string, make: () => SocketCase): void {
  test(`${name}: nothing leaves before the flush, and then in order, text as text`, () => {
    const { socket, client } = make();
    assert.equal(socket.send(message.setData("eins ü")), true);
    assert.equal(socket.send(message.setData(new Uint8Array([1, 2]))), true);
    assert.equal(socket.send(message.setData("")), true);
    assert.deepEqual(client.received(), []);
    assert.ok(socket.bufferedAmount >= 8);
    socket.flush();
    assert.deepEqual(client.received(), ["text eins ü", "binary 1,2", "text "]);
    assert.equal(socket.bufferedAmount, 0);
    socket.flush();
    assert.equal(client.received().length, 3);
  });

  test(`${name}: a client that does not read is told by bufferedAmount`, () => {
    const { socket, client, handler } = make();
    client.block();
    for (let index = 0; index < 3; index += 1) {
      socket.send(message.setData(new Uint8Array(1_000)));
      socket.flush();
    }
    assert.ok(socket.bufferedAmount >= 3_000);
    assert.deepEqual(handler.calls, []);
    client.unblock();
    assert.equal(client.received().length, 3);
    assert.equal(socket.bufferedAmount, 0);
    assert.deepEqual(handler.calls, []);
  });

  test(`${name}: messages come as what they were sent as`, () => {
    const made = make();
    made.client.text("zwölf");
    made.client.binary(new Uint8Array([0, 255]));
    made.client.text("");
    assert.deepEqual(messagesOf(made), ["text zwölf", "binary 0,255", "text "]);
  });

  test(`${name}: our close follows what was sent, and is told once, after the call`, async () => {
    const made = make();
    const { socket, client } = made;
    socket.send(message.setData("last"));
    socket.close(4_001, "enough");
    assert.deepEqual(closesOf(made), []);
    assert.equal(socket.send(message.setData("late")), false);
    socket.flush();
    socket.close(4_002, "again");
    assert.deepEqual(client.received(), ["text last", "close 4001 enough"]);
    client.close(4_001, "");
    await made.settle();
    assert.deepEqual(closesOf(made), ["close 4001 enough"]);
    socket.terminate();
    socket.close(1_000, "");
    socket.ping();
    await made.settle();
    assert.equal(closesOf(made).length, 1);
  });

  for (const [closeCode, closeReason, told] of [
    [4_002, "so long", "close 4002 so long"],
    [1_005, "", "close 1005"],
  ] as const) {
    test(`${name}: a client's close with ${closeCode} is told once`, async () => {
      const made = make();
      made.client.text("before");
      made.client.close(closeCode, closeReason);
      await made.settle();
      assert.equal(made.socket.send(message.setData("late")), false);
      assert.deepEqual(closesOf(made), [told]);
      assert.deepEqual(messagesOf(made), ["text before"]);
    });
  }

  test(`${name}: a stream that breaks is 1006, once`, async () => {
    const made = make();
    made.client.cut();
    await made.settle();
    made.socket.terminate();
    await made.settle();
    assert.deepEqual(closesOf(made), ["close 1006"]);
    assert.equal(made.socket.send(message.setData("late")), false);
    made.socket.flush();
  });

  test(`${name}: terminate cuts, and is told as 1006 after the call`, async () => {
    const made = make();
    made.socket.terminate();
    assert.deepEqual(closesOf(made), []);
    await made.settle();
    assert.deepEqual(closesOf(made), ["close 1006"]);
    assert.deepEqual(made.client.received(), []);
  });

  test(`${name}: what comes while paused waits, and comes in order`, async () => {
    const made = make();
    if (!made.socket.pause()) return;
    made.client.text("one");
    made.client.binary(new Uint8Array([2]));
    await made.settle();
    assert.deepEqual(messagesOf(made), []);
    made.socket.resume();
    made.client.text("three");
    await made.settle();
    assert.deepEqual(messagesOf(made), ["text one", "binary 2", "text three"]);
  });

  test(`${name}: a paused socket can be closed`, async () => {
    const made = make();
    made.socket.pause();
    made.socket.close(1_013, "overload");
    made.client.close(1_013, "");
    await made.settle();
    assert.deepEqual(closesOf(made), ["close 1013 overload"]);
  });

  test(`${name}: a ping goes out, its pong is told`, async () => {
    const { socket, client, handler, settle } = make();
    socket.ping();
    assert.deepEqual(client.received(), ["ping"]);
    client.pong();
    await settle();
    assert.deepEqual(handler.calls, ["pong"]);
  });
}
