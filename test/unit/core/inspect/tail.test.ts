import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import type { Connection, Registry } from "../../../../core/connection/mod.ts";
import { eventItems, seqOf, valueHead } from "../../../../core/inspect/event-items.ts";
import { inspectLimits, type TailLine } from "../../../../core/inspect/mod.ts";
import { OperatorCommands } from "../../../../core/inspect/operator-commands.ts";
import { previewOf } from "../../../../core/inspect/preview.ts";
import { Tail } from "../../../../core/inspect/tail.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { idOf, messagesOf } from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";
import { follow, shown, started } from "./inspect-rig.ts";

test("a tail shows the events and commands of its connection alone", async () => {
  const rig = await started();
  const [one, two] = [rig.node.connect(), rig.node.connect()];
  await shown(rig);
  const { lines } = follow(rig, { connection: idOf(one) });
  one.receive("to the origin");
  two.receive("nothing of it");
  one.receive(Uint8Array.of(1, 2));
  rig.node.local([
    ["send", [idOf(two), idOf(one)], "to the client"],
    ["send", idOf(two), "to the other"],
    ["state", idOf(one), "a secret"],
    ["publish", "@all", "to all"],
    ["publish", "elsewhere", "to nobody"],
  ]);
  await shown(rig);
  one.clientCloses(1000, "");
  await shown(rig);
  assert.deepEqual(
    lines.map(({ kind, verb, seq, text, binary, group }) => [
      kind,
      verb,
      seq,
      text ?? binary,
      group,
    ]),
    [
      ["command", "send", undefined, "to the client", undefined],
      ["command", "state", undefined, undefined, undefined],
      ["command", "publish", undefined, "to all", "@all"],
      ["event", "message", 1, "to the origin", undefined],
      ["event", "message", 2, "0102", undefined],
      ["event", "close", 3, undefined, undefined],
    ],
  );
  assert.equal(JSON.stringify(lines).includes("secret"), false);
});

test("a tail of a group shows what its members send, and raw messages", async () => {
  const rig = await started();
  const [member, other] = [rig.node.connect(), rig.node.connect()];
  rig.node.local([["join", idOf(member), "team"]]);
  await shown(rig);
  const { lines } = follow(rig, { group: "team", app: "default" });
  const elsewhere = follow(rig, { group: "team", app: "shop" });
  member.receive("from a member");
  other.receive("from another");
  rig.node.local([["publish", "team", "to the team"]]);
  rig.broker.groupMessage({
    app: "default",
    group: "team",
    kind: 1,
    payload: new TextEncoder().encode("raw"),
  });
  await shown(rig);
  member.clientCloses(1000, "");
  await shown(rig);
  const found = lines.map(({ kind, verb, text }) => [kind, verb, text]);
  assert.deepEqual(found, [
    ["command", "publish", "to the team"],
    ["raw", "publish", "raw"],
    ["event", "message", "from a member"],
    ["event", "close", undefined],
  ]);
  assert.deepEqual(elsewhere.lines, []);
});

test("of a flood a tail shows its rate, and counts the others", async () => {
  const rig = await started();
  const socket = rig.node.connect();
  const { lines, leftOut } = follow(rig, { connection: idOf(socket) });
  await shown(rig);
  const { linesBurst, linesPerSecond } = inspectLimits;
  const before = lines.length;
  for (let message = 0; message < 1_000; message++) socket.receive("x");
  await shown(rig);
  assert.ok(lines.length - before <= linesBurst + linesPerSecond);
  assert.equal(lines.length - before + leftOut.lines, 1_000);
  rig.clock.advance(1_000);
  const passed = lines.length;
  socket.receive("after a pause");
  await shown(rig);
  assert.equal(lines.length, passed + 1);
});

test("batches that nobody has time for are counted, and tails are bounded", async () => {
  const rig = await started();
  const socket = rig.node.connect();
  const { leftOut, stop } = follow(rig, { connection: idOf(socket) });
  const { monitor } = rig.node.gateway.inspector;
  const batch = new Uint8Array([0x94, 1, 0xa0, 0, 0x90, ...new Uint8Array(1_048_576)]);
  for (let count = 0; count < 10; count++) monitor.events(batch);
  await shown(rig);
  assert.equal(leftOut.batches, 7);
  const others = Array.from({ length: inspectLimits.tailsMax - 1 }, () =>
    follow(rig, { connection: "n.AAAAx" }),
  );
  assert.throws(() => follow(rig, { connection: "n.AAAAx" }), { code: "requests-full" });
  stop();
  others.push(follow(rig, { connection: "n.AAAAx" }));
  assert.equal(monitor.isOpen, true);
  for (const other of others) other.stop();
  assert.equal(monitor.isOpen, false);
  const timers = rig.clock.pendingTimers;
  socket.receive("nobody looks");
  await rig.rest();
  assert.equal(rig.clock.pendingTimers, timers);
});

const line = { kind: "event", verb: "message" } as unknown as Omit<TailLine, "at">;

test("a line of a tail has the time of day, and its rate goes by time that passes", () => {
  const clock = new ManualClock();
  const seen: number[] = [];
  let leftOut = 0;
  const tail = new Tail({ group: "g", app: "a" }, clock, (lines, missed) => {
    for (const { at } of lines) seen.push(at);
    leftOut += missed.lines;
  });
  clock.set(3_600_000);
  for (let count = 0; count < inspectLimits.linesBurst + 1; count++) tail.add(() => line);
  const now = clock.now();
  clock.set(-7_200_000);
  tail.add(() => line);
  clock.advance(inspectLimits.handOverMs);
  assert.deepEqual(new Set(seen), new Set([now]));
  assert.deepEqual([seen.length, leftOut], [inspectLimits.linesBurst, 2]);
  clock.advance(1_000);
  tail.add(() => line);
  const later = clock.now();
  clock.advance(inspectLimits.handOverMs);
  assert.equal(seen.at(-1), later);
  tail.stop();
});

const decoder = new TextDecoder();

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "small" },
    fc.string({ maxLength: 300 }),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("any"), { maxLength: 20 }),
    fc.dictionary(fc.string(), tie("any"), { maxKeys: 20 }),
  ),
})).any;

const item = fc.tuple(
  fc.constantFrom("open", "message", "close", "alive", "reply"),
  fc.oneof(fc.string({ maxLength: 70 }), fc.array(fc.string())),
  fc.nat(2 ** 32 - 1),
  value,
);

test("the items of a batch are found, whatever is in them", () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 40 }), fc.nat(2 ** 40), (items, first) => {
      const batch = encode([1, "n:i:0", first, items]);
      const read = [...eventItems(batch)];
      assert.equal(read.length, items.length);
      for (const [index, found] of read.entries()) {
        const [verb, id, seq, data] = items[index] as [string, unknown, number, unknown];
        assert.deepEqual([found.verb, found.elements], [verb, 4]);
        assert.deepEqual(batch.slice(found.start, found.end), encode(items[index]));
        const told = decoder.decode(batch.subarray(found.idStart, found.idEnd));
        assert.equal(told, typeof id === "string" ? id : "");
        const { seq: number, at } = seqOf(batch, found);
        assert.equal(number, seq);
        const head = valueHead(batch, at);
        const kind = typeof data === "string" ? "text" : "other";
        assert.equal(head.kind, data instanceof Uint8Array ? "binary" : kind);
        if (typeof data === "string") {
          assert.equal(decoder.decode(batch.subarray(head.start, head.end)), data);
        }
      }
    }),
  );
});

test("a preview is cut between characters, and says so", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  assert.deepEqual(previewOf(bytes("short"), true), { bytes: 5, text: "short" });
  const long = previewOf(bytes("é".repeat(300)), true);
  assert.deepEqual(long, { bytes: 600, text: "é".repeat(256), cut: true });
  const uneven = previewOf(bytes(`a${"é".repeat(300)}`), true);
  assert.equal(uneven.text, `a${"é".repeat(255)}`);
  assert.deepEqual(previewOf(Uint8Array.of(0, 255, 16), false), { bytes: 3, binary: "00ff10" });
  const binary = previewOf(new Uint8Array(257), false);
  assert.deepEqual([binary.bytes, binary.binary?.length, binary.cut], [257, 512, true]);
});

type Verb = "send" | "close";

async function operated(): Promise<NodeRig> {
  const rig = new NodeRig({ publishBytesMax: 10 });
  await rig.node.gateway.start();
  return rig;
}

/** What becomes of a command, after the end of the turn. */
async function run(
  rig: NodeRig,
  id: string,
  item: readonly [Verb, ...unknown[]],
  app?: string,
): Promise<unknown> {
  const asked = rig.node.gateway.inspector.answer({ what: "command", id, app, item });
  await rig.rest();
  return asked;
}

test("an operator's commands reach a connection while the broker is away", async () => {
  const rig = await operated();
  const socket = rig.node.connect();
  rig.broker.up = false;
  assert.equal(await run(rig, idOf(socket), ["send", "hi ✓"]), "sent");
  assert.equal(await run(rig, idOf(socket), ["send", { $binary: "AAE=" }], "default"), "sent");
  assert.deepEqual(messagesOf(socket), ["hi ✓", Uint8Array.of(0, 1)]);
  assert.equal(await run(rig, idOf(socket), ["close", 4001, "bye"]), "closed");
  assert.deepEqual(socket.delivered.at(-1), {
    type: "close",
    closeCode: 4001,
    closeReason: "bye",
  });
  assert.equal(await run(rig, idOf(socket), ["send", "late"]), "gone");
  const closed = rig.node.logger.of("connection-closed").at(-1)?.fields;
  assert.deepEqual([closed?.cause, closed?.by], ["origin", "admin"]);
});

test("what is refused is told by its code, and no reply is published", async () => {
  const rig = await operated();
  const socket = rig.node.connect();
  const id = idOf(socket);
  assert.equal(await run(rig, id, ["send", "x".repeat(11)]), "publish-too-big");
  assert.equal(await run(rig, id, ["close", 1005, ""]), "command-malformed");
  assert.equal(await run(rig, id, ["send"]), "command-malformed");
  assert.equal(await run(rig, id, ["send", "hi"], "shop"), "gone");
  assert.equal(await run(rig, `${id}x`, ["send", "hi"]), "gone");
  assert.equal(await run(rig, "m.AAAAother", ["send", "hi"]), "gone");
  assert.deepEqual(messagesOf(socket), []);
  assert.ok(rig.published.every(([, , verb]) => verb !== "reply"));
});

test("what is not known after a while is unknown", async () => {
  const clock = new ManualClock();
  const connection = { id: "n.AAAAone", app: { name: "default" } } as Connection;
  const registry = { get: () => connection } as unknown as Registry;
  const commands = new OperatorCommands({ registry, clock, execute: () => {} }, "n");
  const { id } = connection;
  const asked = commands.run({ what: "command", id, app: undefined, item: ["send", "hi"] });
  clock.advance(inspectLimits.commandMs);
  assert.equal(await asked, "unknown");
});
