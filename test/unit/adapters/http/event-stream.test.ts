import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { eventStream, type HttpServer, serveHttp } from "../../../../adapters/http/mod.ts";
import { standstill, waitFor } from "../../../support/process/wait.ts";

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
