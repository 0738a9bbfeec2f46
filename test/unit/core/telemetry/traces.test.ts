import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { limits, parseTraceparent, writeTraceparent } from "../../../../core/base/mod.ts";
import type { Authorizer, HandshakeAdmission } from "../../../../core/ports/mod.ts";
import { type MemorySocket, type MemorySpan, MemoryTracer } from "../../../support/memory/mod.ts";
import type { SaidOptions } from "../../../support/memory-node/gateway-options.ts";
import {
  type Item,
  idOf,
  type MemoryNodeParts,
  messagesOf,
  upgradeRequest,
} from "../../../support/memory-node/memory-node.ts";
import { eventsOf, NodeRig } from "../../../support/memory-node/node-rig.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const sampled = `00-${traceId}-b7ad6b7169203331-01`;
const unsampled = sampled.replace(/1$/, "0");

interface Rig extends NodeRig {
  readonly tracer: MemoryTracer;
}

async function start(
  parts: Partial<MemoryNodeParts> = {},
  options: SaidOptions = {},
): Promise<Rig> {
  const tracer = new MemoryTracer();
  tracer.samples = false;
  const rig = new NodeRig(options, { tracer, ...parts });
  await rig.node.gateway.start();
  return Object.assign(rig, { tracer });
}

async function admission(rig: NodeRig, traceparent?: string): Promise<HandshakeAdmission> {
  const headers = traceparent === undefined ? {} : { traceparent };
  const answer = await rig.node.handshake("/chat?token=x", headers);
  assert.ok(answer.accepted);
  return answer;
}

async function open(rig: NodeRig, traceparent?: string): Promise<MemorySocket> {
  return rig.node.open(await admission(rig, traceparent));
}

function contextOf(span: MemorySpan | undefined): string {
  assert.ok(span);
  return writeTraceparent(span.context);
}

test("a client's trace: handshake, messages and close are spans, named by events", async () => {
  const rig = await start();
  const socket = await open(rig, sampled);
  socket.receive("hello");
  socket.receive(Uint8Array.of(1, 2));
  socket.clientCloses(1000, "");
  const { tracer } = rig;
  assert.ok(tracer.named("publish message").every((span) => span.ended === undefined));
  await rig.rest();
  const [handshake, ...rest] = tracer.spans;
  const found = tracer.spans.map(({ name, start: { kind } }) => `${name} ${kind}`);
  assert.deepEqual(found, [
    "GET server",
    "publish message producer",
    "publish message producer",
    "publish close producer",
  ]);
  assert.deepEqual(handshake?.start.parent, parseTraceparent(sampled));
  for (const span of rest) assert.deepEqual(span.start.parent, handshake?.context);
  for (const span of rest) assert.deepEqual(span.events, ["published"]);
  assert.ok(tracer.spans.every((span) => span.ended !== undefined && span.error === undefined));
  const [[, , info]] = eventsOf(rig.published, "open") as [[string, number, { trace?: unknown }]];
  assert.equal(info.trace, contextOf(handshake));
  const id = idOf(socket);
  assert.deepEqual(eventsOf(rig.published, "message"), [
    [id, 1, "hello", null, contextOf(rest[0])],
    [id, 2, Uint8Array.of(1, 2), null, contextOf(rest[1])],
  ]);
  assert.deepEqual(eventsOf(rig.published, "close"), [
    [id, 3, 1000, "", "client", { trace: contextOf(rest[2]) }],
  ]);
});

test("the attributes of spans have no query, no payload and no header", async () => {
  const rig = await start();
  const socket = await open(rig, sampled);
  socket.receive("secret of a payload");
  socket.clientCloses(1000, "");
  await rig.rest();
  const all = rig.tracer.spans.map(({ start: { attributes }, ended }) => ({
    ...attributes,
    ...ended,
  }));
  const id = idOf(socket);
  const published = {
    "messaging.system": "websocket-service",
    "messaging.operation.name": "publish",
    "messaging.operation.type": "send",
    "messaging.destination.name": "events",
    "wss.connection.id": id,
  };
  assert.deepEqual(all, [
    {
      "http.request.method": "GET",
      "url.path": "/chat",
      "network.protocol.name": "http",
      "http.response.status_code": 101,
      "wss.app": "default",
      "wss.connection.id": id,
    },
    {
      ...published,
      "wss.event": "message",
      "wss.event.seq": 1,
      "messaging.message.body.size": 19,
    },
    { ...published, "wss.event": "close", "wss.cause": "client", "wss.event.seq": 2 },
  ]);
});

test("what is not sampled is the same to the byte as without traces", async () => {
  const batches: string[][] = [];
  for (const tracer of [undefined, new MemoryTracer()]) {
    if (tracer !== undefined) tracer.samples = false;
    const rig = new NodeRig({}, tracer === undefined ? {} : { tracer });
    const bytes: string[] = [];
    rig.broker.onEvents(({ batch }) => bytes.push(Buffer.from(batch).toString("hex")));
    await rig.node.gateway.start();
    for (const header of [undefined, unsampled, "00-hostile"]) {
      const socket = await open(rig, header);
      rig.node.local([["state", idOf(socket), { a: 1 }]]);
      socket.receive("hello");
      socket.receive(Uint8Array.of(0));
      socket.clientCloses(1000, "bye");
      await rig.rest();
    }
    assert.equal(tracer?.spans.length ?? 0, 0);
    batches.push(bytes);
  }
  assert.ok((batches[0]?.length ?? 0) > 0);
  assert.deepEqual(batches[1], batches[0]);
});

test("a state stands before the trace", async () => {
  const rig = await start();
  const socket = await open(rig, sampled);
  rig.node.local([["state", idOf(socket), ["s"]]]);
  socket.receive("a");
  rig.node.local([["state", idOf(socket), null]]);
  socket.receive("b");
  await rig.rest();
  const states = eventsOf(rig.published, "message").map(([, , , state]) => state);
  assert.deepEqual(states, [["s"], null]);
});

test("the sampler decides where a header is hostile, or clients are not trusted", async () => {
  const hostile = ["", "x".repeat(55), `${sampled}, ${sampled}`, sampled.toUpperCase()];
  for (const [trustsClients, headers] of [
    [true, hostile],
    [false, [sampled, unsampled]],
  ] as const) {
    const rig = await start({ trustsClients });
    for (const header of headers) await open(rig, header);
    assert.equal(rig.tracer.spans.length, 0);
    rig.tracer.samples = true;
    for (const header of headers) await open(rig, header);
    assert.deepEqual(
      rig.tracer.spans.map(({ start: { parent } }) => parent),
      headers.map(() => undefined),
    );
  }
});

test("so many spans a second are recorded, whoever asks, and the others are counted", async () => {
  const rig = await start({ spansPerSecondMax: 3 });
  const socket = await open(rig, sampled);
  for (let count = 0; count < 5; count++) socket.receive(`${count}`);
  await rig.rest();
  const traced = (): boolean[] =>
    eventsOf(rig.published, "message").map((item) => item.length === 5);
  assert.deepEqual(traced(), [true, true, false, false, false]);
  assert.equal(rig.node.droppedSpans("rate"), 3);
  rig.clock.advance(1_000);
  socket.receive("later");
  await rig.rest();
  assert.equal(traced().at(-1), true);
});

test("a connection has so many traced messages; its end is always seen", async () => {
  const rig = await start({ spansPerSecondMax: 1_000_000 });
  const socket = await open(rig, sampled);
  for (let count = 0; count < limits.spansPerConnectionMax + 2; count++) socket.receive("x");
  socket.clientCloses(1000, "");
  await rig.rest();
  assert.equal(rig.tracer.named("publish message").length, limits.spansPerConnectionMax);
  assert.equal(rig.node.droppedSpans("connection"), 2);
  assert.equal(eventsOf(rig.published, "message").length, limits.spansPerConnectionMax + 2);
  assert.equal(rig.tracer.named("publish close").length, 1);
});

test("a message that leaves no room for its trace has none", async () => {
  const rig = await start();
  const socket = await open(rig, sampled);
  const most = 10_000 - limits.messageTraceBytes;
  for (const bytes of [most, most + 1, 10_000]) {
    socket.receive("a".repeat(bytes));
    socket.receive(new Uint8Array(bytes));
  }
  // Three bytes a character.
  socket.receive("€".repeat(Math.floor(most / 3)));
  socket.receive("€".repeat(Math.ceil((most + 1) / 3)));
  await rig.rest();
  const traced = eventsOf(rig.published, "message").map((item) => item.length === 5);
  assert.deepEqual(traced, [true, true, false, false, false, false, true, false]);
  assert.equal(rig.node.droppedSpans("size"), 5);
});

test("handshakes that are refused, or left, end their span", async () => {
  const rig = await start({}, { connectionsMax: 1, subprotocols: [] });
  const left = await admission(rig, sampled);
  rig.node.gateway.abandon(left);
  const socket = await open(rig, sampled);
  const full = await rig.node.handshake("/", { traceparent: sampled });
  assert.equal(!full.accepted && full.statusCode, 503);
  const wrong = await rig.node.handshake("/", {
    traceparent: sampled,
    "sec-websocket-version": "8",
  });
  assert.equal(!wrong.accepted && wrong.statusCode, 426);
  const request = upgradeRequest("/", { traceparent: sampled });
  const header = (name: string) => (name === "upgrade" ? undefined : request.header(name));
  const plain = await rig.node.gateway.handshake({ ...request, header });
  assert.equal(plain.accepted, false);
  assert.deepEqual(
    rig.tracer
      .named("GET")
      .map(({ ended, error }) => [ended?.["http.response.status_code"], error]),
    [
      [undefined, "handshake-left"],
      [101, undefined],
      [503, "connections-full"],
      [426, undefined],
    ],
    "a plain GET has no span",
  );
  assert.equal(rig.tracer.named("GET")[3]?.ended?.["error.type"], "handshake-version");
  socket.clientCloses(1000, "");
});

test("the decision of a token is a span below the handshake's", async () => {
  const answers: Awaited<ReturnType<Authorizer["authorize"]>>[] = [
    { accepted: true, grant: { user: "ada" } },
    { accepted: false, errorCode: "token-invalid", statusCode: 401, headers: {}, body: "" },
  ];
  const authorize = (): Promise<(typeof answers)[number]> =>
    Promise.resolve(answers.shift() as (typeof answers)[number]);
  const rig = await start({ authorize }, { authorize: "jwt" });
  await open(rig, sampled);
  const refused = await rig.node.handshake("/", { traceparent: sampled });
  assert.equal(refused.accepted, false);
  const [granted, denied] = rig.tracer.named("authorize") as [MemorySpan, MemorySpan];
  const [first, second] = rig.tracer.named("GET") as [MemorySpan, MemorySpan];
  assert.deepEqual(granted.start.parent, first.context);
  assert.deepEqual(denied.start.parent, second.context);
  assert.deepEqual(granted.start.attributes, { "wss.authorize": "token" });
  assert.deepEqual([granted.ended, granted.error], [{}, undefined]);
  assert.deepEqual(denied.ended, {
    "http.response.status_code": 401,
    "error.type": "token-invalid",
  });
});

test("an origin that decides gets the span of its decision", async () => {
  const rig = await start({}, { authorize: "origin" });
  const asked = rig.node.handshake("/", { traceparent: sampled });
  await rig.rest();
  const [[id, request]] = eventsOf(rig.published, "connect") as [[string, { trace?: string }]];
  const [decision] = rig.tracer.named("authorize");
  assert.equal(request.trace, contextOf(decision));
  assert.deepEqual(decision?.start.attributes, { "wss.authorize": "origin" });
  assert.equal(decision?.ended, undefined);
  rig.node.local([["accept", id, {}]]);
  const answer = await asked;
  assert.ok(answer.accepted);
  assert.ok(decision?.ended);
  rig.node.open(answer);
  await rig.rest();
  const [[, , info]] = eventsOf(rig.published, "open") as [[string, number, { trace?: string }]];
  assert.equal(info.trace, contextOf(rig.tracer.named("GET")[0]));
});

const traced = (options: Readonly<Record<string, unknown>> = {}) => ({
  trace: sampled,
  ...options,
});

test("a command with a trace is a span of it, until its message is written", async () => {
  const rig = await start();
  const socket = await open(rig);
  const id = idOf(socket);
  rig.node.local([["send", id, "hello", traced()]], "default", "shop-1");
  const [span] = rig.tracer.spans;
  assert.ok(span);
  assert.deepEqual(span.start, {
    kind: "consumer",
    name: "process send",
    parent: parseTraceparent(sampled),
    attributes: {
      "messaging.system": "websocket-service",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": "commands",
      "messaging.client.id": "shop-1",
      "wss.command": "send",
      "wss.app": "default",
      "messaging.message.body.size": 5,
    },
  });
  assert.equal(span.ended, undefined);
  assert.deepEqual(messagesOf(socket), []);
  await rig.rest();
  assert.deepEqual(messagesOf(socket), ["hello"]);
  assert.deepEqual(span.ended, {});
});

test("every verb can be traced, and no trace changes what a command does", async () => {
  const rig = await start();
  const socket = await open(rig);
  const id = idOf(socket);
  const items: Item[] = [
    ["join", id, "g", traced()],
    ["publish", "g", "to all", traced()],
    ["state", id, 1, traced()],
    ["renew", id, 0, traced()],
    ["query", id, traced({ ref: 1 })],
    ["leave", id, "g", traced()],
    ["send", id, "unsampled", { trace: unsampled }],
    ["close", id, 4000, "bye", traced()],
  ];
  // A sender that does not record has no span, whatever the sampler says.
  rig.tracer.samplesAll = true;
  rig.node.local(items);
  await rig.rest();
  assert.deepEqual(
    rig.tracer.spans.map(({ name }) => name),
    ["join", "publish", "state", "renew", "query", "leave", "close"].map(
      (verb) => `process ${verb}`,
    ),
  );
  assert.ok(rig.tracer.spans.every(({ ended }) => ended !== undefined));
  assert.equal(rig.node.droppedSpans("malformed"), 0);
  const got = socket.delivered.map((one) => (one.type === "message" ? one.data : one.type));
  assert.deepEqual(got, ["to all", "unsampled", "close"]);
});

test("a trace that is none is ignored and counted; the command is carried out", async () => {
  const rig = await start();
  const socket = await open(rig);
  const id = idOf(socket);
  const hostile = ["", 7, true, {}, [sampled], sampled.toUpperCase(), `${sampled}-x`];
  hostile.push("é".repeat(55));
  for (const trace of hostile) rig.node.local([["send", id, "x", { trace }]]);
  await rig.rest();
  assert.equal(rig.tracer.spans.length, 0);
  assert.equal(rig.node.droppedSpans("malformed"), hostile.length);
  assert.equal(messagesOf(socket).length, hostile.length);
});

test("a command to all nodes is a span of those that have one of its ids", async () => {
  const rig = await start();
  const socket = await open(rig);
  const send = (ids: readonly string[]): void =>
    rig.broker.command("default", "o", undefined, encode([["send", ids, "x", traced()]]));
  send(["other.AAAAq7Zf3kR0vYwT2mLpXs9eJc"]);
  await rig.rest();
  assert.equal(rig.tracer.spans.length, 0);
  send(["other.AAAAq7Zf3kR0vYwT2mLpXs9eJc", idOf(socket)]);
  await rig.rest();
  assert.equal(rig.tracer.spans.length, 1);
});

test("without a tracer nothing of a trace is read", async () => {
  const rig = new NodeRig();
  await rig.node.gateway.start();
  const socket = await open(rig, sampled);
  socket.receive("a");
  rig.node.local([["send", idOf(socket), "b", traced()]]);
  await rig.rest();
  assert.deepEqual(eventsOf(rig.published, "message"), [[idOf(socket), 1, "a"]]);
  assert.deepEqual(messagesOf(socket), ["b"]);
  assert.equal(rig.node.droppedSpans("rate"), -1);
});

test("a traced message that moves to another origin keeps its trace; its span ends", async () => {
  const rig = await start({}, { mode: "assigned" });
  const presence = { v: 1, incarnation: "i", at: 0, every: 1_000 } as const;
  rig.node.channel.origin("default", "o1", presence);
  const socket = await open(rig, sampled);
  socket.receive("hello");
  await rig.rest();
  const [message] = rig.tracer.named("publish message");
  assert.deepEqual([message?.events, message?.ended], [["published"], undefined]);
  rig.node.channel.origin("default", "o2", presence);
  rig.node.channel.origin("default", "o1", undefined);
  rig.clock.advance(limits.originGraceMs + limits.routerTickMs);
  await rig.rest();
  assert.deepEqual(message?.events, ["published", "moved"]);
  assert.ok(message?.ended);
  const items = eventsOf(rig.published, "message");
  assert.equal(items.length, 2);
  assert.deepEqual(items[1], items[0]);
  const told = ["assigned", "open"].flatMap((verb) => eventsOf(rig.published, verb));
  assert.ok(told.length >= 2, `${told.length}`);
});
