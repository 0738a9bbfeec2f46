import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import {
  type AdminAppOptions,
  createAdminApp,
  eventStream,
  type HttpServer,
  serveHttp,
} from "../../../../adapters/http/mod.ts";
import { standstill, streamClosed, waitFor } from "../../../support/process/wait.ts";

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

const chunkBytes = 65_536;
/** More than the system's buffers take: a server that does not wait for its reader stops here. */
const heldBytesMax = 64 * 1024 * 1024;

/** A server whose answer is a stream of events. */
async function serve(answer: () => ReadableStream | Promise<ReadableStream>): Promise<HttpServer> {
  const headers = { "content-type": eventStream };
  const server = await serveHttp(async () => new Response(await answer(), { headers }), {
    port: 0,
  });
  after(() => server.close());
  return server;
}

/** A server whose answer is as long as a test wants. It tells how much of it was asked for. */
async function endless() {
  // Up to `bytesMax` can be pulled.
  const told = { pulled: 0, ended: 0, bytesMax: heldBytesMax };
  const pull = async (controller: ReadableStreamDefaultController): Promise<void> => {
    while (told.pulled >= told.bytesMax && told.ended === 0) await setTimeout(10);
    if (told.ended > 0) return;
    told.pulled += chunkBytes;
    controller.enqueue(new Uint8Array(chunkBytes));
  };
  const server = await serve(() => new ReadableStream({ pull, cancel: () => void told.ended++ }));
  return { server, told };
}

function ask(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  after(() => socket.destroy());
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  return socket;
}

test("a stream of events is written as it is read, and ends with its reader", async () => {
  const { server, told } = await endless();
  const socket = ask(server.port);
  // Nobody reads: what the system's buffers take is all that is asked for.
  await waitFor(() => told.pulled > 0);
  const held = await standstill(() => Promise.resolve(told.pulled));
  assert.ok(held < heldBytesMax, `${held} bytes`);
  told.bytesMax = 4 * heldBytesMax;
  let read = 0;
  socket.on("data", (data) => (read += data.length));
  await waitFor(() => told.pulled > 2 * held && read > held, { what: "more of it" });
  assert.equal(told.ended, 0);
  socket.destroy();
  await waitFor(() => told.ended === 1, { what: "the end" });
});

test("an answer that comes little by little is not held back", async () => {
  let writer: ReadableStreamDefaultController | undefined;
  const start = (controller: ReadableStreamDefaultController) => (writer = controller);
  const server = await serve(() => new ReadableStream({ start }));
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  assert.equal(response.headers.get("content-type"), eventStream);
  assert.equal(response.headers.get("content-length"), null);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (const text of ["one", "two"]) {
    writer?.enqueue(new TextEncoder().encode(text));
    const { value } = await reader.read();
    assert.equal(new TextDecoder().decode(value), text);
  }
  writer?.close();
  assert.equal((await reader.read()).done, true);
});

test("a stream of events ends if its reader left before it began", async () => {
  let cancelled = 0;
  let answer: ((stream: ReadableStream) => void) | undefined;
  const server = await serve(() => new Promise((resolve) => (answer = resolve)));
  const open = (): Promise<number> =>
    new Promise((resolve) => server.server.getConnections((_, count) => resolve(count)));
  const socket = ask(server.port);
  await waitFor(() => answer !== undefined, { what: "the request" });
  socket.destroy();
  await waitFor(async () => (await open()) === 0, { what: "the end of the connection" });
  // As a tail does: something is there at once, and more comes for as long as anybody reads.
  const start = (controller: ReadableStreamDefaultController): void =>
    controller.enqueue(new Uint8Array(1));
  answer?.(new ReadableStream({ start, cancel: () => void cancelled++ }));
  await waitFor(() => cancelled === 1, { what: "the end of the stream" });
});
