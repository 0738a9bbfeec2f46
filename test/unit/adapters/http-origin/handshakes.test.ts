import assert from "node:assert/strict";
import { test } from "node:test";
import { AwsForm } from "../../../../adapters/http-origin/mod.ts";
import { limits, ServiceError } from "../../../../core/base/mod.ts";
import type { HandshakeAnswer } from "../../../../core/ports/mod.ts";
import { eventOf, HttpRig } from "../../../support/http/http-rig.ts";
import { MemorySocket } from "../../../support/memory/mod.ts";

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
