import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { ClientRig } from "../../../support/http/client-rig.ts";
import { answer, type RawBehaviour, RawServer, writes } from "../../../support/http/raw-server.ts";
import { waitFor } from "../../../support/process/wait.ts";

/** Ends the connection right after it. */
function ends(text: string): RawBehaviour {
  return { request: (socket) => void socket.end(text, "latin1") };
}

const ok = "HTTP/1.1 200 OK\r\n";

const faults: readonly (readonly [name: string, behaviour: RawBehaviour, outcome: string])[] = [
  ["closes without an answer", ends(""), "http-lost sent"],
  ["resets", { request: (socket) => void socket.resetAndDestroy() }, "http-lost sent"],
  ["closes in the status line", ends("HTTP/1.1 2"), "http-lost sent answered"],
  ["closes in the headers", ends(`${ok}A: b\r\n`), "http-lost sent answered"],
  ["closes in the body", ends(`${ok}Content-Length: 5\r\n\r\nhe`), "http-lost sent answered"],
  [
    "closes in a chunk",
    ends(`${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhe`),
    "http-lost sent answered",
  ],
  [
    "closes before the last chunk",
    ends(`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n`),
    "http-lost sent answered",
  ],
  ["closes after 100", ends("HTTP/1.1 100 Continue\r\n\r\n"), "http-lost sent answered"],
  [
    "is no HTTP server",
    writes("220 mail.example ESMTP\r\n\r\n"),
    "http-answer-malformed sent answered",
  ],
  [
    "sends garbage for chunks",
    writes(`${ok}Transfer-Encoding: chunked\r\n\r\nzz\r\n`),
    "http-answer-malformed sent answered",
  ],
  [
    "ends what is no gzip",
    ends(`${ok}Content-Encoding: gzip\r\n\r\nhalf`),
    "http-answer-malformed sent answered",
  ],
  [
    "changes the protocol",
    writes("HTTP/1.1 101 X\r\n\r\n"),
    "http-answer-malformed sent answered",
  ],
  [
    "announces 10 MB",
    writes(`${ok}Content-Length: 10000000\r\n\r\n`),
    "http-answer-too-big sent answered",
  ],
  [
    "sends 10 MB in chunks",
    writes(
      `${ok}Transfer-Encoding: chunked\r\n\r\n${`10000\r\n${"x".repeat(65_536)}\r\n`.repeat(160)}`,
    ),
    "http-answer-too-big sent answered",
  ],
  [
    "sends 10 MB until the end",
    writes(`${ok}\r\n${"x".repeat(10_000_000)}`),
    "http-answer-too-big sent answered",
  ],
  [
    "floods with headers",
    writes(`${ok}${"A: b\r\n".repeat(100_000)}`),
    "http-answer-too-big sent answered",
  ],
  [
    "floods with interim answers",
    writes("HTTP/1.1 103 X\r\n\r\n".repeat(100_000)),
    "http-answer-too-big sent answered",
  ],
];

test("a server lies, floods or breaks off: a code, and the connection is closed", async () => {
  for (const [name, behaviour, outcome] of faults) {
    await using rig = await ClientRig.start(behaviour);
    assert.equal(await rig.outcome({ repeatable: true }), outcome, name);
    await rig.server.waitForOpen(0);
    rig.server.behaviour = writes(answer(200, "again"));
    assert.equal(await rig.outcome(), "200 again", name);
    assert.equal(rig.server.accepted, 2, name);
  }
});

test("an answer in single bytes, and one after interim answers", async () => {
  await using rig = await ClientRig.start({
    request: async (socket) => {
      const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nA: b\r\n\r\n";
      for (const byte of interim + answer(200, "a")) {
        await new Promise<void>((resolve) => socket.write(byte, () => resolve()));
      }
    },
  });
  assert.equal(await rig.outcome(), "200 a");
  assert.equal(await rig.outcome(), "200 a");
  assert.equal(rig.server.accepted, 1);
});

const slow: readonly (readonly [name: string, text: string])[] = [
  ["hangs before its answer", ""],
  ["hangs in the headers", `${ok}A: b\r\n`],
  ["hangs in the body", `${ok}Content-Length: 5\r\n\r\nhell`],
  ["hangs in a chunk", `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhell`],
  ["hangs before the end", `${ok}\r\nhello`],
  ["hangs after 100", "HTTP/1.1 100 Continue\r\n\r\n"],
];

test("a server hangs anywhere: the time is up, and the connection is closed", async () => {
  for (const [name, text] of slow) {
    await using rig = await ClientRig.start({ request: (socket) => void socket.write(text) });
    let outcome: string | undefined;
    void rig.outcome().then((one) => {
      outcome = one;
    });
    await rig.server.waitForRequests(1);
    rig.clock.advance(limits.httpTimeoutMs - 200);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(outcome, undefined, name);
    // Until the client has seen what the server wrote.
    await waitFor(() => {
      rig.clock.advance(0);
      return rig.server.open === 1;
    });
    rig.clock.advance(500);
    await waitFor(() => outcome !== undefined, { what: name });
    assert.match(outcome ?? "", /^http-timeout sent/, name);
    await rig.server.waitForOpen(0);
  }
});

test("a slow drip does not prolong the time", async () => {
  await using rig = await ClientRig.start({
    request: (socket) => void socket.write(`${ok}Content-Length: 1000\r\n\r\n`),
  });
  const message = /^http:\/\/127\.0\.0\.1:\d+ did not answer within 2000 ms$/;
  const post = assert.rejects(rig.post({ timeoutMs: 2_000 }), { code: "http-timeout", message });
  await rig.server.waitForRequests(1);
  for (let second = 0; second < 3; second++) {
    rig.server.each((socket) => socket.write("x"));
    rig.clock.advance(999);
  }
  await post;
});

test("the time counts from the call, whatever is waited for", async () => {
  await using rig = await ClientRig.start({}, { connectionsMax: 1, timeoutMs: 3_000 });
  const first = rig.outcome();
  await rig.server.waitForRequests(1);
  rig.clock.advance(1_000);
  const second = rig.outcome({ timeoutMs: 1_000 });
  rig.clock.advance(1_200);
  assert.equal(await second, "http-timeout");
  rig.clock.advance(1_200);
  assert.equal(await first, "http-timeout sent");
});

test("a server that accepts no connection in time", async () => {
  // A TLS server that never says anything stands for it: TCP itself is answered by the kernel.
  await using rig = await ClientRig.start();
  const url = rig.server.url.replace("http:", "https:");
  const message = /^https:\/\/127\.0\.0\.1:\d+ did not accept a connection within 1000 ms$/;
  const post = assert.rejects(rig.post({}, url), { code: "http-connect", sent: false, message });
  await rig.server.waitForOpen(1);
  rig.clock.advance(1_200);
  await post;
  await rig.server.waitForOpen(0);
});

test("an answer before the whole request was sent is taken, and the rest not sent", async () => {
  await using rig = await ClientRig.start({
    opened: (socket) => {
      socket.once("data", () => {
        socket.pause();
        socket.write(answer(413, "too large"));
      });
    },
  });
  const body = new Uint8Array(50_000_000);
  assert.equal(await rig.outcome({ body }), "413 too large");
  await waitFor(() => {
    rig.server.each((socket) => socket.resume());
    return rig.server.open === 0;
  });
  rig.server.behaviour = writes(answer(200, "again"));
  assert.equal(await rig.outcome(), "200 again");
});

test("what a server says before it was asked is not the answer of a later request", async () => {
  await using rig = await ClientRig.start({
    opened: (socket) => void socket.write(answer(200, "early")),
  });
  // It comes together with the connection: whoever asked first on it may get it, and no one else.
  await rig.outcome();
  rig.server.behaviour = writes(answer(200, "asked"));
  assert.equal(await rig.outcome(), "200 asked");
});

test("servers that hang do not keep others waiting", async () => {
  await using rig = await ClientRig.start({}, { connectionsMax: 2 });
  const other = await RawServer.start(writes(answer(200, "other")));
  const hung = [rig.outcome(), rig.outcome(), rig.outcome()];
  await rig.server.waitForRequests(2);
  assert.equal(await rig.outcome({}, other.url), "200 other");
  rig.client.close();
  await Promise.all(hung);
  await other.stop();
});
