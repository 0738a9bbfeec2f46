import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { clearInterval, setInterval } from "node:timers";
import { type HttpHandler, serveHttp } from "../../../../adapters/http/mod.ts";
import { limits } from "../../../../core/base/mod.ts";
import { RawClient } from "../../../support/clients/raw-client.ts";
import { streamClosed, within } from "../../../support/process/wait.ts";

const long = "x".repeat(20_000);

/** What is sent, and the status and the code of the answer. */
const broken: readonly (readonly [sent: string, answer: string])[] = [
  ["GARBAGE\r\n\r\n", "400 request-malformed"],
  ["GET / HTTP/9.9\r\n\r\n", "400 request-malformed"],
  ["FOO /path HTTP/1.1\r\nHost: a\r\n\r\n", "405 request-method"],
  ["foo /path?x HTTP/1.0\r\n\r\n", "405 request-method"],
  ["FOO /path\r\nHost: a\r\n\r\n", "400 request-malformed"],
  ["GET / HTTP/1.1\r\nHost: a\r\nno header\r\n\r\n", "400 request-malformed"],
  ["GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "400 request-malformed"],
  ["GET http://[ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "400 request-malformed"],
  [`GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${long}\r\n\r\n`, "431 request-too-big"],
  ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "400 request-malformed"],
  [
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "400 request-malformed",
  ],
  ["CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "405 request-method"],
  [
    "GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nConnection: close\r\n\r\n",
    "417 request-malformed",
  ],
];

test("what is no HTTP is answered with a code and a message, and told", async () => {
  const refused: string[] = [];
  const server = await serveHttp(() => new Response("ok"), {
    port: 0,
    refused: ({ status, code }, address) => refused.push(`${status} ${code} ${address}`),
  });
  after(() => server.close());
  for (const [sent, answer] of broken) {
    const socket = connect(server.port, "127.0.0.1");
    socket.write(sent);
    const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
    assert.match(head, /\r\ncontent-type: application\/json/i, sent);
    const { code, message } = JSON.parse(body) as Record<string, string>;
    assert.equal(`${head.split(" ")[1]} ${code}`, answer, sent);
    assert.ok(message, sent);
  }
  const told = broken.map(([, answer]) => `${answer} 127.0.0.1`);
  assert.deepEqual(refused, told);
  assert.equal((await fetch(`http://127.0.0.1:${server.port}/`)).status, 200);
});

/** A server that answers whatever is a request. */
async function serving() {
  const server = await serveHttp(() => new Response("ok"), { port: 0 });
  after(() => server.close());
  return server;
}

test("HTTP/1.0 needs no Host header", async () => {
  const { port } = await serving();
  const socket = connect(port, "127.0.0.1");
  socket.write("GET / HTTP/1.0\r\n\r\n");
  assert.match(await text(socket), /^HTTP\/1\.1 200 /);
});

test("a client that resets its stream behind CONNECT ends its stream alone", async () => {
  const { port } = await serving();
  for (let count = 0; count < 3; count++) {
    const client = await RawClient.connect(port);
    client.write("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.match((await client.bytes(12)).toString(), /^HTTP\/1\.1 405$/);
    client.reset();
  }
  // An error that nobody listens to would have ended this process.
  for (let count = 0; count < 3; count++) {
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  }
});

test("a client that got its refusal and keeps its side open is cut", async () => {
  const { port } = await serving();
  const requests = [
    "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GARBAGE\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n",
    "POST http://[ HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
  ];
  await Promise.all(
    requests.map(async (sent) => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      const closed = streamClosed(socket.resume());
      socket.write(sent);
      // A closed stream answers this with a reset.
      const trickle = setInterval(() => socket.write("x"), 50);
      try {
        await within(closed, { what: sent });
      } finally {
        clearInterval(trickle);
        socket.destroy();
      }
    }),
  );
});

/** A server whose answer to `/1` waits for `first`. */
async function start() {
  const begun: string[] = [];
  const refused: string[] = [];
  const events = new EventEmitter();
  const firstBegun = once(events, "begun");
  const handler: HttpHandler = async ({ url }, source) => {
    const { pathname } = new URL(url);
    begun.push(pathname);
    const body = await source.body(100);
    if (pathname === "/1") {
      const released = once(events, "released");
      events.emit("begun");
      await released;
    }
    return new Response(`${pathname} has ${body.length};`);
  };
  const server = await serveHttp(handler, { port: 0, refused: ({ code }) => refused.push(code) });
  after(() => server.close());
  const release = (): void => void events.emit("released");
  return { begun, refused, firstBegun, release, port: server.port };
}

function requests(...paths: readonly string[]): string {
  const head = "HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
  return paths.map((path) => `POST ${path} ${head}`).join("");
}

test("requests that are sent without waiting are carried out one after another", async () => {
  const { begun, firstBegun, release, port } = await start();
  const stream = connect(port, "127.0.0.1");
  stream.write(requests("/1", "/2", "/3"));
  await firstBegun;
  // Another connection waits for nothing. By then the others would have begun.
  const other = await fetch(`http://127.0.0.1:${port}/other`, { method: "POST" });
  assert.equal(await other.text(), "/other has 0;");
  assert.deepEqual(begun, ["/1", "/other"]);
  release();
  let text = "";
  for await (const bytes of stream) {
    text += bytes;
    if (text.includes("/3 has")) break;
  }
  assert.deepEqual(text.match(/\/\d has \d;/g), ["/1 has 2;", "/2 has 2;", "/3 has 2;"]);
  assert.deepEqual(begun, ["/1", "/other", "/2", "/3"]);
});

test("a connection on which too many requests wait is closed, and that is told", async () => {
  const { begun, refused, firstBegun, release, port } = await start();
  const stream = connect(port, "127.0.0.1").resume();
  stream.on("error", () => {});
  const closed = once(stream, "close");
  stream.write(requests("/1"));
  await firstBegun;
  stream.write(requests(...Array.from({ length: limits.pipelinedRequestsMax }, () => "/2")));
  await closed;
  release();
  assert.ok(refused.includes("requests-full"));
  const other = await fetch(`http://127.0.0.1:${port}/other`, { method: "POST" });
  assert.equal(await other.text(), "/other has 0;");
  assert.deepEqual(begun, ["/1", "/other"], "nothing is carried out for a client that is gone");
});
