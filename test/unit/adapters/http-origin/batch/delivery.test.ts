import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchDelivery } from "../../../../../adapters/http-origin/batch/delivery.ts";
import {
  NodeEvents,
  type NodeEventsListener,
} from "../../../../../adapters/http-origin/batch/node-events.ts";
import { answerOf } from "../../../../support/http/answers.ts";

import { ManualClock } from "../../../../support/memory/mod.ts";
import { settled } from "../../../../support/memory-node/memory-node.ts";

const nothing = (): void => {};
const unexpected = (what: string) => (): never => assert.fail(what);
const listener: NodeEventsListener = {
  ackDue: nothing,
  acknowledged: nothing,
  released: nothing,
  revived: nothing,
  foreign: nothing,
  failed: unexpected("failed"),
};

test("while nodes take no commands, no further request is made", async () => {
  const events = new NodeEvents("n", listener);
  const posted: string[] = [];
  let takes: (() => void) | undefined;
  const delivery = new BatchDelivery(
    events,
    {
      node: "n",
      clock: new ManualClock(),
      itemsMax: 10,
      retryMs: 1_000,
      replies: true,
      suspicious: () => false,
    },
    {
      post: async (body) => {
        posted.push(new TextDecoder().decode(body));
        return answerOf(200);
      },
      random: () => 0,
      carryOut: nothing,
      room: () => new Promise((resolve) => (takes = resolve)),
      retried: unexpected("retried"),
      reachable: unexpected("asked"),
      refused: unexpected("refused"),
      gaveUp: unexpected("given up"),
      unreachable: unexpected("unreachable"),
      failed: unexpected("failed"),
    },
  );
  events.receive(Buffer.from('[1,"n:i:h:1",0,[["alive",[]]]]'));
  delivery.pump();
  await settled();
  assert.deepEqual(posted, []);
  takes?.();
  await settled();
  assert.deepEqual(posted, ['[1,"n:i:h:1",0,[["alive",[]]]]']);
});

test("past the bytes that a node may have here, it repeats later", () => {
  const acks: unknown[] = [];
  const events = new NodeEvents("n", { ...listener, ackDue: (ack) => acks.push(ack) });
  const batch = (first: number, text: string): Uint8Array =>
    Buffer.from(`[1,"n:i:h:1",${first},[["message","n.a",${first},"${text}"]]]`);
  const large = "x".repeat(20 * 1_048_576);
  for (const first of [0, 1, 2]) events.receive(batch(first, large));
  const held = events.bytes;
  events.receive(batch(3, large));
  events.receive(batch(4, "small"));
  assert.equal(events.bytes, held);
  assert.deepEqual(acks, [], "asked for now, it would come at once");
  events.confirm(events.take(1, 1), 1);
  events.confirm(events.take(1, 1), 2);
  assert.deepEqual(acks, [
    ["ack", "n:i:h:1", 1],
    ["ack", "n:i:h:1", 2],
    ["ack", "n:i:h:1", 2, 3],
  ]);
  events.receive(batch(3, large));
  assert.ok(events.bytes > large.length);
});
