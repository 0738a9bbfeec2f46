import assert from "node:assert/strict";
import { test } from "node:test";
import { OriginalForm } from "../../../../adapters/http-origin/mod.ts";
import { base64OfId } from "../../../../adapters/http-wire/mod.ts";
import { originLimits } from "../../../../adapters/origin/base/mod.ts";
import { encodePresence, Topics } from "../../../../adapters/topics/mod.ts";
import { limits, ServiceError } from "../../../../core/base/mod.ts";
import { dataOf, eventOf, HttpRig, textOf } from "../../../support/http/http-rig.ts";
import { idOf } from "../../../support/memory-node/memory-node.ts";

const refused = new ServiceError("http-connect", "http://a cannot be reached (ECONNREFUSED)");
const originFailed = { type: "close", closeCode: 1013, closeReason: "origin-failed" };

test("the events of a connection come one after another, each answered first", async () => {
  const rig = await HttpRig.start();
  const socket = rig.open();
  await rig.receive(socket, "one", "two");
  socket.clientCloses(1000, "bye");
  await rig.settle();
  const ConnectionId = base64OfId(idOf(socket));
  const seen: unknown[] = [];
  for (let event = 0; event < 4; event++) {
    assert.equal(rig.requests.length, 1, "one request is under way");
    const request = rig.next();
    assert.equal(request.headers["content-type"], "application/json");
    // Node.js warns where more than ten requests listen to one signal.
    assert.equal(request.signal, undefined);
    seen.push(eventOf(request));
    await request.answer(200, "ignored", "text/plain");
  }
  assert.deepEqual(seen, [
    { ConnectionId, ConnectionEstablished: { Subprotocol: "" } },
    { ConnectionId, MessageReceived: { Binary: null, Text: "one" } },
    { ConnectionId, MessageReceived: { Binary: null, Text: "two" } },
    { ConnectionId, ConnectionClosed: {} },
  ]);
  assert.equal(rig.requests.length, 0);
});

test("connections do not wait for each other, up to the limit of requests at once", async () => {
  const rig = await HttpRig.start({ concurrency: 2 });
  const sockets = [await rig.connect(), await rig.connect(), await rig.connect()];
  for (const [index, socket] of sockets.entries()) await rig.receive(socket, String(index));
  assert.deepEqual(rig.requests.map(textOf), ["0", "1"]);
  await rig.next().answer(200);
  assert.deepEqual(rig.requests.map(textOf), ["1", "2"]);
});

test("waiting for other connections' requests is no failure, and a close is sent", async () => {
  const rig = await HttpRig.start({ concurrency: 1 });
  const sockets = [await rig.connect(), await rig.connect(), await rig.connect()];
  for (const [index, socket] of sockets.entries()) await rig.receive(socket, String(index));
  sockets[2]!.clientCloses(1000, "bye");
  for (const text of ["0", "1", "2"]) {
    await rig.advance(14_000);
    assert.equal(rig.requests.length, 1);
    assert.equal(textOf(rig.requests[0]!), text, "the last one has waited longer than a time-out");
    await rig.next().answer(200);
  }
  assert.deepEqual(eventOf(rig.next()).ConnectionClosed, {});
  for (const socket of sockets) assert.deepEqual(socket.delivered, []);
  assert.equal(rig.errors("http-queue-full"), 0);
  assert.equal(rig.errors("origin-failed"), 0);
});

test("the time that an event waited for others is no part of its time of retries", async () => {
  const rig = await HttpRig.start({ concurrency: 1, retryMs: 10_000 });
  const sockets = [await rig.connect(), await rig.connect()];
  for (const [index, socket] of sockets.entries()) await rig.receive(socket, String(index));
  await rig.advance(14_000);
  await rig.next().answer(200);
  assert.equal(textOf(rig.requests[0]!), "1");
  await rig.next().answer(503);
  await rig.advance(1_000);
  assert.equal(textOf(rig.requests[0]!), "1", "it is sent again");
  await rig.next().answer(200);
  assert.deepEqual(sockets[1]!.delivered, []);
});

test("what a reply asks for is carried out in order, before the next event", async () => {
  const { rig, socket, id } = await HttpRig.talking({}, "one", "two");
  const Message = { Text: null, Binary: "AQI=" };
  await rig.next().answer(200, [
    ["send", id, "a"],
    ["join", id, "g"],
    ["publish", "@all", "b"],
    ["send", id, { $binary: "AA==" }],
  ]);
  assert.equal(textOf(rig.requests[0]!), "two");
  await rig.next().answer(200, {
    OutgoingWebSocketMessages: [{ ConnectionIds: [base64OfId(id)], Message }],
  });
  assert.deepEqual(dataOf(socket), ["a", "b", Uint8Array.of(0), Uint8Array.of(1, 2)]);
  assert.equal(rig.errors("command-malformed"), 0);
});

test("state, renew, leave and close in an answer", async () => {
  const { rig, socket, id } = await HttpRig.talking({}, "one");
  await rig.next().answer(200, [
    ["state", id, { a: 1 }],
    ["renew", id, rig.clock.now() + 60_000],
    ["renew", id, 0],
    ["leave", id, "g"],
    ["send", id, "late", { ttl: 5, at: rig.clock.now() - 10 }],
    ["close", id, 4000, "done"],
  ]);
  assert.deepEqual(socket.delivered, [{ type: "close", closeCode: 4000, closeReason: "done" }]);
  assert.deepEqual(eventOf(rig.next()).ConnectionClosed, {});
});

test("a reply with a fault is refused as a whole, counted, and logged once a minute", async () => {
  const rig = await HttpRig.start();
  const socket = await rig.connect();
  const id = idOf(socket);
  for (let round = 0; round < 3; round++) {
    await rig.receive(socket, "x");
    await rig.next().answer(200, [
      ["send", id, "half"],
      ["query", id, { ref: 1 }],
    ]);
  }
  assert.deepEqual(socket.delivered, []);
  assert.equal(rig.errors("command-malformed"), 3);
  const lines = (): unknown[] => rig.logger.of("origin-reply-refused");
  assert.equal(lines().length, 1);
  await rig.advance(60_000);
  await rig.receive(socket, "x");
  await rig.next().answer(200, [["shout", id]]);
  await rig.receive(socket, "x");
  await rig.next().answer(200, [["query", id]]);
  assert.equal(lines().length, 3, "another code, and the same one a minute later");
  await rig.advance(60_000);
  await rig.receive(socket, "x");
  await rig.next().answer(200, [["send", id, "half"], null]);
  assert.match(JSON.stringify(lines().at(-1)), /body\[1\]: a command is an array/);
  assert.deepEqual(socket.delivered, []);
});

test("with --origin-replies false nothing in an answer is carried out", async () => {
  const { rig, socket, id } = await HttpRig.talking({ replies: false }, "one");
  await rig.next().answer(200, [["send", id, "a"]]);
  assert.deepEqual(socket.delivered, []);
});

test("a failed request is sent again as it was, until it is answered", async () => {
  const { rig, socket } = await HttpRig.talking({ retryMs: 100_000, secret: "s" }, "one");
  const first = rig.next();
  await first.fail(refused);
  const statuses = [500, 503, 404, 429, 400, 403, 413, 302, 201, 204];
  for (const status of statuses) {
    await rig.advance(5_000);
    await rig.next().answer(status);
  }
  await rig.advance(5_000);
  const last = rig.next();
  assert.equal(last.body, first.body);
  assert.equal(last.headers["webhook-id"], first.headers["webhook-id"]);
  assert.notEqual(last.headers["webhook-timestamp"], first.headers["webhook-timestamp"]);
  await last.answer(200);
  await rig.receive(socket, "two");
  assert.equal(textOf(rig.next()), "two");
  assert.deepEqual(socket.delivered, []);
  assert.equal(rig.errors("http-connect"), 1);
  assert.equal(rig.errors("http-status"), statuses.length);
});

test("when the time is over the connection is closed, and its close is still sent", async () => {
  const { rig, socket } = await HttpRig.talking({ retryMs: 10_000 }, "one", "two", "three");
  const ends = rig.clock.now() + 10_000;
  while (socket.delivered.length === 0) {
    await rig.next().fail(refused);
    await rig.advance(5_000);
    assert.ok(rig.clock.now() <= ends + 5_000);
  }
  assert.deepEqual(socket.delivered, [originFailed]);
  assert.deepEqual(eventOf(rig.next()).ConnectionClosed, {}, "two and three are left out");
  assert.equal(rig.errors("origin-failed"), 1);
  const cause = { cause: "error" };
  assert.equal(rig.metrics.value("wss_connections_closed_total", cause), 1);
});

test("the close says code and cause where extra fields are written", async () => {
  const form = new OriginalForm({ extraFields: true });
  const { rig } = await HttpRig.talking({ form }, "one");
  await rig.next().answer(400);
  const said = eventOf(rig.next()).ConnectionClosed;
  assert.deepEqual(said, { Code: 1013, Reason: "origin-failed", Cause: "error" });
});

test("a too large answer is a failed request; what cannot be sent is given up", async () => {
  const { rig, socket } = await HttpRig.talking({ retryMs: 30_000 }, "one");
  await rig.next().fail(new ServiceError("http-answer-too-big", "more than 1048576 bytes"));
  await rig.advance(200);
  assert.equal(textOf(rig.requests[0]!), "one", "it is sent again");
  await rig.next().fail(new ServiceError("http-request-invalid", "the header x cannot be sent"));
  assert.deepEqual(socket.delivered, [originFailed]);
});

test("ids of nodes that do not live are counted, and nothing is sent for them", async () => {
  const rig = await HttpRig.start();
  const published: string[] = [];
  const watcher = rig.openLink({ name: "w", role: "test", filters: ["wss/#"] });
  await watcher.start({ connected: () => {}, message: (topic) => void published.push(topic) });
  const socket = await rig.connect();
  const id = idOf(socket);
  const stranger = `m.${"a".repeat(26)}`;
  await rig.receive(socket, "one");
  await rig.next().answer(200, [
    ["send", [id, stranger], "a"],
    ["send", stranger, "b"],
    ["close", stranger],
    ["join", stranger, "g"],
    ["state", [stranger, stranger], 1],
  ]);
  assert.deepEqual(socket.delivered, [{ type: "message", data: "a" }]);
  assert.equal(rig.errors("id-foreign"), 6);
  assert.equal(rig.logger.of("origin-id-unknown").length, 1);
  assert.deepEqual(
    published.filter((topic) => topic.includes("/nodes/m/")),
    [],
  );
});

test("what is published over the close of a dead node goes to the group", async () => {
  const rig = await HttpRig.start();
  const topics = new Topics();
  const published: string[] = [];
  const node = rig.openLink({ name: "m", role: "test", filters: ["wss/#"] });
  await node.start({ connected: () => {}, message: (topic) => void published.push(topic) });
  const presence = topics.nodePresence("default", "m");
  const tell = async (topic: string, payload: Uint8Array, retain: boolean): Promise<void> => {
    node.publish(topic, payload, () => {}, retain);
    await rig.settle();
  };
  const items = [["open", `m.${"a".repeat(26)}`, 0, {}]];
  const batch = new TextEncoder().encode(JSON.stringify([1, "m:i1:http:1", 0, items]));
  const counted = { at: 1, every: 60_000, connections: 0, runtime: "", version: "" };
  const living = encodePresence({ v: 1, incarnation: "i1", ...counted });
  await tell(presence, living, true);
  await tell(topics.originEvents("default", "http", "m"), batch, false);
  await rig.next().answer(200);
  await tell(presence, new Uint8Array(), true);
  await rig.advance(5_000);
  published.length = 0;
  await rig.next().answer(200, [["publish", "@all", "somebody is gone"]]);
  await rig.settle();
  const ofHttp = published.filter((topic) => topic.endsWith("/commands/http"));
  assert.deepEqual(ofHttp, [topics.groupCommands("default", "@all", "http")]);
});

test("with --origin-retry 0 a request is sent once, as the original did", async () => {
  const rig = await HttpRig.start({ retryMs: 0 });
  const socket = rig.open();
  await rig.settle();
  assert.equal(rig.requests[0]!.repeatable, false, "not even by the HTTP client");
  await rig.next().fail(refused);
  assert.deepEqual(socket.delivered, [originFailed]);
  assert.deepEqual(eventOf(rig.next()).ConnectionClosed, {});
  const other = await HttpRig.start({ retryMs: 1 });
  other.open();
  await other.settle();
  assert.equal(other.next().repeatable, true);
});

test("the next URL is asked at once where one cannot be reached", async () => {
  const urls = ["http://a/", "http://b/"];
  const { rig, socket } = await HttpRig.talking({ urls, retryMs: 0 }, "one");
  const first = rig.next();
  assert.equal(first.url, "http://a/");
  await first.fail(refused);
  const second = rig.next();
  assert.equal(second.url, "http://b/");
  assert.equal(second.body, first.body);
  await second.answer(200);
  await rig.receive(socket, "two");
  assert.equal(rig.requests[0]?.url, "http://b/", "a is left alone for a while");
  await rig.next().answer(200);
  await rig.advance(1_000);
  await rig.receive(socket, "three");
  assert.equal(rig.requests[0]?.url, "http://a/");
});

test("a slow origin stops the reading of its sockets, and nothing is lost", async () => {
  const rig = await HttpRig.start({ gateway: { windowBytesMax: 20_000 } });
  const socket = await rig.connect();
  const texts = Array.from({ length: 200 }, (_, index) => `${index}`.padEnd(1_000, "x"));
  await rig.receive(socket, ...texts);
  assert.ok((rig.metrics.value("wss_reading_paused_total") ?? 0) > 0);
  const held = rig.metrics.value("wss_event_window_bytes") ?? 0;
  assert.ok(held <= 20_000 + limits.batchBytesTarget, `${held} bytes: the window and one turn`);
  assert.equal(rig.requests.length, 1);
  const got: unknown[] = [];
  while (got.length < texts.length) {
    const request = rig.next();
    got.push(textOf(request));
    await request.answer(200);
    if (rig.requests.at(0) === undefined) await rig.advance(50);
  }
  assert.deepEqual(got, texts);
});

test("a request that the end of the node cuts off is no failure of the origin", async () => {
  const { rig } = await HttpRig.talking({}, "hang");
  const stopped = rig.httpOrigin.stop();
  await rig.advance(originLimits.leaveWaitMs + 1_000);
  await stopped;
  rig.originRequests.stop();
  await rig.next().fail(new ServiceError("http-aborted", "nobody waits any longer"));
  for (const code of ["broker-lost", "origin-failed", "http-aborted"]) {
    assert.equal(rig.errors(code), 0, code);
  }
});

test("a connection that hangs holds nobody up, and is closed in the end", async () => {
  const [retryMs, timeoutMs] = [2_000, 15_000];
  const rig = await HttpRig.start({ retryMs, window: 20 });
  const hanging = await rig.connect();
  const talking = [await rig.connect(), await rig.connect()];
  await rig.receive(hanging, "hang");
  const hung = rig.next();
  const answerOthers = async (): Promise<void> => {
    const requests = rig.requests.splice(0);
    assert.equal(requests.length, talking.length, "each of them has one");
    for (const request of requests) await request.answer(200);
    await rig.advance(50);
  };
  // More than the window, ten times.
  for (let turn = 0; turn < 100; turn++) {
    for (const socket of talking) await rig.receive(socket, "x");
    await answerOthers();
  }
  assert.equal(rig.metrics.value("wss_reading_paused_total"), 0);
  await rig.advance(retryMs + timeoutMs);
  await hung.fail(new ServiceError("http-timeout", "no answer"));
  assert.deepEqual(hanging.delivered, [originFailed]);
  await rig.next().answer(200);
  await rig.advance(50);
  assert.equal(rig.metrics.value("wss_event_window_bytes"), 0, "all is handled");
  for (const socket of talking) assert.deepEqual(socket.delivered, [], "nobody else is closed");
});

test("10,000 connections are one request of keep-alives each interval, not more", async () => {
  const rig = await HttpRig.start({
    concurrency: 20_000,
    retryMs: 30_000,
    gateway: { keepAliveIntervalMs: 30_000, connectionsMax: 20_000, windowBytesMax: 1e8 },
  });
  await rig.advance(30_000);
  assert.equal(rig.requests.length, 0, "none without connections");
  const ids = Array.from({ length: 10_001 }, () => base64OfId(idOf(rig.open())));
  await rig.settle();
  assert.equal(rig.requests.length, ids.length);
  for (const request of rig.requests.splice(0)) void request.answer(200);
  await rig.advance(30_500);
  const aliveOf = (): string[] => {
    assert.equal(rig.requests.length, 1, "one at a time");
    const alive = eventOf(rig.requests[0]!).alive as { ConnectionId: string }[];
    return alive.map(({ ConnectionId }) => ConnectionId);
  };
  const first = aliveOf();
  assert.equal(first.length, 10_000);
  await rig.next().answer(500);
  await rig.advance(200);
  const rest = aliveOf();
  assert.deepEqual([...first, ...rest].sort(), ids.sort());
  await rig.next().answer(200);
  assert.equal(rig.requests.length, 0, "what failed waits for the next interval");
});

test("a clock that is set on gives up no event", async () => {
  const { rig, socket } = await HttpRig.talking({ retryMs: 10_000 }, "one");
  rig.clock.set(3_600_000);
  await rig.next().fail(refused);
  await rig.advance(200);
  assert.equal(textOf(rig.requests[0]!), "one", "it is sent again");
  assert.deepEqual(socket.delivered, []);
  await rig.next().answer(200);
});

test("a command that fits no packet of the broker is named, and the others go out", async () => {
  const { rig, socket, id } = await HttpRig.talking({ packetBytesMax: 5_000 }, "one", "two");
  await rig.next().answer(200, [
    ["send", id, "before"],
    ["send", id, "x".repeat(5_000)],
    ["send", id, "after"],
  ]);
  assert.deepEqual(dataOf(socket), ["before", "after"]);
  assert.equal(rig.errors("batch-too-big"), 1);
  const [line] = rig.logger.of("origin-reply-refused");
  const said = /^command 1 of an answer: \d+ bytes do not fit into one packet$/;
  assert.match(line?.message ?? "", said);
  assert.equal(textOf(rig.next()), "two");
});

test("a time too large for a number is as long as can be, and ends no answer", async () => {
  const { rig, socket, id: own } = await HttpRig.talking({}, "one");
  const id = JSON.stringify(own);
  const commands = [
    `["send", ${id}, "ttl", {"ttl": 1e400}]`,
    `["send", ${id}, "at", {"ttl": 5, "at": 1e400}]`,
    `["publish", "@all", "group", {"ttl": 1e400}]`,
    `["send", ${id}, "after"]`,
  ];
  await rig.next().answer(200, `[${commands.join(",")}]`, "application/json");
  assert.deepEqual(dataOf(socket), ["ttl", "at", "group", "after"]);
  assert.equal(rig.errors("command-malformed"), 0);
});
