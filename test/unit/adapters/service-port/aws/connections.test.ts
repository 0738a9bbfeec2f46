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
  for (const target of [path(id, "chat"), path(id), `${path(id)}?app=chat`]) {
    await rig.ask(target, { body: "x" });
  }
  const apps = rig.port.calls.map(([app]) => app);
  assert.deepEqual(apps, ["chat", "default", "chat"]);
});

test("@connections: GET tells since when, and whose it is; DELETE closes with 1000", async () => {
  const rig = new ServiceRig();
  const id = rig.port.open("a");
  const told = await rig.ask(path(id), { method: "GET" });
  assert.equal(told.status, 200);
  assert.deepEqual(told.json, {
    connectedAt: "1970-01-01T00:00:01.000Z",
    lastActiveAt: "1970-01-01T00:00:02.500Z",
    identity: { sourceIp: "192.0.2.7", userAgent: "test/1" },
  });
  const ended = await rig.ask(path(id), { method: "DELETE" });
  assert.deepEqual([ended.status, ended.text], [204, ""]);
  assert.deepEqual(rig.port.connections.get(id)?.closed, [1000, ""]);
});

test("@connections: what is not there is gone; no node means nothing is sent", async () => {
  const rig = new ServiceRig();
  const gone = [410, "GoneException", "id-gone"];
  for (const method of ["POST", "GET", "DELETE"]) {
    assert.deepEqual(fault(await rig.ask(path("n1.none"), { method })), gone, method);
    const asked = rig.port.calls.length;
    // A back end that comes from API Gateway deletes ids that it still has from there.
    for (const id of ["n2.none", "L0SM9cOFvHcCIhw%3D"]) {
      assert.deepEqual(fault(await rig.ask(path(id), { method })), gone, `${method} ${id}`);
    }
    assert.equal(rig.port.calls.length, asked, method);
  }
  const closing = rig.port.open("a", { closing: true });
  assert.deepEqual(fault(await rig.ask(path(closing), { method: "GET" })), gone);
});

test("@connections: a path with a slash at its end is none", async () => {
  const rig = new ServiceRig();
  const target = `${path(rig.port.open("a"))}/`;
  for (const method of ["POST", "GET", "DELETE"]) {
    assert.equal((await rig.ask(target, { method })).status, 404, method);
  }
  for (const short of ["/prod/@connections", "/prod/@connections/", "/@connections"]) {
    const answer = await rig.ask(short);
    assert.deepEqual(fault(answer), [404, "NotFoundException", "request-path"], short);
    assert.match(answer.text, /the paths are .*\{stage\}\/@connections\/\{id\}/);
  }
  for (const other of ["/a/b/@connections/n1.a", "/a///@connections/n1.a", "//sr", "/a//sr"]) {
    assert.equal((await rig.ask(other)).status, 404, other);
  }
  assert.deepEqual(rig.port.calls, []);
});

test("@connections: what is no id is a bad request, and another method 405", async () => {
  const rig = new ServiceRig();
  for (const id of ["nobody", "N1.a", "10.0.0.1%3A80", "n1%2E%2E", "n1.a%20", "=", "a=b"]) {
    const answer = await rig.ask(path(id), { body: "x" });
    assert.deepEqual(fault(answer), [400, "BadRequestException", "id-malformed"], id);
  }
  const put = await rig.ask(path("n1.a"), { method: "PUT" });
  assert.deepEqual(fault(put), [405, "MethodNotAllowedException", "request-method"]);
  assert.equal(put.headers.get("allow"), "POST, GET, DELETE");
  assert.deepEqual(rig.port.calls, []);
});

const tooLarge = "PayloadTooLargeException";
for (const [what, connection, bytes, ...expected] of [
  ["the longest message", {}, 131_072, 200],
  ["one that is longer", {}, 131_073, 413, tooLarge, "request-too-big"],
  ["one above a setting", { outcome: "publish-too-big" }, 1, 413, tooLarge, "publish-too-big"],
  ["one above the queue", { outcome: "queue-too-small" }, 1, 413, tooLarge, "queue-too-small"],
  ["a client that reads slowly", { outcome: "slow" }, 1, 200],
  [
    "a client whose queue is full",
    { outcome: "slow", closing: true },
    1,
    ...[429, "LimitExceededException", "send-queue-full"],
  ],
  // It is not gone.
  [
    "a node that does not answer",
    { outcome: "unknown" },
    1,
    ...[504, "GatewayTimeoutException", "reply-timeout"],
  ],
] as const) {
  test(`@connections: ${what} is ${expected.join(", ")}`, async () => {
    const rig = new ServiceRig();
    const target = path(rig.port.open("a", connection));
    const answer = await rig.ask(target, { body: "x".repeat(bytes) });
    if (expected[0] === 200) assert.equal(answer.status, 200);
    else assert.deepEqual(fault(answer), expected);
  });
}

test("@connections: who may not send is forbidden, in AWS's form", async () => {
  const bearer = { headers: { authorization: "Bearer wrong" } };
  const accessKeys = new Map([["AKIDEXAMPLE", "secret"]]);
  for (const [options, asked, code] of [
    [{}, { address: "10.0.0.1" }, "request-forbidden"],
    [{ token: "t" }, bearer, "request-token"],
    // A stranger's body is not waited for.
    [{ token: "t" }, { readBody: () => new Promise<never>(() => {}) }, "request-token"],
    [{ accessKeys }, {}, "request-forbidden"],
    // Without a token there is none to bear: the request has to be signed.
    [{ accessKeys }, bearer, "request-forbidden"],
    [{ accessKeys, token: "t" }, bearer, "request-token"],
  ] as const) {
    const rig = new ServiceRig(options);
    const answer = await rig.ask(path(rig.port.open("a")), { body: "x", ...asked });
    assert.deepEqual(fault(answer), [403, "ForbiddenException", code]);
    assert.deepEqual(rig.port.calls, []);
  }
  const rig = new ServiceRig({ accessKeys, token: "t" });
  const headers = { authorization: "Bearer t" };
  assert.equal((await rig.ask(path(rig.port.open("a")), { body: "x", headers })).status, 200);
});

/** What a signed request has, with a signature that is not right. */
function claims(accessKey: string, now: number): Readonly<Record<string, string>> {
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const scope = `${accessKey}/${time.slice(0, 8)}/eu-central-1/execute-api/aws4_request`;
  const algorithm = "AWS4-HMAC-SHA256";
  const signed = `SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`;
  return { "X-Amz-Date": time, Authorization: `${algorithm} Credential=${scope}, ${signed}` };
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
