import assert from "node:assert/strict";
import { test } from "node:test";
import { ReusableMessage } from "../../core/groups/outgoing-message.ts";
import type { Broadcast } from "../../core/ports/mod.ts";
import type { SocketCase } from "./socket.ts";

/** A broadcast, and sockets that may take part in it. */
export interface BroadcastCase {
  readonly broadcast: Broadcast;
  open(): SocketCase;
}

const message = new ReusableMessage();

/** What the core relies on where a runtime has a fan-out of its own. */
export function broadcastConformance(name: string, make: () => BroadcastCase): void {
  test(`${name}: reaches who is subscribed, once, until it unsubscribes`, async () => {
    const { broadcast, open } = make();
    const [one, two, other] = [open(), open(), open()];
    one.socket.subscribe?.("a");
    one.socket.subscribe?.("a");
    two.socket.subscribe?.("a");
    other.socket.subscribe?.("b");
    broadcast.publish("a", message.setData("first ü"));
    broadcast.publish("nobody", message.setData("lost"));
    two.socket.unsubscribe?.("a");
    two.socket.unsubscribe?.("never");
    broadcast.publish("a", message.setData(new Uint8Array([1, 2])));
    await one.settle();
    assert.deepEqual(one.client.received(), ["text first ü", "binary 1,2"]);
    assert.deepEqual(two.client.received(), ["text first ü"]);
    assert.deepEqual(other.client.received(), []);
  });

  test(`${name}: leaves one out, of its subscribers and of others`, async () => {
    const { broadcast, open } = make();
    const [one, two, other] = [open(), open(), open()];
    one.socket.subscribe?.("a");
    two.socket.subscribe?.("a");
    broadcast.publish("a", message.setData("not to one"), one.socket);
    broadcast.publish("a", message.setData("to both"), other.socket);
    await one.settle();
    assert.deepEqual(one.client.received(), ["text to both"]);
    assert.deepEqual(two.client.received(), ["text not to one", "text to both"]);
  });

  test(`${name}: keeps the order with what was flushed before and sent after`, async () => {
    const { broadcast, open } = make();
    const { socket, client, settle } = open();
    socket.subscribe?.("a");
    for (let index = 0; index < 100; index += 2) {
      socket.send(message.setData(String(index)));
      socket.flush();
      broadcast.publish("a", message.setData(String(index + 1)));
    }
    await settle();
    const expected = Array.from({ length: 100 }, (_, index) => `text ${index}`);
    assert.deepEqual(client.received(), expected);
  });

  test(`${name}: what a client does not read counts as buffered, and is not lost`, async () => {
    const { broadcast, open } = make();
    const [slow, fast] = [open(), open()];
    slow.socket.subscribe?.("a");
    fast.socket.subscribe?.("a");
    slow.client.block();
    for (let index = 0; index < 50; index += 1) {
      broadcast.publish("a", message.setData(new Uint8Array(1_000)));
    }
    await slow.settle();
    assert.ok(slow.socket.bufferedAmount >= 50_000);
    assert.equal(fast.client.received().length, 50);
    slow.client.unblock();
    assert.equal(slow.client.received().length, 50);
    assert.equal(slow.socket.bufferedAmount, 0);
  });

  test(`${name}: a close goes out behind what was published, and ends its part`, async () => {
    const { broadcast, open } = make();
    const [closing, other] = [open(), open()];
    closing.socket.subscribe?.("a");
    other.socket.subscribe?.("a");
    broadcast.publish("a", message.setData("before"));
    closing.socket.close(4_001, "enough");
    closing.socket.subscribe?.("a");
    broadcast.publish("a", message.setData("after"));
    closing.socket.unsubscribe?.("a");
    broadcast.publish("a", message.setData("not to one that is gone"), closing.socket);
    closing.client.close(4_001, "");
    await closing.settle();
    closing.socket.unsubscribe?.("a");
    assert.deepEqual(closing.client.received(), ["text before", "close 4001 enough"]);
    const rest = ["text before", "text after", "text not to one that is gone"];
    assert.deepEqual(other.client.received(), rest);
  });
}
