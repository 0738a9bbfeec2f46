import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { type AdminAppOptions, createAdminApp, serveHttp } from "../../../../adapters/http/mod.ts";
import { ServiceError } from "../../../../core/base/mod.ts";

const well: AdminAppOptions = {
  ready: () => [],
  metrics: () => ({ contentType: "text/plain; version=0.0.4", text: "wss_x 1\n" }),
};

async function ask(options: Partial<AdminAppOptions>, path: string, method = "GET") {
  const handler = createAdminApp({ ...well, ...options });
  const response = await handler(new Request(`http://127.0.0.1${path}`, { method }));
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test("admin: /healthz is 200, and never from a cache", async () => {
  const good = await ask({}, "/healthz");
  assert.deepEqual([good.status, good.text], [200, "ok\n"]);
  assert.equal(good.headers.get("cache-control"), "no-store");
});

test("admin: /healthz is 503 with the reasons why a process is to be started again", async () => {
  const bad = await ask({ unhealthy: () => ["no worker"] }, "/healthz");
  assert.deepEqual([bad.status, bad.text], [503, "no worker\n"]);
  assert.equal((await ask({ unhealthy: () => [] }, "/healthz")).status, 200);
});

test("admin: answers may take time to find out", async () => {
  const later = await ask({ ready: async () => ["starting"] }, "/readyz");
  assert.deepEqual([later.status, JSON.parse(later.text).reasons], [503, ["starting"]]);
  const page = { contentType: "text/plain", text: "late 1\n" };
  assert.equal((await ask({ metrics: async () => page }, "/metrics")).text, "late 1\n");
});

test("admin: /readyz names every reason not to be ready", async () => {
  const ready = await ask({}, "/readyz");
  assert.deepEqual([ready.status, JSON.parse(ready.text)], [200, { ready: true, reasons: [] }]);
  const reasons = ["broker-lost", "draining"];
  const not = await ask({ ready: () => reasons }, "/readyz");
  assert.deepEqual([not.status, JSON.parse(not.text)], [503, { ready: false, reasons }]);
});

test("admin: /metrics has the content type of the format", async () => {
  const answer = await ask({}, "/metrics");
  assert.deepEqual([answer.status, answer.text], [200, "wss_x 1\n"]);
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4");
});

test("admin: anything else is 404, and a fault of ours 500 without its details", async () => {
  assert.equal((await ask({}, "/")).status, 404);
  assert.equal((await ask({}, "/healthz", "POST")).status, 404);
  const fails = (): never => {
    throw new Error("secret detail");
  };
  const answer = await ask({ metrics: fails }, "/metrics");
  assert.deepEqual([answer.status, answer.text], [500, "internal error\n"]);
});

test("admin server: serves the app on a free port of the loopback address", async () => {
  const server = await serveHttp(createAdminApp(well), { port: 0 });
  try {
    const response = await fetch(`http://127.0.0.1:${server.port}/metrics?x=1`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-length"), "8");
    assert.equal(await response.text(), "wss_x 1\n");
    const head = await fetch(`http://127.0.0.1:${server.port}/healthz`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    // RFC 9110, 8.6: no other length than that of the answer to GET.
    assert.ok([null, "3"].includes(head.headers.get("content-length")));
  } finally {
    await server.close();
  }
  await assert.rejects(fetch(`http://127.0.0.1:${server.port}/healthz`));
});

test("admin server: a port in use is told by its stable code", async () => {
  const first = await serveHttp(createAdminApp(well), { port: 0 });
  try {
    await assert.rejects(
      serveHttp(createAdminApp(well), { port: first.port }),
      (error) => error instanceof ServiceError && error.code === "port-in-use",
    );
  } finally {
    await first.close();
  }
});

test("admin server: an address that is not ours is told as a wrong setting", async () => {
  await assert.rejects(
    // RFC 5737: an address for documentation, on no machine.
    serveHttp(createAdminApp(well), { port: 0, host: "192.0.2.1" }),
    (error) => error instanceof ServiceError && error.code === "setting-invalid",
  );
});

test("admin server: closing cuts a connection that is kept open, at once", async () => {
  const server = await serveHttp(createAdminApp(well), { port: 0 });
  const socket = connect(server.port, "127.0.0.1");
  const ended = new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
    socket.on("error", () => resolve());
  });
  await new Promise((resolve) => {
    socket.once("data", resolve);
    socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
  });
  await server.close();
  await ended;
});

test("admin server: a target that is no path gets an answer and harms nothing", async () => {
  const server = await serveHttp(createAdminApp(well), { port: 0 });
  try {
    const text = await new Promise<string>((resolve) => {
      const socket = connect(server.port, "127.0.0.1");
      let received = "";
      socket.on("data", (chunk) => {
        received += chunk;
      });
      socket.on("close", () => resolve(received));
      socket.write("GET //[bad HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    });
    assert.match(text, /^HTTP\/1\.1 4\d\d /);
    assert.equal((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status, 200);
  } finally {
    await server.close();
  }
});
