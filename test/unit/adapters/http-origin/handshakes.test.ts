import assert from "node:assert/strict";
import { test } from "node:test";
import { AwsForm } from "../../../../adapters/http-origin/mod.ts";
import { limits, ServiceError, writeTraceparent } from "../../../../core/base/mod.ts";
import type { HandshakeAnswer } from "../../../../core/ports/mod.ts";
import { eventOf, HttpRig } from "../../../support/http/http-rig.ts";
import { MemorySocket, type MemorySpan, MemoryTracer } from "../../../support/memory/mod.ts";
import { idOf, upgradeRequest } from "../../../support/memory-node/memory-node.ts";

const refused = new ServiceError("http-connect", "http://a cannot be reached (ECONNREFUSED)");

function refusalOf(answer: HandshakeAnswer): Extract<HandshakeAnswer, { accepted: false }> {
  assert.ok(!answer.accepted);
  return answer;
}

test("a handshake is a request, and its answer decides", async () => {
  const rig = await HttpRig.start({ gateway: { authorize: "origin" } });
  const admission = await rig.decided(async () => {
    const request = rig.next();
    const asked = eventOf(request).ConnectionRequested as Record<string, unknown>;
    assert.equal(asked.Path, "/chat");
    await request.answer(200, { user: "ann", groups: ["g"], headers: { "x-seat": "7" } });
  }, "/chat?a=1");
  assert.ok(admission.accepted);
  assert.deepEqual(admission.headers, { "x-seat": "7" });
  const answer = await rig.decided(() => rig.next().answer(403, "not you", "text/plain"));
  assert.equal(refusalOf(answer).statusCode, 403);
});

test("a handshake that waited too long for others' requests is not sent any more", async () => {
  const gateway = { authorize: "origin", authorizeTimeoutMs: 60_000 } as const;
  const rig = await HttpRig.start({ concurrency: 1, gateway });
  rig.open();
  await rig.settle();
  const handshake = rig.handshake("/");
  await rig.advance(16_000);
  await rig.next().answer(200);
  assert.equal(rig.requests.length, 0);
  assert.equal(refusalOf(await handshake).statusCode, 502);
});

test("a refusal keeps its status where its body or a header is too large", async () => {
  const rig = await HttpRig.start({ gateway: { authorize: "origin" } });
  const large = "x".repeat(limits.answerBodyBytesMax + 1);
  const refused = await rig.decided(() => rig.next().answer(403, large, "text/html"));
  const { statusCode, headers, body } = refusalOf(refused);
  assert.deepEqual([statusCode, headers["content-type"]], [403, "application/json"]);
  const { code, message } = JSON.parse(String(body));
  assert.equal(code, "http-answer-too-big");
  assert.match(message, /more than 65536 bytes/);
  assert.equal(rig.errors("http-answer-too-big"), 1);
  const more = { "www-authenticate": "x".repeat(9_000), "retry-after": "3" };
  const challenged = await rig.decided(() => rig.next().answer(401, "no", "text/plain", more));
  const second = refusalOf(challenged);
  assert.equal(second.statusCode, 401);
  assert.equal(second.headers["retry-after"], "3");
  assert.equal(second.headers["www-authenticate"], undefined);
});

const urls = ["http://a/", "http://b/"];
const aborted = new ServiceError(
  "http-aborted",
  "http://a was given up by the caller before it answered",
);

/** A handshake whose request hangs until it gets 504. Returns the URL that was asked. */
async function hangs(rig: HttpRig): Promise<string> {
  let url = "";
  const answer = await rig.decided(async () => {
    const request = rig.next();
    await rig.advance(5_050);
    assert.equal(request.signal?.aborted, true);
    await request.fail(aborted);
    url = request.url;
  });
  assert.equal(refusalOf(answer).statusCode, 504);
  return url;
}

/** A handshake whose request is answered. Returns the URL that was asked. */
async function answered(rig: HttpRig): Promise<string> {
  let url = "";
  const answer = await rig.decided(() => {
    const request = rig.next();
    url = request.url;
    return request.answer(200);
  });
  assert.ok(answer.accepted);
  return url;
}

test("a URL that authorize-timeout cut off is left alone, then probed again", async () => {
  const rig = await HttpRig.start({ urls, gateway: { authorize: "origin" } });
  assert.equal(await hangs(rig), "http://a/");
  assert.equal(await answered(rig), "http://b/", "as where it fails");
  await rig.advance(1_000);
  assert.equal(await hangs(rig), "http://a/", "the probe");
  assert.equal(await answered(rig), "http://b/");
  await rig.advance(2_000);
  assert.equal(await answered(rig), "http://a/", "the next probe");
  assert.equal(await answered(rig), "http://a/");
});

test("a URL that had little of a handshake's time is not to blame for its end", async () => {
  const gateway = { authorize: "origin" } as const;
  const rig = await HttpRig.start({ urls, concurrency: 1, gateway });
  const first = rig.handshake("/");
  await rig.settle();
  const second = rig.handshake("/");
  await rig.advance(4_900);
  await rig.next().answer(200);
  assert.ok((await first).accepted);
  const late = rig.next();
  await rig.advance(150);
  assert.equal(late.signal?.aborted, true);
  await late.fail(aborted);
  assert.ok(!(await second).accepted);
  assert.deepEqual([late.url, await answered(rig)], ["http://a/", "http://a/"]);
});

/** Arrays within arrays. */
function nested(levels: number): unknown {
  return levels === 0 ? 1 : [nested(levels - 1)];
}

test("an origin that cannot be asked lets nobody in, and one that hangs is given up", async () => {
  const rig = await HttpRig.start({ gateway: { authorize: "origin" } });
  const failures: [fail: (rig: HttpRig) => Promise<void>, statusCode: number, code: string][] = [
    [(one) => one.next().fail(refused), 502, "http-connect"],
    [(one) => one.next().answer(302), 502, "handshake-grant"],
    [(one) => one.next().answer(200, { user: 5 }), 502, "handshake-grant"],
    [(one) => one.next().answer(200, { state: nested(31) }), 502, "handshake-grant"],
    [(one) => one.advance(5_050), 504, "authorize-timeout"],
  ];
  for (const [fail, statusCode, wanted] of failures) {
    const answer = refusalOf(await rig.decided(fail));
    assert.equal(answer.statusCode, statusCode);
    assert.equal(answer.headers["content-type"], "application/json");
    const { code, message } = JSON.parse(String(answer.body));
    assert.deepEqual([code, typeof message], [wanted, "string"]);
  }
  assert.equal(rig.next().signal?.aborted, true, "the request that hangs is ended");
});

/** The form of AWS, where handshakes ask or do not. */
function awsForm(authorizes: boolean): AwsForm {
  const options = { routeSelection: "$request.body.action", stage: "s", apiId: "x", authorizes };
  return new AwsForm({ ...options, domainName: "d", now: () => 0, requestId: () => "r" });
}

test("with functions of AWS $connect is the handshake; what a route returns is sent", async () => {
  const rig = await HttpRig.start({ form: awsForm(true), gateway: { authorize: "origin" } });
  const handshake = rig.handshake("/");
  await rig.settle();
  const connect = JSON.parse(rig.requests[0]!.body);
  assert.equal(connect.requestContext.routeKey, "$connect");
  await rig.advance(1_000);
  await rig.next().answer(200, { statusCode: 200 });
  const admission = await handshake;
  assert.ok(admission.accepted);
  const socket = new MemorySocket(rig.gateway, admission);
  await rig.settle();
  assert.equal(rig.requests.length, 0, "open is no event of its own");
  await rig.receive(socket, '{"action":"hi"}');
  const event = JSON.parse(rig.requests[0]!.body);
  assert.equal(event.requestContext.routeKey, "hi");
  assert.equal(event.requestContext.connectionId, connect.requestContext.connectionId);
  assert.equal(event.requestContext.connectedAt, connect.requestContext.connectedAt);
  await rig.next().answer(200, { statusCode: 200, body: "hello" });
  assert.deepEqual(socket.delivered, [{ type: "message", data: "hello" }]);
  socket.clientCloses(1000, "");
  await rig.settle();
  assert.equal(JSON.parse(rig.next().body).requestContext.routeKey, "$disconnect");
});

test("a client that $connect refuses after the handshake is closed", async () => {
  const rig = await HttpRig.start({ form: awsForm(false) });
  const socket = rig.open();
  await rig.settle();
  await rig.next().answer(200, { statusCode: 401 });
  assert.deepEqual(socket.delivered, [{ type: "close", closeCode: 1008, closeReason: "refused" }]);
});

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
