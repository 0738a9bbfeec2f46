import assert from "node:assert/strict";
import type net from "node:net";
import { test } from "node:test";
import { ClientRig, outcomeOf } from "../../../support/http/client-rig.ts";
import { answer, writes } from "../../../support/http/raw-server.ts";
import { waitFor } from "../../../support/process/wait.ts";

test("a POST and its answer", async () => {
  const text = answer(200, '["x"]', "Content-Type: application/json; charset=utf-8", "X-A: b");
  await using rig = await ClientRig.start(writes(text));
  const { status, contentType, headers, body } = await rig.post({
    headers: { "content-type": "text/plain" },
    body: "héllo",
  });
  assert.deepEqual(
    [status, contentType, headers.get("x-a"), Buffer.from(body).toString()],
    [200, "application/json", "b", '["x"]'],
  );
  assert.equal(
    rig.server.requests[0],
    `POST /path?query HTTP/1.1\r\nHost: 127.0.0.1:${rig.server.port}\r\n` +
      "Accept-Encoding: identity\r\ncontent-type: text/plain\r\n" +
      "User-Agent: websocket-service\r\nContent-Length: 6\r\n\r\nh\xc3\xa9llo",
  );
});

test("a GET has no body and no length, and is sent again if a kept connection ended", async () => {
  await using rig = await ClientRig.start(writes(answer(200, "a")));
  const get = (): Promise<string> =>
    outcomeOf(rig.client.get(rig.server.url, { headers: { accept: "x/y" } }));
  assert.equal(await get(), "200 a");
  assert.equal(
    rig.server.requests[0],
    `GET /path?query HTTP/1.1\r\nHost: 127.0.0.1:${rig.server.port}\r\n` +
      "Accept-Encoding: identity\r\naccept: x/y\r\nUser-Agent: websocket-service\r\n\r\n",
  );
  assert.equal(await rig.outcome(), "200 a");
  assert.match(rig.server.requests[1] ?? "", /^POST \/path/);
  rig.server.behaviour = {
    request: (socket) => {
      rig.server.behaviour = writes(answer(200, "b"));
      socket.destroy();
    },
  };
  assert.equal(await get(), "200 b");
  assert.equal(rig.server.accepted, 2);
});

test("bodies as text and as bytes, empty, small and large", async () => {
  await using rig = await ClientRig.start({
    request: (socket, request) => {
      const length = request.length - request.indexOf("\r\n\r\n") - 4;
      socket.write(answer(200, String(length)));
    },
  });
  for (const size of [0, 1, 65_536, 65_537, 1_000_000]) {
    assert.equal(await rig.outcome({ body: "x".repeat(size) }), `200 ${size}`);
    assert.equal(await rig.outcome({ body: new Uint8Array(size) }), `200 ${size}`);
  }
  assert.equal(rig.server.accepted, 1);
});

test("redirects and errors are statuses as any other", async () => {
  await using rig = await ClientRig.start();
  for (const status of [201, 301, 302, 303, 307, 308, 404, 500, 503]) {
    rig.server.behaviour = writes(answer(status, "text", "Location: http://127.0.0.1:1/"));
    assert.equal(await rig.outcome(), `${status} text`);
  }
  assert.equal(rig.server.accepted, 1);
});

test("a connection is used again; one more is opened where all are busy", async () => {
  await using rig = await ClientRig.start(writes(answer(200, "a")));
  for (let i = 0; i < 5; i++) assert.equal(await rig.outcome(), "200 a");
  assert.equal(rig.server.accepted, 1);
  const held: net.Socket[] = [];
  rig.server.behaviour = { request: (socket) => held.push(socket) };
  const three = [rig.outcome(), rig.outcome(), rig.outcome()];
  await rig.server.waitForRequests(8);
  assert.equal(rig.server.accepted, 3);
  for (const socket of held) socket.write(answer(200, "b"));
  assert.deepEqual(await Promise.all(three), ["200 b", "200 b", "200 b"]);
});

test("connections to one server are bounded, and who waits is served in turn", async () => {
  const held: net.Socket[] = [];
  const hold = { request: (socket: net.Socket) => void held.push(socket) };
  await using rig = await ClientRig.start(hold, { connectionsMax: 2, waitingMax: 3 });
  const posts = ["0", "1"].map((body) => rig.outcome({ body }));
  await rig.server.waitForRequests(2);
  posts.push(...["2", "3", "4"].map((body) => rig.outcome({ body })));
  assert.equal(await rig.outcome(), "http-queue-full");
  for (let i = 0; i < 5; i++) {
    await rig.server.waitForRequests(Math.min(i + 2, 5));
    held.shift()?.write(answer(200, String(i)));
  }
  assert.deepEqual(await Promise.all(posts), ["200 0", "200 1", "200 2", "200 3", "200 4"]);
  assert.deepEqual(
    rig.server.requests.slice(2).map((request) => request.slice(-1)),
    ["2", "3", "4"],
  );
  assert.equal(rig.server.accepted, 2);
});

test("an idle connection is closed in time, earlier where the server says so", async () => {
  await using rig = await ClientRig.start(writes(answer(200, "")));
  await rig.post();
  rig.clock.advance(3_900);
  assert.equal(rig.server.open, 1);
  rig.clock.advance(300);
  await rig.server.waitForOpen(0);
  assert.equal(rig.clock.pendingTimers <= 1, true);
  rig.server.behaviour = writes(answer(200, "", "Keep-Alive: timeout=3, max=100"));
  await rig.post();
  rig.clock.advance(2_200);
  await rig.server.waitForOpen(0);
  rig.server.behaviour = writes(answer(200, "", "Keep-Alive: timeout=30"));
  await rig.post();
  rig.clock.advance(28_000);
  assert.equal(rig.server.open, 1);
  rig.server.behaviour = writes(answer(200, "", "Keep-Alive: timeout=1"));
  await rig.post();
  await rig.server.waitForOpen(0);
  assert.equal(rig.server.accepted, 3);
});

test("an old connection is replaced, so that the server's name is resolved again", async () => {
  await using rig = await ClientRig.start(writes(answer(200, "", "Keep-Alive: timeout=100")));
  for (let i = 0; i < 5; i++) {
    await rig.post();
    rig.clock.advance(59_000);
  }
  assert.equal(rig.server.accepted, 1);
  rig.clock.advance(2_000 + 5_000);
  await rig.post();
  assert.equal(rig.server.accepted, 2);
  // Grown old in the middle of a request.
  const held: net.Socket[] = [];
  rig.server.behaviour = { request: (socket) => held.push(socket) };
  const post = rig.outcome({ timeoutMs: 1_000_000 });
  await rig.server.waitForRequests(7);
  rig.clock.advance(310_000);
  held[0]?.write(answer(200, "a"));
  assert.equal(await post, "200 a");
  await rig.server.waitForOpen(0);
});

const closing: readonly (readonly [name: string, text: string, ends: boolean])[] = [
  ["Connection: close", answer(200, "a", "Connection: close"), false],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", false],
  ["until the end", "HTTP/1.1 200 OK\r\n\r\na", true],
  ["one more answer", answer(200, "a") + answer(200, "forged"), false],
  ["a byte more", `${answer(200, "a")}\r`, false],
];

test("not used again: a connection whose answer ends it, or has more after it", async () => {
  for (const [name, text, ends] of closing) {
    await using rig = await ClientRig.start({
      request: (socket) => (ends ? socket.end(text) : socket.write(text)),
    });
    assert.equal(await rig.outcome(), "200 a", name);
    await rig.server.waitForOpen(0);
    assert.equal(await rig.outcome(), "200 a", name);
    assert.equal(rig.server.accepted, 2, name);
  }
});

test("what comes while nothing was asked answers nothing", async () => {
  const sockets: net.Socket[] = [];
  await using rig = await ClientRig.start({
    opened: (socket) => sockets.push(socket),
    request: (socket) => socket.write(answer(200, "a")),
  });
  assert.equal(await rig.outcome(), "200 a");
  sockets[0]?.write(answer(200, "forged"));
  await rig.server.waitForOpen(0);
  assert.equal(await rig.outcome(), "200 a");
  assert.equal(rig.server.accepted, 2);
});

test("a connection that the server closed while it was idle harms nobody", async () => {
  await using rig = await ClientRig.start(writes(answer(200, "a")));
  await rig.post();
  rig.server.each((socket) => socket.end());
  await rig.server.waitForOpen(0);
  assert.equal(await rig.outcome(), "200 a");
  assert.equal(rig.server.accepted, 2);
});

test("closed just before a request: repeated only where the caller allows it", async () => {
  for (const repeatable of [true, false]) {
    await using rig = await ClientRig.start();
    rig.server.behaviour = {
      request: (socket) => {
        // The second time as a server does that had closed before the request arrived.
        if (rig.server.requests.length === 2) socket.resetAndDestroy();
        else socket.write(answer(200, "a"));
      },
    };
    await rig.post();
    assert.equal(await rig.outcome({ repeatable }), repeatable ? "200 a" : "http-lost sent");
    assert.equal(rig.server.accepted, repeatable ? 2 : 1);
  }
});

test("repeated on a new connection: the others that were idle are likely closed too", async () => {
  await using rig = await ClientRig.start(writes(answer(200, "a")));
  await Promise.all([rig.post(), rig.post()]);
  rig.server.behaviour = {
    request: (socket) => {
      if (rig.server.accepted === 2) socket.resetAndDestroy();
      else socket.write(answer(200, "b"));
    },
  };
  assert.equal(await rig.outcome({ repeatable: true }), "200 b");
  assert.equal(rig.server.requests.length, 4);
});

test("one of two idle connections is closed: the other one is used", async () => {
  await using rig = await ClientRig.start();
  const held: net.Socket[] = [];
  rig.server.behaviour = { request: (socket) => held.push(socket) };
  const posts = [rig.outcome(), rig.outcome()];
  await rig.server.waitForRequests(2);
  for (const socket of held) socket.write(answer(200, "a"));
  assert.deepEqual(await Promise.all(posts), ["200 a", "200 a"]);
  for (const socket of held.slice(1)) socket.end();
  await rig.server.waitForOpen(1);
  rig.server.behaviour = writes(answer(200, "b"));
  assert.deepEqual(await Promise.all([rig.outcome(), rig.outcome()]), ["200 b", "200 b"]);
  assert.equal(rig.server.accepted, 3);
});

test("never repeated: on a new connection, twice, or with a byte of an answer", async () => {
  await using rig = await ClientRig.start({ request: (socket) => socket.destroy() });
  assert.equal(await rig.outcome({ repeatable: true }), "http-lost sent");
  assert.equal(rig.server.accepted, 1);
  rig.server.behaviour = writes(answer(200, ""));
  await rig.post();
  rig.server.behaviour = { request: (socket) => socket.destroy() };
  assert.equal(await rig.outcome({ repeatable: true }), "http-lost sent");
  assert.equal(rig.server.requests.length, 4, "once kept, once new");
  rig.server.behaviour = writes(answer(200, ""));
  await rig.post();
  rig.server.behaviour = { request: (socket) => socket.end("H") };
  assert.equal(await rig.outcome({ repeatable: true }), "http-lost sent answered");
  assert.equal(rig.server.requests.length, 6);
});

test("a server that is not there, and is there again", async () => {
  await using rig = await ClientRig.start(writes(answer(200, "a")));
  const { url } = rig.server;
  await rig.server.stop();
  const message = /^http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)$/;
  await assert.rejects(rig.post({}, url), { code: "http-connect", sent: false, message });
  const many = Array.from({ length: 20 }, () => rig.outcome({}, url));
  assert.deepEqual([...new Set(await Promise.all(many))], ["http-connect"]);
});

test("a name that cannot be resolved", async () => {
  await using rig = await ClientRig.start();
  assert.equal(await rig.outcome({}, "http://no-such-name.invalid/"), "http-connect");
});

test("messages name the server, and nothing that may be secret", async () => {
  await using rig = await ClientRig.start({ request: (socket) => socket.destroy() });
  const url = rig.server.url.replace("//", "//user:secret@").replace("path", "secret");
  const headers = { authorization: "secret" };
  await assert.rejects(rig.post({ headers, body: "secret" }, url), (error: Error) => {
    assert.match(
      error.message,
      /^http:\/\/127\.0\.0\.1:\d+ closed the connection without an answer/,
    );
    assert.doesNotMatch(String(error.cause ?? "") + error.message, /secret|user|path|query/);
    return true;
  });
});

test("a signal ends a request that waits, connects or is under way", async () => {
  await using rig = await ClientRig.start({}, { connectionsMax: 1 });
  const [running, waiting] = [new AbortController(), new AbortController()];
  const first = rig.outcome({ signal: running.signal });
  await rig.server.waitForRequests(1);
  const second = rig.outcome({ signal: waiting.signal });
  waiting.abort();
  assert.equal(await second, "http-aborted");
  running.abort();
  assert.equal(await first, "http-aborted sent");
  await rig.server.waitForOpen(0);
  assert.equal(await rig.outcome({ signal: AbortSignal.abort() }), "http-aborted");
  const connecting = new AbortController();
  const third = rig.outcome({ signal: connecting.signal });
  connecting.abort();
  assert.equal(await third, "http-aborted");
  assert.equal(rig.server.requests.length, 1);
});

test("a signal that lives on keeps nothing of a request", async () => {
  await using rig = await ClientRig.start(writes(answer(200, "a")));
  const { signal } = new AbortController();
  let listeners = 0;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...words: Parameters<typeof add>) => {
    listeners++;
    add.apply(signal, words);
  };
  signal.removeEventListener = (...words: Parameters<typeof remove>) => {
    listeners--;
    remove.apply(signal, words);
  };
  assert.equal(await rig.outcome({ signal }), "200 a");
  rig.server.behaviour = { request: (socket) => socket.destroy() };
  assert.equal(await rig.outcome({ signal }), "http-lost sent");
  assert.equal(listeners, 0);
});

test("close ends what is under way, what waits and what is idle", async () => {
  await using rig = await ClientRig.start(writes(answer(200, "")), { connectionsMax: 1 });
  await rig.post();
  rig.server.behaviour = {};
  const first = rig.outcome();
  await rig.server.waitForRequests(2);
  const second = rig.outcome();
  rig.client.close();
  assert.deepEqual(await Promise.all([first, second]), ["http-aborted sent", "http-aborted"]);
  await rig.server.waitForOpen(0);
  assert.equal(await rig.outcome(), "http-aborted");
  rig.clock.advance(100);
  assert.equal(rig.clock.pendingTimers, 0);
});

test("several servers have connections of their own", async () => {
  await using one = await ClientRig.start(writes(answer(200, "one")));
  await using other = await ClientRig.start(writes(answer(200, "other")));
  const urls = [one.server.url, other.server.url, one.server.url.replace("/path", "/else")];
  const posts = urls.map((url) => outcomeOf(one.client.post(url, { body: "" })));
  assert.deepEqual(await Promise.all(posts), ["200 one", "200 other", "200 one"]);
  await waitFor(() => other.server.open === 1);
});
