import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { encode } from "@msgpack/msgpack";
import type { Origin, ServiceError } from "../../../adapters/origin/mod.ts";
import { closed, type FakeGateway, opened, said } from "../../support/origins/fake-gateway.ts";
import { OriginRig } from "../../support/origins/origin-rig.ts";
import { waitFor } from "../../support/process/wait.ts";

let rig: OriginRig;
let gateway: FakeGateway;

beforeEach(async () => {
  rig = await OriginRig.start();
  ({ gateway } = rig);
});

afterEach(() => rig.stop());

/** What happens, as short words. */
function watch(origin: Origin): string[] {
  const seen: string[] = [];
  origin.on("open", ({ connection }) => void seen.push(`open ${connection.id}`));
  origin.on("message", ({ connection, data }) => void seen.push(`${connection.id}: ${data}`));
  origin.on("close", ({ connection, code, cause }) => {
    seen.push(`close ${connection.id} ${code} ${cause}`);
  });
  origin.on("error", ({ error }) => void seen.push(`error ${(error as ServiceError).code}`));
  return seen;
}

test("open, message and close are told, and answered with send and close", async () => {
  const origin = await rig.connect({ name: "o1" });
  const seen = watch(origin);
  origin.on("message", ({ connection, data }) => connection.send(data));
  origin.on("open", ({ connection, info }) => {
    assert.equal(info.path, "/chat");
    assert.equal(connection.info, info);
    assert.equal(connection.node, "n1");
  });
  origin.on("close", ({ connection }) => origin.closeConnections([connection.id, "n2.b"], 4_000));
  gateway.events("n1", "i1", [opened("n1.a"), said("n1.a", 1, "hi"), closed("n1.a", 2)]);
  await waitFor(() => gateway.commands.length === 3, { what: "the commands" });
  assert.deepEqual(seen, ["open n1.a", "n1.a: hi", "close n1.a 1000 client"]);
  const commands = gateway.commands.map(({ node, sender, item }) => [node, sender, ...item]);
  assert.deepEqual(commands.sort(), [
    ["n1", "o1", "close", "n1.a", 4_000, ""],
    ["n1", "o1", "send", "n1.a", "hi"],
    ["n2", "o1", "close", "n2.b", 4_000, ""],
  ]);
  assert.equal(origin.knownConnections, 0);
});

test("binary data stays binary, JSON is read and written", async () => {
  const origin = await rig.connect({ format: "json" });
  origin.on("message", ({ connection, data }) => connection.send(data));
  gateway.batch("n1", new TextEncoder().encode('[["message","n1.a",1,{"$binary":"AQI="}]]'));
  gateway.events("n1", "i1", [said("n1.a", 2, Uint8Array.from([3, 4]))]);
  await waitFor(() => gateway.commands.length === 2, { what: "the commands" });
  assert.deepEqual(
    gateway.commands.map(({ item }) => item),
    [
      ["send", "n1.a", { $binary: "AQI=" }],
      ["send", "n1.a", { $binary: "AwQ=" }],
    ],
  );
});

test("a message to many is one command a node", async () => {
  const origin = await rig.connect();
  origin.send(["n1.a", origin.connection("n2.b"), "n1.c"], "news");
  origin.send("n1.a", "one");
  await origin.flushed();
  assert.equal(origin.queuedBytes, 0);
  await waitFor(() => gateway.commands.length === 3, { what: "the commands" });
  assert.deepEqual(gateway.commands.map(({ node, item }) => [node, ...item]).sort(), [
    ["n1", "send", ["n1.a", "n1.c"], "news"],
    ["n1", "send", "n1.a", "one"],
    ["n2", "send", "n2.b", "news"],
  ]);
  assert.equal(gateway.batches.length, 2, "one publish a node");
});

test("async iteration yields the same events, and ends with the origin", async () => {
  const origin = await rig.connect();
  const seen: string[] = [];
  const done = (async (): Promise<void> => {
    for await (const event of origin.events()) seen.push(event.type);
  })();
  gateway.events("n1", "i1", [opened("n1.a"), said("n1.a", 1, "x"), ["alive", ["n1.a"]]]);
  gateway.events("n1", "i1", [closed("n1.a", 2)]);
  await waitFor(() => seen.length === 4, { what: "four events" });
  await origin.close();
  await done;
  assert.deepEqual(seen, ["open", "message", "alive", "close"]);
});

test("an async handler keeps the order of its connection and holds up no other", async () => {
  const origin = await rig.connect();
  const seen: string[] = [];
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  origin.on("message", async ({ connection, data }) => {
    if (data === "a1") await held;
    seen.push(`${connection.id} ${data}`);
    if (data === "b1") throw new Error("told, not fatal");
  });
  origin.on("close", ({ connection }) => void seen.push(`${connection.id} closed`));
  const errors: string[] = [];
  origin.on("error", ({ error }) => void errors.push(error.message));
  gateway.events("n1", "i1", [
    said("n1.a", 1, "a1"),
    said("n1.a", 2, "a2"),
    closed("n1.a", 3),
    said("n1.b", 1, "b1"),
    said("n1.b", 2, "b2"),
  ]);
  await waitFor(() => seen.length === 2, { what: "b" });
  assert.deepEqual(seen, ["n1.b b1", "n1.b b2"]);
  release();
  await waitFor(() => seen.length === 5, { what: "a" });
  assert.deepEqual(seen.slice(2), ["n1.a a1", "n1.a a2", "n1.a closed"]);
  assert.deepEqual(errors, ["told, not fatal"]);
});

test("a removed handler receives no more", async () => {
  const origin = await rig.connect();
  const seen: unknown[] = [];
  const off = origin.on("message", ({ data }) => {
    seen.push(data);
    off();
  });
  const all = watch(origin);
  gateway.events("n1", "i1", [said("n1.a", 1, 1 as never), said("n1.a", 1, "x")]);
  gateway.events("n1", "i1", [said("n1.a", 2, "y")]);
  await waitFor(() => all.length === 2, { what: "both" });
  assert.deepEqual(seen, ["x"]);
});

test("batches seen before are dropped, gaps are counted and told", async () => {
  const origin = await rig.connect();
  const seen = watch(origin);
  const items = [said("n1.a", 1, "1"), said("n1.a", 2, "2")];
  gateway.events("n1", "i1", items);
  gateway.batch("n1", encode([1, "n1:i1:0", 0, items]));
  gateway.batch("n1", encode([1, "n1:i1:0", 1, [items[1], said("n1.a", 3, "3")]]));
  gateway.lose("n1", "i1", 4);
  gateway.events("n1", "i1", [said("n1.a", 8, "8")]);
  await waitFor(() => seen.includes("n1.a: 8"), { what: "the last" });
  assert.deepEqual(seen, ["n1.a: 1", "n1.a: 2", "n1.a: 3", "error batch-gap", "n1.a: 8"]);
  assert.equal(origin.missedEvents, 3);
});

test("a batch that cannot be read is one error, and the next one is read", async () => {
  const origin = await rig.connect();
  const seen = watch(origin);
  gateway.batch("n1", Uint8Array.from([0xc1]));
  gateway.batch("n1", encode([9, "s", 0, []]));
  gateway.batch("n1", encode([["message", "not an id", 1, "x"]]));
  gateway.batch("n1", encode([["fresh", 1], said("n1.a", 1, "x")]));
  await waitFor(() => seen.includes("n1.a: x"), { what: "the message" });
  assert.deepEqual(seen, [
    "error batch-malformed",
    "error batch-version",
    "error id-malformed",
    "n1.a: x",
  ]);
});

test("a node that dies closes its connections once each, another incarnation lives", async () => {
  const origin = await rig.connect();
  const seen = watch(origin);
  gateway.presence("n1", "i1");
  gateway.presence("n2", "i1");
  gateway.events("n1", "i1", [opened("n1.a"), opened("n1.b"), closed("n1.b", 1)]);
  gateway.events("n2", "i1", [opened("n2.a")]);
  await waitFor(() => seen.length === 4, { what: "four events" });
  // The new incarnation's events may overtake its presence.
  gateway.events("n1", "i2", [opened("n1.c")]);
  gateway.presence("n1", "i2");
  await waitFor(() => seen.includes("close n1.a 1006 node-lost"), { what: "the loss" });
  gateway.presence("n2", undefined);
  await waitFor(() => seen.includes("close n2.a 1006 node-lost"), { what: "the other loss" });
  gateway.events("n1", "i2", [said("n1.c", 1, "here")]);
  await waitFor(() => seen.includes("n1.c: here"), { what: "life" });
  assert.equal(seen.filter((line) => line.includes("node-lost")).length, 2);
  assert.equal(origin.knownConnections, 1);
});

test("what a node that stays silent tells of again is lost again", async () => {
  const origin = await rig.connect();
  const seen = watch(origin);
  gateway.presence("n1", "i1", 50);
  gateway.events("n1", "i1", [opened("n1.a")]);
  await waitFor(() => seen.includes("close n1.a 1006 node-lost"), { what: "the loss" });
  gateway.events("n1", "i1", [said("n1.a", 1, "late")]);
  const closes = (): number => seen.filter((line) => line.startsWith("close n1.a")).length;
  await waitFor(() => closes() === 2, { what: "the other loss" });
  assert.deepEqual(seen.slice(2), ["open n1.a", "n1.a: late", "close n1.a 1006 node-lost"]);
});

test("sendWithReply tells the outcome of each id, unknown when nobody answers", async () => {
  const origin = await rig.connect();
  const outcomes = origin.sendWithReply(["n1.a", "n1.b", "n2.c"], "x");
  await waitFor(() => gateway.commands.length === 2, { what: "the commands" });
  for (const { node, item } of gateway.commands) {
    const { ref } = item[3] as { ref: string };
    const result = node === "n1" ? { "n1.a": "sent", "n1.b": "gone" } : { "n2.c": "slow" };
    gateway.batch(node, encode([["reply", "of another origin", { "n1.a": "gone" }]]));
    gateway.batch(node, encode([["reply", ref, result]]));
  }
  assert.deepEqual(Object.fromEntries(await outcomes), {
    "n1.a": "sent",
    "n1.b": "gone",
    "n2.c": "slow",
  });
  const one = origin.connection("n1.a").sendWithReply("y", { timeoutMs: 50 });
  assert.equal(await one, "unknown");
});
