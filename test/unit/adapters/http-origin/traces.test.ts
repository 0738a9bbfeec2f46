import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, writeTraceparent } from "../../../../core/base/mod.ts";
import { HttpRig } from "../../../support/http/http-rig.ts";
import { MemorySocket, type MemorySpan, MemoryTracer } from "../../../support/memory/mod.ts";
import { idOf, upgradeRequest } from "../../../support/memory-node/memory-node.ts";

const sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const other = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const header = (span: MemorySpan | undefined): string => {
  assert.ok(span);
  return writeTraceparent(span.context);
};

async function opened(rig: HttpRig, traceparent: string): Promise<MemorySocket> {
  const asked = rig.gateway.handshake(upgradeRequest("/", { traceparent }));
  const answer = await asked;
  assert.ok(answer.accepted);
  const socket = new MemorySocket(rig.gateway, answer);
  await rig.settle();
  return socket;
}

test("requests of traced events name their span, and their commands belong to it", async () => {
  const tracer = new MemoryTracer();
  tracer.samples = false;
  const rig = await HttpRig.start({ tracer, secret: "s" });
  const socket = await opened(rig, sampled);
  const id = idOf(socket);
  const open = rig.next();
  assert.equal(open.headers.traceparent, header(tracer.named("GET")[0]));
  assert.ok(open.headers["webhook-signature"]);
  await open.answer(200);
  await rig.receive(socket, "hello");
  const [message] = tracer.named("publish message");
  const request = rig.next();
  assert.equal(request.headers.traceparent, header(message));
  assert.equal(message?.ended, undefined);
  await request.answer(200, [
    ["send", id, "by the event"],
    ["send", id, "by another", { trace: other }],
    ["send", id, "malformed", { trace: "x" }],
    ["publish", "g", "by the event", { ttl: 5_000 }],
    ["close", id, 4000],
  ]);
  await rig.settle();
  const parents = tracer.spans
    .filter(({ start: { kind } }) => kind === "consumer")
    .map(({ name, start: { parent } }) => [name, parent && writeTraceparent(parent)]);
  assert.deepEqual(parents, [
    ["process send", header(message)],
    ["process send", other],
    ["process send", header(message)],
    ["process publish", header(message)],
    ["process close", header(message)],
  ]);
  await rig.advance(limits.ackDelayMs * limits.ackWaitsMax);
  assert.ok(message?.ended, "the answer acknowledges it");
  const close = rig.next();
  assert.equal(close.headers.traceparent, header(tracer.named("publish close")[0]));
  await close.answer(200);
});

test("a request of what is not traced has no such header", async () => {
  const tracer = new MemoryTracer();
  tracer.samples = false;
  const rig = await HttpRig.start({ tracer });
  const socket = await opened(rig, "00-hostile\r\nx: y");
  const open = rig.next();
  assert.deepEqual(Object.keys(open.headers), ["content-type"]);
  await open.answer(200, [["send", idOf(socket), "x"]]);
  await rig.settle();
  assert.deepEqual(tracer.spans, []);
});

test("a handshake that an HTTP origin decides about names the span of the decision", async () => {
  const tracer = new MemoryTracer();
  const rig = await HttpRig.start({ tracer, gateway: { authorize: "origin" } });
  const asked = rig.gateway.handshake(upgradeRequest("/", { traceparent: sampled }));
  await rig.settle();
  const request = rig.next();
  assert.equal(request.headers.traceparent, header(tracer.named("authorize")[0]));
  await request.answer(403);
  const answer = await asked;
  assert.equal(!answer.accepted && answer.statusCode, 403);
});
