import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { adminLimits } from "../../../adapters/admin/admin-limits.ts";
import { AdminClient } from "../../support/admin/admin-client.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { metricOf } from "../../support/gateway/control-rig.ts";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";

/** A request with any headers; resolves to its status and code. */
function ask(
  port: number,
  path: string,
  options: { readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<[status: number | undefined, code: unknown]> {
  const { body, headers = {} } = options;
  const method = body === undefined ? "GET" : "POST";
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: "127.0.0.1", path, method, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => {
        text += part;
      });
      answer.on("end", () => resolve([answer.statusCode, JSON.parse(text).code]));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

const json = { "content-type": "application/json" };
const message = '{"group":"@all","text":"x"}';

test("beyond this machine the admin port serves nobody without a rule", async () => {
  const gateway = await startGateway({ flags: ["--admin-host", "0.0.0.0"] });
  const { adminPort } = gateway.info;
  for (const path of ["/admin/overview", "/"]) {
    assert.deepEqual(await ask(adminPort, path), [403, "request-forbidden"], path);
    const isTold = ({ event, path: told }: Record<string, unknown>): boolean =>
      event === "request-refused" && told === path;
    await waitFor(() => gateway.log.some(isTold), { what: `the line of ${path}` });
  }
  const advice = gateway.log.filter(({ event }) => event === "setting-advice");
  assert.match(String(advice[0]?.message), /--admin-token/);
  const metrics = await fetch(`http://127.0.0.1:${adminPort}/metrics`);
  assert.equal(metrics.status, 200);
  await metrics.text();
  assert.equal(await metricOf(gateway, 'wss_errors_total{code="request-forbidden"}'), 2);
});

test("what a node refuses is told by its code", async () => {
  const flags = ["--max-publish-size", "16KiB", "--node-name", "edge-1"];
  const gateway = await startGateway({ flags });
  const admin = new AdminClient(gateway.info.adminPort);
  const client = await RawClient.open(gateway.info.port);
  const { id } = (await admin.get("connections")).body.connections[0];
  const big = { text: "x".repeat(20_000) };
  const long = { reason: "x".repeat(124) };
  for (const [path, body, status, code, advice] of [
    [`connections/${id}/send`, big, 413, "publish-too-big", /max-publish-size/],
    ["publish", { ...big, group: "@all" }, 413, "publish-too-big", /max-publish-size/],
    [`connections/${id}/close`, { code: 1005 }, 400, "command-malformed", /1000 to 1003, 1007/],
    [`connections/${id}/close`, long, 400, "command-malformed", /up to 123 bytes/],
    ["connections/edge-1.AAAAother/close", {}, 410, "id-gone", /no connection/],
  ] as const) {
    const answer = await admin.post(path, body);
    assert.deepEqual([answer.status, answer.body.code], [status, code], path);
    assert.match(answer.body.message, advice);
  }
  client.destroy();
});

test("a header that is read from no proxy lets nobody in, and a line says so", async () => {
  const gateway = await startGateway({ flags: ["--admin-user-header", "X-User"] });
  const asked = { headers: { "x-user": "ada" } };
  const answer = await ask(gateway.info.adminPort, "/admin/overview", asked);
  assert.deepEqual(answer, [403, "request-forbidden"]);
  const advice = gateway.log.filter(({ event }) => event === "setting-advice");
  assert.match(String(advice[0]?.message), /set --admin-proxies/);
});

test("tokens and a proxy's header give separate rights; what is refused is counted", async () => {
  const flags = ["--admin-user-header", "X-User", "--admin-proxies", "127.0.0.1"];
  const env = { WSS_ADMIN_TOKEN: "acting-token", WSS_ADMIN_READ_TOKEN: "reading-token" };
  const gateway = await startGateway({ flags: [...flags, "--admin-actors", "ada"], env });
  const port = gateway.info.adminPort;
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  assert.deepEqual(await ask(port, "/admin/overview"), [401, "request-token"]);
  const wrong = bearer("acting-tokem");
  assert.deepEqual(await ask(port, "/admin/overview", { headers: wrong }), [401, "request-token"]);
  const act = (headers: Record<string, string>) =>
    ask(port, "/admin/publish", { headers: { ...json, ...headers }, body: message });
  for (const [headers, mayAct] of [
    [bearer("acting-token"), true],
    [bearer("reading-token"), false],
    [{ "x-user": "ada" }, true],
    [{ "x-user": "bob" }, false],
  ] as const) {
    assert.deepEqual(await ask(port, "/admin/overview", { headers }), [200, undefined]);
    const expected = mayAct ? [200, undefined] : [403, "request-forbidden"];
    assert.deepEqual(await act(headers), expected, JSON.stringify(headers));
  }
  const session = await new AdminClient(port, { "x-user": "bob" }).get("session");
  assert.deepEqual(session.body, { who: "bob", rights: ["read"] });
  assert.equal(await metricOf(gateway, 'wss_errors_total{code="request-token"}'), 2);
  assert.equal(await metricOf(gateway, 'wss_errors_total{code="request-forbidden"}'), 2);
  const refused = await waitFor(() => {
    const told = gateway.log.filter(({ event }) => event === "request-refused");
    return told.length === 4 && told;
  });
  assert.deepEqual(
    refused.map(({ level, code, address }) => [level, code, address]),
    [
      ["warn", "request-token", "127.0.0.1"],
      ["warn", "request-token", "127.0.0.1"],
      ["warn", "request-forbidden", "127.0.0.1"],
      ["warn", "request-forbidden", "127.0.0.1"],
    ],
  );
  assert.deepEqual(await act({}), [401, "request-token"]);
  const form = { ...bearer("acting-token"), "content-type": "text/plain" };
  assert.deepEqual(await act(form), [415, "request-media-type"]);
  const actions = await waitFor(() => {
    const told = gateway.log.filter(({ event }) => event === "admin-action");
    return told.length === 6 && told;
  });
  assert.deepEqual(
    actions.map(({ who, action, target, outcome }) => [who, action, target, outcome]),
    [
      ["admin-token", "publish", "default/@all", "published"],
      ["admin-read-token", "publish", "", "request-forbidden"],
      ["ada", "publish", "default/@all", "published"],
      ["bob", "publish", "", "request-forbidden"],
      ["", "publish", "", "request-token"],
      ["admin-token", "publish", "", "request-media-type"],
    ],
  );
  assert.ok(!gateway.lines.join("\n").includes("acting-token"));
});

test("pages of other hosts get nothing, whatever name they have", async () => {
  const { adminPort: port } = (await startGateway()).info;
  const own = { host: `127.0.0.1:${port}` };
  const refused = [403, "request-forbidden"];
  const rebound = { host: "evil.example" };
  assert.deepEqual(await ask(port, "/admin/overview", { headers: rebound }), refused);
  assert.deepEqual(await ask(port, "/admin/overview", { headers: { host: "localhost:1" } }), [
    200,
    undefined,
  ]);
  for (const headers of [
    { ...own, "sec-fetch-site": "cross-site" },
    { ...own, "sec-fetch-site": "same-site" },
    { ...own, origin: "http://evil.example" },
    { ...own, origin: "null" },
  ]) {
    assert.deepEqual(await ask(port, "/admin/overview", { headers }), refused);
    const posted = { headers: { ...headers, ...json }, body: message };
    assert.deepEqual(await ask(port, "/admin/publish", posted), refused);
  }
  const form = { headers: { ...own, "content-type": "text/plain" }, body: message };
  assert.deepEqual(await ask(port, "/admin/publish", form), [415, "request-media-type"]);
  const fromOwn = { ...own, ...json, origin: `http://127.0.0.1:${port}` };
  const posted = { headers: fromOwn, body: message };
  assert.deepEqual(await ask(port, "/admin/publish", posted), [200, undefined]);
});

const limitRange = /^\?limit: it must be a whole number from 1 to 500$/;
const cursorForm = /^\?after: it must be the `next` of an answer, such as 0:100$/;

test("what cannot be read is refused with its place", async () => {
  const { adminPort: port } = (await startGateway()).info;
  const admin = new AdminClient(port);
  for (const [path, expected] of [
    ...["-1", "0", "501", "99999", "1.5", "1e2", "0x10", "%205", "many"].map(
      (limit) => [`connections?limit=${limit}`, limitRange] as const,
    ),
    ...["x", "-1:0", "0:-1", "0:1.5", "1"].map(
      (after) => [`connections?after=${after}`, cursorForm] as const,
    ),
    ["connections?app=a&app=b", /\?app: it is there twice/],
    ["connections?colour=red", /\?colour: it is unknown/],
    ["connections/none", /the id/],
    ["tail", /\?/],
    ["tail?connection=n.AAAAx&group=g", /\?/],
  ] as const) {
    const { status, body } = await admin.get(path);
    assert.deepEqual([status, body.code], [400, "request-malformed"], path);
    assert.match(body.message, expected, path);
  }
  const send = "connections/n.AAAAx/send";
  for (const [path, body] of [
    [send, {}],
    [send, { text: "a", binary: "AA==" }],
    [send, { binary: "A" }],
    [send, { text: 1 }],
    [send, { text: "a", app: "NO APP" }],
    ["connections/n.AAAAx/close", { code: 1.5 }],
    ["publish", { text: "a" }],
    ["publish", { text: "a", group: "" }],
    ["publish", []],
  ] as const) {
    const answer = await admin.post(path, body);
    assert.deepEqual([answer.status, answer.body.code], [400, "request-malformed"], path);
  }
  const unknown = await admin.post("publish", { text: "a", group: "g", app: "shop" });
  assert.deepEqual([unknown.status, unknown.body.code], [404, "request-path"]);
  assert.deepEqual(await ask(port, "/admin/nothing"), [404, "request-path"]);
  const posted = { headers: json, body: "{" };
  assert.deepEqual(await ask(port, "/admin/overview", posted), [405, "request-method"]);
  assert.deepEqual(await ask(port, "/admin/publish", posted), [400, "request-malformed"]);
});

for (const runtime of gatewayRuntimes) {
  test(`a tail whose reader is gone leaves its place, and is bounded, on ${runtime}`, async () => {
    const { adminPort } = (await startGateway({ runtime })).info;
    const admin = new AdminClient(adminPort);
    const { tailsMax } = adminLimits;
    /** Waits until a reader before this one has left. */
    const open = () =>
      waitFor(() => admin.tail("group=g").catch(() => undefined), { what: "a place for a tail" });
    for (let round = 0; round < 3; round++) {
      const tails = [];
      for (let count = 0; count < tailsMax; count++) tails.push(await open());
      const more = await admin.get("tail?group=g");
      assert.deepEqual([more.status, more.body.code], [503, "requests-full"]);
      for (const tail of tails) tail.close();
    }
  });
}
