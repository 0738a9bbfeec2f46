import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { ManualClock, MemoryBroker } from "../../../support/memory/mod.ts";
import {
  batchValue,
  type Item,
  idOf,
  MemoryNode,
  settled,
} from "../../../support/memory-node/memory-node.ts";

/** What was published: where to, whether as JSON, and the batch. */
type Published = readonly [destination: unknown, json: boolean, batch: unknown];

async function start() {
  const [clock, broker] = [new ManualClock(), new MemoryBroker()];
  const node = new MemoryNode({ clock, broker }, { windowBytesMax: 10_000 });
  const published: Published[] = [];
  broker.onEvents(({ destination, batch }) =>
    published.push([destination, batch[0] === 0x5b, batchValue(batch)]),
  );
  await node.gateway.start();
  const rest = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) {
      await settled();
      clock.advance(20);
      clock.turn();
    }
  };
  const send = (sender: string, ...items: Item[]): void =>
    node.bus.local("default", sender, encode(items));
  return { broker, clock, node, published, rest, send };
}

const shop = { app: "default", origin: "shop" };

test("direct: replies of a turn go to the sender's own topic in one bare batch", async () => {
  const { node, published, rest, send } = await start();
  const socket = node.connect();
  const id = idOf(socket);
  await rest();
  published.length = 0;
  send(
    "shop",
    ["send", [id, "n.gone"], "hi", { ref: 1, direct: true }],
    ["query", "@all", { ref: 2, direct: true, count: true }],
    ["publish", "@all", "x", { ref: 3, direct: true }],
  );
  await rest();
  const counts = { node: "n", sent: 1, slow: 0, gone: 0, expired: 0 };
  assert.equal(published.length, 1);
  const [destination, json, batch] = published[0] as Published;
  assert.deepEqual([destination, json], [shop, false]);
  assert.deepEqual(
    new Map((batch as Item[]).map(([, ref, result]) => [ref, result])),
    new Map<unknown, unknown>([
      [2, { node: "n", count: 1 }],
      [1, { [id]: "sent", "n.gone": "gone" }],
      [3, counts],
    ]),
  );
});

test("direct: a JSON command is answered in JSON, a refused one too", async () => {
  const { node, published, rest } = await start();
  const text = '[["send","n.x","a",{"ref":"r","ttl":-1,"direct":true}]]';
  node.bus.local("default", "shop", new TextEncoder().encode(text));
  await rest();
  const error = { node: "n", error: "command-malformed" };
  assert.deepEqual(published, [[shop, true, [["reply", "r", error]]]]);
});

test("direct: only what asks for it; another reply of the sender goes to everybody", async () => {
  const { published, rest, send } = await start();
  send("shop", ["query", "@all", { ref: 1, count: true }]);
  send("shop", ["query", "@all", { ref: 2, count: true, direct: 1 }]);
  await rest();
  const everybody = { app: "default", partition: 0 };
  assert.ok(published.length > 0);
  for (const [destination] of published) assert.deepEqual(destination, everybody);
});

test("direct: a reply is counted where it cannot go", async () => {
  const { broker, node, published, rest, send } = await start();
  const query: Item = ["query", "@all", { ref: 1, count: true, direct: true }];
  send("no such name", query);
  await rest();
  assert.equal(node.errors("reply-dropped"), 1);
  broker.up = false;
  send("shop", query);
  await rest();
  assert.equal(node.errors("reply-dropped"), 2);
  broker.up = true;
  send("shop", query);
  await rest();
  assert.equal(node.errors("reply-dropped"), 2);
  assert.equal(published.length, 1);
});
