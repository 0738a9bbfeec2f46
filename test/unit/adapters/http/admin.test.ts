import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, test } from "node:test";
import { type AdminAppOptions, createAdminApp, serveHttp } from "../../../../adapters/http/mod.ts";
import { streamClosed } from "../../../support/process/wait.ts";

const well: AdminAppOptions = {
  ready: () => [],
  metrics: () => ({ contentType: "text/plain; version=0.0.4", text: "wss_x 1\n" }),
};

const page = { contentType: "text/plain", text: "late 1\n" };
const fails = (): never => {
  throw new Error("secret detail");
};
const reasons = ["broker-lost", "draining"];
const notReady = JSON.stringify({ ready: false, reasons });
const answers: readonly (readonly [
  what: string,
  options: Partial<AdminAppOptions>,
  asked: string,
  status: number,
  text?: string,
])[] = [
  ["/healthz of a process that is well", {}, "GET /healthz", 200, "ok\n"],
  [
    "one to be started again",
    { unhealthy: () => ["no worker"] },
    "GET /healthz",
    503,
    "no worker\n",
  ],
  ["one that finds nothing wrong", { unhealthy: () => [] }, "GET /healthz", 200, "ok\n"],
  ["/readyz", {}, "GET /readyz", 200, '{"ready":true,"reasons":[]}'],
  ["every reason not to be ready", { ready: () => reasons }, "GET /readyz", 503, notReady],
  ["reasons that take time", { ready: async () => reasons }, "GET /readyz", 503, notReady],
  ["/metrics", {}, "GET /metrics", 200, "wss_x 1\n"],
  ["metrics that take time", { metrics: async () => page }, "GET /metrics", 200, "late 1\n"],
  ["a fault without its details", { metrics: fails }, "GET /metrics", 500, "internal error\n"],
  ["another path", {}, "GET /", 404],
  ["another method", {}, "POST /healthz", 404],
];

for (const [what, options, asked, status, text] of answers) {
  test(`admin: ${what} is ${status}`, async () => {
    const [method = "", path] = asked.split(" ");
    const handler = createAdminApp({ ...well, ...options });
    const response = await handler(new Request(`http://127.0.0.1${path}`, { method }));
    const said = await response.text();
    assert.deepEqual([response.status, text ?? said], [status, said]);
    if (path !== "/healthz" || status === 404) return;
    assert.equal(response.headers.get("cache-control"), "no-store");
  });
}

test("admin server: serves the app on a free port of the loopback address", async () => {
  const server = await serveHttp(createAdminApp(well), { port: 0 });
  after(() => server.close());
  const url = `http://127.0.0.1:${server.port}`;
  const response = await fetch(`${url}/metrics?x=1`);
  const { headers } = response;
  assert.deepEqual([response.status, await response.text()], [200, "wss_x 1\n"]);
  assert.equal(headers.get("content-length"), "8");
  assert.equal(headers.get("content-type"), "text/plain; version=0.0.4");
  const head = await fetch(`${url}/healthz`, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  // RFC 9110, 8.6: no other length than that of the answer to GET.
  assert.ok([null, "3"].includes(head.headers.get("content-length")));
  const again = serveHttp(createAdminApp(well), { port: server.port });
  await assert.rejects(again, { code: "port-in-use" });
  await server.close();
  await assert.rejects(fetch(`${url}/healthz`));
});

test("admin server: an address that is not ours is told as a wrong setting", async () => {
  // RFC 5737: an address for documentation, on no machine.
  const started = serveHttp(createAdminApp(well), { port: 0, host: "192.0.2.1" });
  await assert.rejects(started, { code: "setting-invalid" });
});

test("admin server: closing cuts a connection that is kept open, at once", async () => {
  const server = await serveHttp(createAdminApp(well), { port: 0 });
  const socket = connect(server.port, "127.0.0.1");
  const ended = streamClosed(socket);
  socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  await once(socket, "data");
  await server.close();
  await ended;
});
