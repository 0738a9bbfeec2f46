import assert from "node:assert/strict";
import type net from "node:net";
import { test } from "node:test";
import {
  type HttpAnswer,
  HttpError,
  type StreamedOptions,
  streamed,
} from "../../../../adapters/http-client/mod.ts";
import { answer, type RawBehaviour, RawServer, writes } from "../../../support/http/raw-server.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { within } from "../../../support/process/wait.ts";

const ok = "HTTP/1.1 200 OK\r\n";
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;
const limits = { connectMs: 1_000, silenceMs: 5_000, answerBytesMax: 1_000 };

/** A server, and a reader whose time stands still. */
class Rig {
  readonly clock: ManualClock = new ManualClock();
  readonly server: RawServer;

  constructor(server: RawServer) {
    this.server = server;
  }

  read(
    options: Partial<StreamedOptions> = {},
    url: string = this.server.url,
  ): AsyncGenerator<Uint8Array, HttpAnswer> {
    return streamed(url, { ...limits, ...options }, { clock: this.clock });
  }

  /** What was yielded, then the answer or the code of an error, in one line. */
  async outcome(options?: Partial<StreamedOptions>, url?: string): Promise<string> {
    let text = "";
    const reading = this.read(options, url);
    try {
      for (;;) {
        const step = await within(reading.next(), { what: "the next piece" });
        if (step.done === true) {
          const { status, body } = step.value;
          return `${text} ${status} ${Buffer.from(body).toString()}`.trim();
        }
        text += Buffer.from(step.value).toString();
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return [text, error.code, error.sent && "sent", error.answered && "answered"]
        .filter(Boolean)
        .join(" ");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}

async function start(behaviour: RawBehaviour = {}): Promise<Rig> {
  return new Rig(await RawServer.start(behaviour));
}

/** Ends the connection right after it. */
function ends(text: string): RawBehaviour {
  return { request: (socket) => void socket.end(text, "latin1") };
}

test("a GET without a body, whose pieces are there before the answer ends", async () => {
  const held: net.Socket[] = [];
  await using rig = await start({ request: (socket) => void held.push(socket) });
  const reading = rig.read({ headers: { accept: "text/event-stream" } });
  for (const text of ["one", "two"]) {
    const next = within(reading.next(), { what: text });
    await rig.server.waitForRequests(1);
    held[0]?.write(`${text === "one" ? chunked : ""}3\r\n${text}\r\n`);
    assert.equal(Buffer.from((await next).value as Uint8Array).toString(), text);
  }
  const last = within(reading.next(), { what: "the answer" });
  held[0]?.write("0\r\n\r\n");
  const { done, value } = await last;
  const { status, body } = value as HttpAnswer;
  assert.deepEqual([done, status, body.length], [true, 200, 0]);
  assert.equal(
    rig.server.requests[0],
    `GET /path?query HTTP/1.1\r\nHost: 127.0.0.1:${rig.server.port}\r\n` +
      "Accept-Encoding: identity\r\naccept: text/event-stream\r\n" +
      "User-Agent: websocket-service\r\n\r\n",
  );
  await rig.server.waitForOpen(0);
});

const answers: readonly (readonly [behaviour: RawBehaviour, outcome: string])[] = [
  [writes(`${ok}Content-Length: 5\r\n\r\nhello`), "hello 200"],
  [ends(`${ok}\r\nuntil the end`), "until the end 200"],
  [writes(`${chunked}1\r\na\r\n2\r\nbc\r\n0\r\n\r\n`), "abc 200"],
  [writes(answer(200, "")), "200"],
  [writes("HTTP/1.1 204 No Content\r\n\r\n"), "204"],
  [writes(answer(200, "x".repeat(5_000))), `${"x".repeat(5_000)} 200`],
  [writes(answer(302, "elsewhere", "Location: /x")), "302 elsewhere"],
  [writes(answer(503, "full")), "503 full"],
  [ends("HTTP/1.1 500 X\r\n\r\nuntil the end"), "500 until the end"],
  [writes(answer(500, "x".repeat(1_001))), "http-answer-too-big sent answered"],
  [ends(`HTTP/1.1 500 X\r\n\r\n${"x".repeat(1_001)}`), "http-answer-too-big sent answered"],
  [ends(""), "http-lost sent"],
  [{ request: (socket) => void socket.resetAndDestroy() }, "http-lost sent"],
  [ends("HTTP/1.1 2"), "http-lost sent answered"],
  [ends(`${ok}Content-Length: 5\r\n\r\nhe`), "he http-lost sent answered"],
  [ends(`${chunked}5\r\nhe`), "he http-lost sent answered"],
  [ends(`${chunked}2\r\nhe\r\n`), "he http-lost sent answered"],
  [writes("220 mail.example ESMTP\r\n\r\n"), "http-answer-malformed sent answered"],
  [writes(`${chunked}2\r\nhe\r\nzz\r\n`), "http-answer-malformed sent answered"],
  [
    writes(`${ok}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello`),
    "http-answer-malformed sent answered",
  ],
];

test("the body of a success comes in pieces, that of another answer whole", async () => {
  for (const [behaviour, outcome] of answers) {
    await using rig = await start(behaviour);
    assert.equal(await rig.outcome(), outcome);
    await rig.server.waitForOpen(0);
  }
});

test("a server that says nothing for too long: before its answer, and in its middle", async () => {
  for (const said of ["", ok, `${chunked}2\r\nhe`]) {
    const held: net.Socket[] = [];
    await using rig = await start({ request: (socket) => void held.push(socket) });
    const reading = rig.read();
    const message = /^http:\/\/127\.0\.0\.1:\d+ sent nothing for 5000 ms$/;
    const failing = assert.rejects(
      async () => {
        // The piece comes at once: what follows it does not.
        for (;;) await reading.next();
      },
      { code: "http-timeout", message },
    );
    await rig.server.waitForRequests(1);
    await new Promise<void>((resolve) => held[0]?.write(said, () => resolve()));
    const late = setInterval(() => rig.clock.advance(limits.silenceMs), 1);
    await within(failing, { what: "the time-out" });
    clearInterval(late);
    await rig.server.waitForOpen(0);
  }
});

test("time that the reader takes does not count, and it holds up the server", async () => {
  const parts = 1_000;
  let written = 0;
  await using rig = await start({
    request: (socket) => {
      socket.write(chunked);
      const piece = `10000\r\n${"x".repeat(65_536)}\r\n`;
      const more = (): void => {
        while (written < parts) {
          written++;
          if (!socket.write(piece)) return;
        }
        socket.write("0\r\n\r\n");
        socket.off("drain", more);
      };
      socket.on("drain", more);
      more();
    },
  });
  const reading = rig.read();
  const first = await within(reading.next(), { what: "the first piece" });
  let bytes = (first.value as Uint8Array).length;
  rig.clock.advance(60 * limits.silenceMs);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(written < parts, "64 MiB are not read ahead");
  for await (const piece of reading) bytes += piece.length;
  assert.equal(bytes, 65_536 * parts);
});

test("a server that accepts no connection in time, or none at all", async () => {
  // A TLS server that never says anything stands for it: TCP itself is answered by the kernel.
  await using rig = await start();
  const { url } = rig.server;
  const late = rig.outcome({}, url.replace("http:", "https:"));
  await rig.server.waitForOpen(1);
  rig.clock.advance(limits.connectMs);
  assert.equal(await late, "http-connect");
  await rig.server.waitForOpen(0);
  await rig.server.stop();
  const message = /^http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)$/;
  await assert.rejects(rig.read({}, url).next(), { code: "http-connect", sent: false, message });
  assert.equal(await rig.outcome({}, "ftp://x/"), "http-request-invalid");
});

test("a signal ends it at any time, and so does its reader", async () => {
  await using rig = await start(writes(`${chunked}2\r\nhe\r\n`));
  assert.equal(await rig.outcome({ signal: AbortSignal.abort() }), "http-aborted");
  const connecting = new AbortController();
  const first = rig.outcome({ signal: connecting.signal });
  connecting.abort();
  assert.equal(await first, "http-aborted");
  const reading = new AbortController();
  const pieces = rig.read({ signal: reading.signal });
  await within(pieces.next(), { what: "the first piece" });
  const second = assert.rejects(pieces.next(), { code: "http-aborted" });
  reading.abort();
  await second;
  await rig.server.waitForOpen(0);
  for await (const piece of rig.read()) {
    assert.equal(Buffer.from(piece).toString(), "he");
    break;
  }
  await rig.server.waitForOpen(0);
});
