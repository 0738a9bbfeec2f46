import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Answer,
  type Asked,
  ServiceRig,
} from "../../../../support/service-port/service-rig.ts";

const path = (id: string, stage = "prod"): string => `/${stage}/@connections/${id}`;

/** The status of an error, and its type where SDKs look for it. */
function fault({ status, headers, json }: Answer): unknown[] {
  const { __type, code, message } = json as Record<string, unknown>;
  assert.equal(headers.get("x-amzn-errortype"), __type);
  assert.ok(typeof message === "string" && message !== "");
  return [status, __type, code];
}

test("@connections: POST sends the body as one message", async () => {
  const rig = new ServiceRig();
  const id = rig.port.open("a");
  // AWS's SDKs write two slashes behind a stage whose endpoint ends with one.
  const others = [`/@connections/${id}`, `/a%20b/%40connections/${id}`, path(id, "prod/")];
  for (const target of [path(id), ...others]) {
    const answer = await rig.ask(target, { body: "hé" });
    assert.deepEqual([answer.status, answer.text], [200, ""], target);
  }
  await rig.ask(path(id), { body: new Uint8Array([0xff, 0]) });
  const got = rig.port.connections.get(id)?.got;
  assert.deepEqual(got, ["hé", "hé", "hé", "hé", new Uint8Array([0xff, 0])]);
});

test("@connections: a stage of an app's name is that app, any other the first", async () => {
  const rig = new ServiceRig();
  const id = rig.port.open("a");
  await rig.ask(path(id, "chat"), { body: "x" });
  await rig.ask(path(id, "prod"), { body: "x" });
  await rig.ask(`${path(id, "prod")}?app=chat`, { body: "x" });
  assert.deepEqual(
    rig.port.calls.map(([app]) => app),
    ["chat", "default", "chat"],
  );
});

test("@connections: a stranger's body is not waited for", async () => {
  const rig = new ServiceRig({ token: "secret" });
  const target = path(rig.port.open("a"));
  const answer = await rig.ask(target, { readBody: () => new Promise(() => {}) });
  assert.equal(fault(answer)[0], 403);
});

test("@connections: GET tells since when, and whose it is", async () => {
  const rig = new ServiceRig();
  const answer = await rig.ask(path(rig.port.open("a")), { method: "GET" });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, {
    connectedAt: "1970-01-01T00:00:01.000Z",
    lastActiveAt: "1970-01-01T00:00:02.500Z",
    identity: { sourceIp: "192.0.2.7", userAgent: "test/1" },
  });
});

test("@connections: a connection that is being closed is gone", async () => {
  const rig = new ServiceRig();
  const id = rig.port.open("a", { closing: true });
  const answer = await rig.ask(path(id), { method: "GET" });
  assert.deepEqual(fault(answer), [410, "GoneException", "id-gone"]);
});

test("@connections: DELETE closes with 1000", async () => {
  const rig = new ServiceRig();
  const id = rig.port.open("a");
  const answer = await rig.ask(path(id), { method: "DELETE" });
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.deepEqual(rig.port.connections.get(id)?.closed, [1000, ""]);
});

test("@connections: what is not there is gone; no node means nothing is sent", async () => {
  const rig = new ServiceRig();
  for (const method of ["POST", "GET", "DELETE"]) {
    const own = await rig.ask(path("n1.none"), { method });
    assert.deepEqual(fault(own), [410, "GoneException", "id-gone"], method);
    const asked = rig.port.calls.length;
    const other = await rig.ask(path("n2.none"), { method });
    assert.deepEqual(fault(other), [410, "GoneException", "id-gone"], method);
    // A back end that comes from API Gateway deletes ids that it still has from there.
    const former = await rig.ask(path("L0SM9cOFvHcCIhw%3D"), { method });
    assert.deepEqual(fault(former), [410, "GoneException", "id-gone"], method);
    assert.equal(rig.port.calls.length, asked, method);
  }
});

test("@connections: a path with a slash at its end is none", async () => {
  const rig = new ServiceRig();
  const target = `${path(rig.port.open("a"))}/`;
  for (const method of ["POST", "GET", "DELETE"]) {
    assert.equal((await rig.ask(target, { method })).status, 404, method);
  }
  for (const short of ["/prod/@connections", "/prod/@connections/", "/@connections"]) {
    const answer = await rig.ask(short, { method: "POST" });
    assert.deepEqual(fault(answer), [404, "NotFoundException", "request-path"], short);
    assert.match(answer.text, /the paths are .*\{stage\}\/@connections\/\{id\}/);
  }
  for (const other of ["/a/b/@connections/n1.a", "/a///@connections/n1.a", "//sr", "/a//sr"]) {
    assert.equal((await rig.ask(other, { method: "POST" })).status, 404, other);
  }
  assert.deepEqual(rig.port.calls, []);
});

test("@connections: what is no id is a bad request", async () => {
  const rig = new ServiceRig();
  for (const id of ["nobody", "N1.a", "10.0.0.1%3A80", "n1%2E%2E", "n1.a%20", "=", "a=b"]) {
    const answer = await rig.ask(path(id), { body: "x" });
    assert.deepEqual(fault(answer), [400, "BadRequestException", "id-malformed"], id);
  }
  assert.deepEqual(rig.port.calls, []);
});

test("@connections: a message that is too long is 413", async () => {
  const rig = new ServiceRig();
  const id = rig.port.open("a");
  assert.equal((await rig.ask(path(id), { body: "x".repeat(131_072) })).status, 200);
  const long = await rig.ask(path(id), { body: "x".repeat(131_073) });
  assert.deepEqual(fault(long), [413, "PayloadTooLargeException", "request-too-big"]);
  for (const outcome of ["publish-too-big", "queue-too-small"]) {
    const other = rig.port.open(outcome, { outcome });
    const answer = await rig.ask(path(other), { body: "x" });
    assert.deepEqual(fault(answer), [413, "PayloadTooLargeException", outcome]);
  }
});

test("@connections: a slow client is 429 once its queue is full", async () => {
  const rig = new ServiceRig();
  const waits = rig.port.open("waits", { outcome: "slow" });
  assert.equal((await rig.ask(path(waits), { body: "x" })).status, 200);
  const full = rig.port.open("full", { outcome: "slow", closing: true });
  const answer = await rig.ask(path(full), { body: "x" });
  assert.deepEqual(fault(answer), [429, "LimitExceededException", "send-queue-full"]);
});

test("@connections: a node that does not answer is 504, and not gone", async () => {
  const rig = new ServiceRig();
  const id = rig.port.open("a", { outcome: "unknown" });
  const answer = await rig.ask(path(id), { body: "x" });
  assert.deepEqual(fault(answer), [504, "GatewayTimeoutException", "reply-timeout"]);
});

test("@connections: other methods are 405", async () => {
  const rig = new ServiceRig();
  const answer = await rig.ask(path("n1.a"), { method: "PUT" });
  assert.deepEqual(fault(answer), [405, "MethodNotAllowedException", "request-method"]);
  assert.equal(answer.headers.get("allow"), "POST, GET, DELETE");
});

test("@connections: who may not send is forbidden, in AWS's form", async () => {
  const forbidden = async (rig: ServiceRig, asked: Asked, code: string): Promise<void> => {
    const answer = await rig.ask(path(rig.port.open("a")), { body: "x", ...asked });
    assert.deepEqual(fault(answer), [403, "ForbiddenException", code]);
    assert.deepEqual(rig.port.calls, []);
  };
  const bearer = { headers: { authorization: "Bearer wrong" } };
  await forbidden(new ServiceRig(), { address: "10.0.0.1" }, "request-forbidden");
  await forbidden(new ServiceRig({ token: "t" }), bearer, "request-token");
  const accessKeys = new Map([["AKIDEXAMPLE", "secret"]]);
  await forbidden(new ServiceRig({ accessKeys }), {}, "request-forbidden");
  // Without a token there is none to bear: the request has to be signed.
  await forbidden(new ServiceRig({ accessKeys }), bearer, "request-forbidden");
  await forbidden(new ServiceRig({ accessKeys, token: "t" }), bearer, "request-token");
  const rig = new ServiceRig({ accessKeys, token: "t" });
  const headers = { authorization: "Bearer t" };
  assert.equal((await rig.ask(path(rig.port.open("a")), { body: "x", headers })).status, 200);
});

/** What a signed request has, with a signature that is not right. */
function claims(accessKey: string, now: number): Readonly<Record<string, string>> {
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const scope = `${accessKey}/${time.slice(0, 8)}/eu-central-1/execute-api/aws4_request`;
  const signature = "0".repeat(64);
  return {
    "X-Amz-Date": time,
    Authorization: [
      `AWS4-HMAC-SHA256 Credential=${scope}`,
      "SignedHeaders=host;x-amz-date",
      `Signature=${signature}`,
    ].join(", "),
  };
}

test("@connections: strangers with a bad signature keep nobody else from sending", async () => {
  const accessKeys = new Map([["AKIDEXAMPLE", "secret"]]);
  const rig = new ServiceRig({ accessKeys, now: () => 1_700_000_000_000 });
  const target = path(rig.port.open("a"));
  let reads = 0;
  const readBody = (): Promise<never> => {
    reads++;
    return new Promise(() => {});
  };
  const stranger = (accessKey: string): Asked => ({
    headers: claims(accessKey, 1_700_000_000_000),
    length: 131_072,
    readBody,
  });
  const unknown = await rig.ask(target, stranger("AKIDOTHER"));
  assert.deepEqual([fault(unknown)[0], reads], [403, 0], "an unknown key has nothing read");
  const headers = claims("AKIDEXAMPLE", 1_700_000_000_000);
  assert.equal(fault(await rig.ask(target, { headers, body: "x" }))[0], 403);
  for (let count = 0; count < 256; count++) void rig.ask(target, stranger("AKIDEXAMPLE"));
  const more = await rig.ask(target, stranger("AKIDEXAMPLE"));
  assert.deepEqual([fault(more), reads], [[429, "LimitExceededException", "requests-full"], 256]);
  const sent = { OutgoingWebSocketMessages: [] };
  const answer = await rig.ask("/sr", { body: JSON.stringify(sent).padEnd(17_000_000) });
  assert.equal(answer.status, 200, "what others send has its own room");
});
