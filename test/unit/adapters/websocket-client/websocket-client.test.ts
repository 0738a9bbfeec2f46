import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import { type ClientEnd, WebSocketClient } from "../../../../adapters/websocket-client/mod.ts";
import { ServiceError } from "../../../../core/base/mod.ts";
import { buildFrame } from "../../../../core/websocket/mod.ts";

type Answer = (socket: Socket, accept: string) => void;

/** A server that answers each handshake as the test says. Returns its URL. */
async function startServer(answer: Answer): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (chunk) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(String(chunk))?.[1] ?? "";
      const hash = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
      answer(socket, hash.digest("base64"));
    });
  }).listen(0, "127.0.0.1");
  after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const head = (accept: string, more = ""): string =>
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  `Sec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;

interface Talk {
  readonly client: WebSocketClient;
  readonly heard: string[];
  readonly ended: Promise<ClientEnd>;
}

async function talk(url: string, subprotocols: readonly string[] = []): Promise<Talk> {
  const heard: string[] = [];
  let closed: (end: ClientEnd) => void = () => {};
  const ended = new Promise<ClientEnd>((resolve) => {
    closed = resolve;
  });
  const client = await WebSocketClient.connect(
    url,
    { timeoutMs: 10_000, subprotocols },
    {
      text: (text) => heard.push(text),
      binary: () => heard.push("binary"),
      ping: () => heard.push("ping"),
      pong: () => heard.push("pong"),
      closed: (end) => closed(end),
    },
  );
  return { client, heard, ended };
}

const refusedAnswers: readonly (readonly [what: string, answer: Answer, code: string])[] = [
  ["no HTTP", (socket) => socket.write("SSH-2.0\r\n\r\n"), "http-answer-malformed"],
  ["a wrong key", (socket) => socket.write(head("wrong")), "http-answer-malformed"],
  [
    "a subprotocol that was not offered",
    (socket, accept) => socket.write(head(accept, "Sec-WebSocket-Protocol: v9\r\n")),
    "http-answer-malformed",
  ],
  [
    "an extension that was not offered",
    (socket, accept) => socket.write(head(accept, "Sec-WebSocket-Extensions: x\r\n")),
    "http-answer-malformed",
  ],
  [
    "no upgrade",
    (socket, accept) => socket.write(head(accept).replace("Upgrade: websocket\r\n", "")),
    "http-answer-malformed",
  ],
  [
    "an endless head",
    (socket) => socket.write("HTTP/1.1 101 x\r\n".padEnd(70_000, "a")),
    "http-answer-malformed",
  ],
  ["nothing, and an end", (socket) => socket.destroy(), "http-lost"],
  [
    "403 and a body without a length",
    (socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\nnot you"),
    "handshake-refused",
  ],
];

for (const [what, answer, code] of refusedAnswers) {
  test(`a server that answers ${what} is refused: ${code}`, async () => {
    const url = await startServer(answer);
    await assert.rejects(talk(url), (error) => {
      assert.ok(error instanceof ServiceError);
      assert.equal(error.code, code, error.message);
      if (code === "handshake-refused") assert.match(error.message, /403 Forbidden: not you$/);
      return true;
    });
  });
}

test("frames that came with the answer are not lost", async () => {
  const early = buildFrame(1, new TextEncoder().encode("early"));
  const late = [
    buildFrame(1, new TextEncoder().encode("late")),
    buildFrame(8, Uint8Array.of(3, 232)),
  ];
  const url = await startServer((socket, accept) => {
    socket.setNoDelay(true);
    socket.write(Buffer.concat([Buffer.from(head(accept)), early.subarray(0, 3)]));
    for (const part of [early.subarray(3), ...late]) socket.write(part);
  });
  const { heard, ended } = await talk(url);
  assert.deepEqual(await ended, { code: 1000, reason: "", byUs: false });
  assert.deepEqual(heard, ["early", "late"]);
});

test("a fault in a frame ends the connection, and is told", async () => {
  const url = await startServer((socket, accept) => {
    socket.write(head(accept));
    socket.write(Buffer.from("c100", "hex"));
  });
  const { ended } = await talk(url);
  const { code, reason } = await ended;
  assert.equal(code, 1006);
  assert.match(reason, /^frame-reserved-bits: /);
});

test("a server that answers no close frame is waited for, not for ever", async () => {
  const url = await startServer((socket, accept) => socket.write(head(accept)));
  const { client, ended } = await talk(url);
  client.close(4000, "enough");
  assert.deepEqual(await ended, { code: 1006, reason: "", byUs: true });
});
