import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import {
  Bodies,
  type HttpHandler,
  methodRefusal,
  only,
  type RequestSource,
  serveHttp,
} from "../../../../adapters/http/mod.ts";
import type { ServiceError } from "../../../../core/base/mod.ts";
import { streamClosed, waitFor } from "../../../support/process/wait.ts";

/** A server whose handler reads up to ten bytes, and the codes of those that it could not read. */
async function rig() {
  const codes: string[] = [];
  const requests = new EventEmitter();
  const handler: HttpHandler = async (request, source) => {
    requests.emit("begun");
    try {
      const body = new TextDecoder().decode(await source.body(10));
      return Response.json({
        body,
        length: source.length ?? null,
        address: source.address,
        target: source.target,
        own: request.headers.get("x-own"),
        raw: source.rawHeaders.includes("X-Own"),
      });
    } catch (error) {
      codes.push((error as ServiceError).code);
      requests.emit("refused");
      return new Response("refused", { status: 413 });
    }
  };
  const server = await serveHttp(handler, { port: 0 });
  after(() => server.close());
  return { port: server.port, codes, requests };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

test("a body comes whole, with what was sent beside it", async () => {
  const { port } = await rig();
  const response = await fetch(`http://127.0.0.1:${port}/a%20b?c=%64`, {
    method: "POST",
    body: "0123456789",
    headers: { "X-Own": "1" },
  });
  const { raw: _raw, ...told } = (await response.json()) as Record<string, unknown>;
  const target = { address: "127.0.0.1", target: "/a%20b?c=%64" };
  assert.deepEqual(told, { body: "0123456789", length: 10, ...target, own: "1" });
});

test("a body of no known length comes whole, in any pieces", async () => {
  const { port } = await rig();
  const socket = await open(port);
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nX-Own: 1\r\nTransfer-Encoding: chunked\r\n");
  socket.write("Connection: close\r\n\r\n3\r\nabc\r\n4\r\nde");
  socket.write("fg\r\n0\r\n\r\n");
  const answer = await text(socket);
  assert.match(answer, /"body":"abcdefg","length":null/);
  assert.match(answer, /"raw":true/);
});

test("a body that is too long is refused, and its sender reads why", async () => {
  const { port, codes } = await rig();
  for (const body of ["0123456789a", "x".repeat(4_000_000)]) {
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
    assert.deepEqual([response.status, await response.text()], [413, "refused"]);
  }
  assert.deepEqual(codes, ["request-too-big", "request-too-big"]);
});

test("a body that never ends is refused, and its stream cut", async () => {
  const { port, codes } = await rig();
  const socket = await open(port);
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const piece = `400\r\n${"x".repeat(1_024)}\r\n`;
  const pump = setInterval(() => socket.write(piece), 50);
  after(() => clearInterval(pump));
  const closed = streamClosed(socket);
  const [first] = (await once(socket, "data")) as [Buffer];
  assert.match(first.toString(), /^HTTP\/1.1 413/);
  socket.resume();
  await closed;
  assert.deepEqual(codes, ["request-too-big"]);
});

test("a body that breaks off is told to the handler", async () => {
  const { port, codes, requests } = await rig();
  const socket = await open(port);
  const [begun, refused] = [once(requests, "begun"), once(requests, "refused")];
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
  await begun;
  socket.destroy();
  await refused;
  assert.deepEqual(codes, ["request-timeout"]);
});

test("a client that ends in the middle of its body gets 400; gap on Deno: nothing", async () => {
  const { port, codes } = await rig();
  const isDeno = "Deno" in globalThis;
  for (const [index, head] of ["Content-Length: 9", "Transfer-Encoding: chunked"].entries()) {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    after(() => socket.destroy());
    const part = index === 0 ? "abc" : "3\r\nabc\r\n";
    socket.end(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n${part}`);
    const answer = await text(socket);
    if (isDeno) assert.equal(answer, "");
    else assert.match(answer, /^HTTP\/1\.1 400 .*"code":"request-malformed"/s);
    await waitFor(() => codes.length === index + 1, { what: "that the handler is told" });
    assert.equal(codes[index], "request-timeout");
  }
});

test("a body with a Content-Encoding is not read", async () => {
  const { port, codes } = await rig();
  for (const [coding, status] of [
    ["gzip", 413],
    ["identity, br", 413],
    ["Identity", 200],
    ["", 200],
  ] as const) {
    const headers = { "content-encoding": coding };
    const request = { method: "POST", body: "0123", headers };
    const response = await fetch(`http://127.0.0.1:${port}/`, request);
    assert.equal(response.status, status, coding);
    await response.arrayBuffer();
  }
  assert.deepEqual(codes, ["request-media-type", "request-media-type"]);
});

type Source = Pick<RequestSource, "length" | "body">;

/** A body that comes in parts, when the test says so. */
class Slow {
  readonly source: Source;
  part: (bytes: number) => void = () => {};
  end: () => void = () => {};

  constructor(length?: number) {
    this.source = {
      length,
      body: (_max, reserve) =>
        new Promise((resolve, reject) => {
          this.part = (bytes) => {
            try {
              reserve?.(bytes);
            } catch (error) {
              reject(error);
            }
          };
          this.end = () => resolve(new Uint8Array(0));
        }),
    };
  }
}

const reads = (bodies: Bodies, { source }: Slow, max: number): Promise<string> =>
  bodies.with(source, max, () => "read");

const full = { code: "requests-full", status: 503 };

test("a body without a length takes room as it comes, and not the longest", async () => {
  const bodies = new Bodies(1_000);
  const slow = Array.from({ length: 20 }, () => new Slow());
  const read = slow.map((one) => reads(bodies, one, 1_000));
  for (const one of slow) one.part(40);
  const [first, ...others] = slow;
  await assert.rejects(reads(bodies, new Slow(201), 1_000), full);
  const last = new Slow();
  const refused = assert.rejects(reads(bodies, last, 1_000), full);
  last.part(200);
  last.part(1);
  await refused;
  first?.end();
  assert.equal(await read[0], "read");
  // What it took is free again, and what was refused took nothing.
  const told = new Slow(240);
  const readTold = bodies.with(told.source, 1_000, () => "told");
  for (const one of [...others, told]) one.end();
  assert.equal(await readTold, "told");
  assert.deepEqual(await Promise.all(read), Array(20).fill("read"));
});

test("the number of bodies is bounded too, where that is asked for", async () => {
  const bodies = new Bodies(1_000, 2);
  const slow = [new Slow(0), new Slow()];
  const read = slow.map((one) => reads(bodies, one, 10));
  await assert.rejects(reads(bodies, new Slow(0), 10), full);
  for (const one of slow) one.end();
  assert.deepEqual(await Promise.all(read), ["read", "read"]);
  const next = new Slow();
  const readNext = bodies.with(next.source, 10, () => "next");
  next.end();
  assert.equal(await readNext, "next");
});

for (const { allowed, allow, message } of [
  { allowed: ["POST"], allow: "POST", message: "the method must be POST" },
  { allowed: ["GET", "POST"], allow: "GET, POST", message: "the method must be GET or POST" },
  {
    allowed: ["POST", "GET", "DELETE"],
    allow: "POST, GET, DELETE",
    message: "the method must be POST, GET or DELETE",
  },
]) {
  // RFC 9110, 15.5.6: a 405 has an Allow header.
  test(`a path with ${allow} refuses other methods`, async () => {
    assert.throws(only(...allowed), { code: "request-method", message });
    const response = methodRefusal(...allowed).response();
    assert.deepEqual([response.status, response.headers.get("allow")], [405, allow]);
    assert.deepEqual(await response.json(), { code: "request-method", message });
  });
}
