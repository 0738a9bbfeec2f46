import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { encode } from "@msgpack/msgpack";
import {
  connectOrigin,
  type OriginEvent,
  type OriginOptions,
  ServiceError,
} from "../../../adapters/origin/mod.ts";
import { closed, type FakeGateway, said } from "../../support/origins/fake-gateway.ts";
import { errorsOf, OriginRig } from "../../support/origins/origin-rig.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

let rig: OriginRig;
let gateway: FakeGateway;

beforeEach(async () => {
  rig = await OriginRig.start();
  ({ gateway } = rig);
});

afterEach(() => rig.stop());

test("an outage loses no command, and numbers let nodes drop what comes twice", async () => {
  const proxy = await TcpProxy.start(rig.broker.port);
  // Without a name it takes one of its own.
  const origin = await connectOrigin({ broker: proxy.url, version: "4" });
  const texts = Array.from({ length: 60 }, (_, i) => `m${i}`);
  for (const text of texts.slice(0, 20)) origin.send("n1.a", text);
  await waitFor(() => gateway.commands.length > 0, { what: "some are out" });
  for (const text of texts.slice(20, 40)) origin.send("n1.a", text);
  proxy.block();
  await waitFor(() => !origin.connected, { what: "lost" });
  for (const text of texts.slice(40)) origin.send("n1.a", text);
  assert.ok(origin.queuedBytes > 0);
  proxy.unblock();
  await waitFor(() => origin.connected, { what: "back" });
  await origin.flushed();
  await waitFor(() => gateway.commands.at(-1)?.item[2] === "m59", { what: "the last" });
  // As a node does: by the numbers of the stream.
  const seen: unknown[] = [];
  for (const { batch } of gateway.batches) {
    const [, stream, first, items] = batch as [number, string, number, unknown[][]];
    assert.match(stream, /^o[a-z0-9]{8}:[a-z0-9]{12}:n1:0$/);
    assert.ok(first <= seen.length, "no gap");
    for (const item of items.slice(seen.length - first)) seen.push(item[2]);
  }
  assert.deepEqual(seen, texts);
  await origin.close();
  await proxy.close();
});

test("an ack of another sender's stream of the same name confirms nothing", async () => {
  const origin = await rig.connect({ name: "shop" });
  gateway.presence("n1", "i1");
  gateway.events("n1", "i1", [["open", "n1.a", 0, {}]]);
  await waitFor(() => origin.knownConnections === 1, { what: "the connection" });
  origin.send("n1.a", "1");
  await waitFor(() => gateway.batches.length === 1, { what: "the command" });
  const sent = gateway.batches[0]!.batch;
  gateway.batch("n1", encode([["ack", sent[1], 1, null, "mallory"]]));
  // What was confirmed would not be sent again.
  gateway.batch("n1", encode([["ack", sent[1], 0, 0, "shop"]]));
  await waitFor(() => gateway.batches.length === 2, { what: "the command again" });
  assert.deepEqual(gateway.batches[1]!.batch, sent);
  gateway.batch("n1", encode([["ack", sent[1], 1, null, "shop"]]));
});

test("without a broker: a full origin throws, and close reports what never went out", async () => {
  const proxy = await TcpProxy.start(rig.broker.port);
  const [full, origin] = [
    await rig.connect({ broker: proxy.url, name: "o1" }),
    await rig.connect({ broker: proxy.url, name: "o2" }),
  ];
  const told: unknown[] = [];
  origin.on("error", ({ error }) => void told.push([(error as ServiceError).code, error.message]));
  const connection = origin.connection("n1.a");
  proxy.block();
  await waitFor(() => !full.connected && !origin.connected, { what: "lost" });
  const megabyte = new Uint8Array(1_048_576);
  const fill = (): void => {
    for (let i = 0; i < 100; i++) full.send("n1.a", megabyte);
  };
  assert.throws(fill, { code: "send-queue-full" });
  assert.ok(full.queuedBytes <= 67_108_864 && full.queuedBytes > 60_000_000);
  for (const text of ["1", "2"]) connection.send(text);
  origin.everyone().publish("3");
  const bytes = origin.queuedBytes;
  const flushed = origin.flushed();
  // Each waits for the broker, and then no longer.
  await Promise.all([full.close(), origin.close()]);
  assert.equal(full.queuedBytes, 0, "nothing is kept");
  await flushed;
  const message = `the broker never got 3 commands of ${bytes} bytes`;
  assert.deepEqual(told, [["broker-lost", message]]);
  await origin.flushed();
  assert.throws(() => connection.send("x"), { code: "broker-lost" });
  assert.throws(() => origin.send("n1.a", "x"), { code: "broker-lost" });
  await proxy.close();
});

test("a broker that is back while an origin closes is given what waits", async () => {
  const proxy = await TcpProxy.start(rig.broker.port);
  const origin = await rig.connect({ broker: proxy.url });
  const errors: unknown[] = [];
  origin.on("error", ({ error }) => void errors.push(error));
  proxy.block();
  await waitFor(() => !origin.connected, { what: "lost" });
  origin.send("n1.a", "late");
  const closed = origin.close();
  proxy.unblock();
  await closed;
  await waitFor(() => gateway.commands.length > 0, { what: "the command" });
  assert.deepEqual(gateway.commands[0]?.item, ["send", "n1.a", "late"]);
  assert.deepEqual(errors, []);
  await proxy.close();
});

test("too many events wait: their connection is closed, and told", async () => {
  const origin = await rig.connect();
  const errors = errorsOf(origin);
  const iterator = origin.events();
  const first = iterator.next();
  const data = new Uint8Array(4_000_000);
  for (let i = 0; i < 18; i++) {
    gateway.events("n1", "i1", [said("n1.a", i, data)]);
    await waitFor(() => gateway.unanswered === 0, { what: "the broker has it" });
  }
  gateway.events("n1", "i1", [closed("n1.a", 18)]);
  await waitFor(() => gateway.commands.length > 0, { what: "the close command" });
  assert.deepEqual(gateway.commands[0]!.item, ["close", "n1.a", 1013, "overload"]);
  assert.deepEqual(errors, ["window-full"]);
  const seen: OriginEvent["type"][] = [(await first).value.type];
  for await (const { type } of iterator) {
    seen.push(type);
    if (type === "close") break;
  }
  assert.equal(
    seen.length,
    18,
    "one is given, 16 messages of 4 MB fit into 64 MiB, and close always comes",
  );
});

test("wrong settings and wrong ids are refused with a code", async () => {
  const broker = "mqtt://127.0.0.1:1";
  const wrong: readonly object[] = [
    { name: "No" },
    { name: 5 },
    { app: "a/b" },
    { broker: "nowhere" },
    { broker: undefined },
    ...[
      { root: "a/b" },
      { root: "x".repeat(33) },
      { root: "" },
      { mode: "closed" },
      { tls: true },
    ],
    { window: 0 },
    { window: 1.5 },
    { window: "9" },
    { window: Number.NaN },
    { signal: 1 },
    { weight: -1 },
    { weight: 1_000_001 },
    { weight: Number.NaN },
    { weight: "1" },
    { format: "xml" },
    { version: 5 },
    { nmae: "o1" },
    { toString: "x" },
  ];
  for (const options of wrong) {
    const all = { broker, signal: AbortSignal.timeout(5_000), ...options } as OriginOptions;
    await assert.rejects(connectOrigin(all), { code: "setting-invalid" }, JSON.stringify(options));
  }
  await assert.rejects(connectOrigin(undefined as never), { code: "setting-invalid" });
  await assert.rejects(connectOrigin({ broker, version: 5 as never }), {
    message: 'version 5: "auto" or "4" or "5"',
  });
  await rig.connect({
    name: "o2",
    root: "wss",
    mode: "assigned",
    window: 1,
    weight: 0,
    format: "json",
  });
  const origin = await rig.connect();
  for (const id of ["", "x", "a.b/c", "N.x", "n1.", `n.${"x".repeat(64)}`]) {
    assert.throws(() => origin.send(id, "x"), { code: "id-malformed" }, id);
  }
  assert.throws(() => origin.connection("n1.a").close(5), { code: "command-malformed" });
  assert.throws(() => origin.connection("n1.a").close(1_000, "ä".repeat(62)), ServiceError);
});

test("a signal ends the attempt to connect, and the origin", async () => {
  const waiting = new AbortController();
  const attempt = connectOrigin({ broker: "mqtt://127.0.0.1:1", signal: waiting.signal });
  waiting.abort(new Error("enough"));
  await assert.rejects(attempt, { message: "enough" });
  const running = new AbortController();
  const origin = await rig.connect({ signal: running.signal });
  const events = origin.events();
  running.abort();
  assert.deepEqual(await events.next(), { done: true, value: undefined });
});
