import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../../../core/base/mod.ts";
import type { Connection } from "../../../../core/connection/mod.ts";
import { MemoryBroadcast, MemorySocket } from "../../../support/memory/mod.ts";
import { gatewayOptions } from "../../../support/memory-node/gateway-options.ts";
import { type Item, idOf } from "../../../support/memory-node/memory-node.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

const runs = { numRuns: Number(process.env.PROPERTY_RUNS ?? 300) };

/** Enough for the runtime's own fan-out, also when some have been closed. */
const clients = 20;
const sendQueueBytesMax = 2_000;

type Step =
  | readonly ["publish", bytes: number]
  | readonly ["publish but to", who: number, bytes: number]
  | readonly ["send", who: number, bytes: number]
  | readonly ["block" | "unblock" | "join" | "leave", who: number]
  | readonly ["wait", ms: number];

const who = fc.nat(clients - 1);
const bytes = fc.oneof(fc.nat(40), fc.integer({ min: 100, max: sendQueueBytesMax }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant("publish" as const), bytes) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("publish but to" as const), who, bytes) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("send" as const), who, bytes) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom("block", "unblock", "join", "leave"), who),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant("wait" as const), fc.nat(limits.membersLookMs)) },
);

function commandOf(step: Step, ids: readonly string[]): Item | undefined {
  switch (step[0]) {
    case "publish":
      return ["publish", "g", "x".repeat(step[1])];
    case "publish but to":
      return ["publish", "g", "x".repeat(step[2]), { except: ids[step[1]] }];
    case "send":
      return ["send", ids[step[1]], "x".repeat(step[2])];
    case "join":
    case "leave":
      return [step[0], ids[step[1]], "g"];
    default:
      return undefined;
  }
}

/** What each client has read at the end, and the counters of what was sent. */
async function play(steps: readonly Step[], broadcast?: MemoryBroadcast): Promise<unknown> {
  const rig = await ReplyRig.start({ sendQueueBytesMax }, { broadcast });
  const sockets = Array.from({ length: clients }, () => rig.node.connect());
  const ids = sockets.map(idOf);
  await rig.do(["join", ids, "g"]);
  for (const one of steps) {
    if (one[0] === "block") sockets[one[1]]!.block();
    if (one[0] === "unblock") sockets[one[1]]!.unblock();
    if (one[0] === "wait") rig.clock.advance(one[1]);
    const command = commandOf(one, ids);
    if (command !== undefined) rig.node.local([command]);
    rig.clock.turn();
  }
  for (const socket of sockets) socket.unblock();
  const { metrics } = rig.node;
  const counted = ["wss_messages_sent_total", "wss_message_bytes_sent_total"];
  return {
    delivered: sockets.map((socket) => socket.delivered),
    counted: counted.map((name) => metrics.value(name)),
    slow: rig.node.errors("send-queue-full"),
  };
}

test("who leaves too much unread is closed at the same message in both ways of fan-out", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 120, size: "max" }),
      async (steps) => {
        assert.deepEqual(await play(steps, new MemoryBroadcast()), await play(steps));
      },
    ),
    runs,
  ));

/** A group of clients that read, and how often their queues were looked at. */
async function watched(): Promise<{
  rig: ReplyRig;
  sockets: MemorySocket[];
  looks: () => number;
}> {
  const rig = await ReplyRig.start({ sendQueueBytesMax }, { broadcast: new MemoryBroadcast() });
  const sockets = Array.from({ length: clients }, () => rig.node.connect());
  await rig.do(["join", sockets.map(idOf), "g"]);
  let looks = 0;
  for (const socket of sockets) {
    const { get } = Object.getOwnPropertyDescriptor(MemorySocket.prototype, "bufferedAmount")!;
    Object.defineProperty(socket, "bufferedAmount", {
      get() {
        looks++;
        return get!.call(socket) as number;
      },
    });
  }
  const since = (): number => {
    const before = looks;
    looks = 0;
    return before;
  };
  return { rig, sockets, looks: since };
}

test("members are looked at only when one of them may leave too much unread", async () => {
  const { rig, looks } = await watched();
  const publish = (): void => rig.node.local([["publish", "g", "x"]]);
  publish();
  assert.equal(looks(), clients, "nobody has been looked at before");
  // 65 bytes at most are counted for each.
  for (let count = 0; count < 29; count++) publish();
  assert.equal(looks(), 0);
  publish();
  assert.equal(looks(), clients, "all that was queued could fill one queue");
  publish();
  assert.equal(looks(), 0);
  rig.clock.advance(limits.membersLookMs);
  publish();
  assert.equal(looks(), clients, "control frames are not counted");
});

test("who joins with a queue is looked at with the next message", async () => {
  const { rig, sockets, looks } = await watched();
  const publish = (): void => rig.node.local([["publish", "g", "x"]]);
  const [joins] = sockets;
  await rig.do(["leave", idOf(joins!), "g"]);
  publish();
  rig.node.local([["join", idOf(joins!), "g"]]);
  looks();
  publish();
  assert.equal(looks(), 0, "it joined without a queue");
  await rig.do(["leave", idOf(joins!), "g"]);
  joins!.block();
  await rig.do(["send", idOf(joins!), "x"], ["join", idOf(joins!), "g"]);
  looks();
  publish();
  assert.equal(looks(), clients);
});

test("a lower send-queue-size holds from the next message on", async () => {
  const { rig, sockets } = await watched();
  const [slow] = sockets;
  slow!.block();
  const publish = (): void => rig.node.local([["publish", "g", "x".repeat(100)]]);
  publish();
  rig.node.gateway.reload(gatewayOptions({ sendQueueBytesMax: 150 }));
  publish();
  slow!.unblock();
  assert.deepEqual(slow!.delivered.at(-1), {
    type: "close",
    closeCode: 1_013,
    closeReason: "slow",
  });
});

test("what fan-out sent counts for each member, from its joining to its leaving", async () => {
  const { rig, sockets } = await watched();
  const [one, two] = sockets as [MemorySocket, MemorySocket];
  const sent = (socket: MemorySocket): number => (socket.connection as Connection).sentBytes;
  await rig.do(["publish", "g", "123"], ["publish", "g", "12345", { except: idOf(two) }]);
  assert.deepEqual([sent(one), sent(two)], [8, 3]);
  await rig.do(["leave", idOf(one), "g"], ["publish", "g", "1"], ["send", idOf(one), "12"]);
  assert.deepEqual([sent(one), sent(two)], [10, 4]);
  await rig.do(["join", idOf(one), "g"], ["publish", "g", "1"]);
  assert.deepEqual([sent(one), sent(two)], [11, 5]);
});
