import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import {
  clientFrame,
  type FrameListener,
  ServerFrameReader,
} from "../../../../adapters/websocket-client/client-frames.ts";
import { type ClientEnd, WebSocketClient } from "../../../../adapters/websocket-client/mod.ts";
import { buildFrame, closePayload } from "../../../../core/websocket/mod.ts";

/** Writes down what it hears. */
function recorder(): { readonly heard: string[]; readonly listener: FrameListener } {
  const heard: string[] = [];
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const listener = {
    text: (text: string): void => void heard.push(`text ${text}`),
    binary: (bytes: Uint8Array): void => void heard.push(`binary ${hex(bytes)}`),
    ping: (bytes: Uint8Array): void => void heard.push(`ping ${hex(bytes)}`),
    pong: (bytes: Uint8Array): void => void heard.push(`pong ${hex(bytes)}`),
    closeFrame: (code: number, reason: string): void => void heard.push(`close ${code} ${reason}`),
  };
  return { heard, listener };
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const withoutFin = (frame: Uint8Array): Uint8Array => {
  frame[0] = (frame[0] as number) & 0x7f;
  return frame;
};

const frames: readonly Uint8Array[] = [
  buildFrame(1, utf8("hellö")),
  withoutFin(buildFrame(1, utf8("hellö").subarray(0, 5))),
  buildFrame(9, new Uint8Array([1])),
  withoutFin(buildFrame(0, utf8("hellö").subarray(5))),
  buildFrame(0, utf8("!")),
  buildFrame(2, new Uint8Array(200).fill(7)),
  buildFrame(2, new Uint8Array(70_000).fill(8)),
  buildFrame(10, new Uint8Array(0)),
  buildFrame(1, new Uint8Array(0)),
  buildFrame(8, closePayload(4001, "bye")),
  buildFrame(1, utf8("never read")),
];
const all = Buffer.concat(frames);
const expected = [
  "text hellö",
  "ping 01",
  "text hellö!",
  `binary ${"07".repeat(200)}`,
  `binary ${"08".repeat(70_000)}`,
  "pong ",
  "text ",
  "close 4001 bye",
];

test("a reader puts frames of any split together", () => {
  for (const size of [1, 2, 3, 7, 64, 1_000, 65_536, all.length]) {
    const { heard, listener } = recorder();
    const reader = new ServerFrameReader(listener, 100_000);
    for (let at = 0; at < all.length; at += size) reader.push(all.subarray(at, at + size));
    assert.deepEqual(heard, expected, `chunks of ${size}`);
  }
});

/** Bytes that a server must not send, in hexadecimal digits, and the code of the fault. */
const faults: readonly (readonly [hex: string, code: string])[] = [
  ["c100", "frame-reserved-bits"],
  ["818100000000", "frame-opcode"],
  ["8300", "frame-opcode"],
  ["8b00", "frame-opcode"],
  ["0900", "frame-control-fragmented"],
  ["897e0080", "frame-control-too-long"],
  ["8000", "frame-unexpected-continuation"],
  ["01008100", "frame-expected-continuation"],
  ["8101ff", "message-not-utf8"],
  ["88020000", "frame-close-code"],
  ["880103", "frame-close-code"],
  ["880303e8ff", "frame-close-payload"],
  ["827e03e9", "message-too-big"],
  ["827f0000010000000000", "message-too-big"],
  ["0203010101807e03e8", "message-too-big"],
];

for (const [hex, code] of faults) {
  test(`a reader refuses ${hex}: ${code}`, () => {
    const { listener } = recorder();
    const reader = new ServerFrameReader(listener, 1_000);
    assert.throws(() => reader.push(Buffer.from(hex, "hex")), { code });
  });
}

test("a frame of a client is masked with bytes that change", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    const payload = new Uint8Array(length).fill(3);
    const frame = clientFrame(2, payload);
    const start = length < 126 ? 2 : length < 65_536 ? 4 : 10;
    assert.equal(frame.length, start + 4 + length);
    assert.equal(frame[0], 0x82);
    assert.equal((frame[1] as number) & 0x80, 0x80);
    const mask = frame.subarray(start, start + 4);
    const read = frame.subarray(start + 4).map((byte, at) => byte ^ (mask[at & 3] as number));
    assert.deepEqual(read, payload);
  }
  const empty = Array.from({ length: 20 }, () => clientFrame(1, new Uint8Array(0)));
  assert.ok(new Set(empty.map(String)).size > 1);
});

test("a reader reads messages whose fragments are empty, all or some of them", () => {
  const { heard, listener } = recorder();
  const reader = new ServerFrameReader(listener, 100);
  const empty = new Uint8Array(0);
  const go = (opcode: 0 | 1, bytes: Uint8Array): void => {
    reader.push(withoutFin(buildFrame(opcode, bytes)));
  };
  for (const middle of [empty, utf8("x")]) {
    go(1, empty);
    for (let count = 0; count < 1_000; count += 1) go(0, empty);
    go(0, middle);
    reader.push(buildFrame(0, empty));
  }
  assert.deepEqual(heard, ["text ", "text x"]);
});

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

async function talk(url: string, subprotocols: readonly string[] = []) {
  const heard: string[] = [];
  let closed: (end: ClientEnd) => void = () => {};
  const ended = new Promise<ClientEnd>((resolve) => (closed = resolve));
  const client = await WebSocketClient.connect(
    url,
    { timeoutMs: 10_000, subprotocols },
    {
      text: (text) => heard.push(text),
      binary: () => heard.push("binary"),
      ping: () => heard.push("ping"),
      pong: () => heard.push("pong"),
      closed,
    },
  );
  return { client, heard, ended };
}

const header = "Sec-WebSocket-";
const malformed = "http-answer-malformed";
/** An answer of these bytes, of the handshake's key. */
const answers =
  (text: (accept: string) => string): Answer =>
  (socket, accept) =>
    socket.write(text(accept));
const refusedAnswers: readonly (readonly [what: string, answer: Answer, code: string])[] = [
  ["no HTTP", answers(() => "SSH-2.0\r\n\r\n"), malformed],
  ["a wrong key", answers(() => head("wrong")), malformed],
  ["a strange subprotocol", answers((key) => head(key, `${header}Protocol: v9\r\n`)), malformed],
  ["a strange extension", answers((key) => head(key, `${header}Extensions: x\r\n`)), malformed],
  ["no upgrade", answers((key) => head(key).replace("Upgrade: websocket\r\n", "")), malformed],
  ["an endless head", answers(() => "HTTP/1.1 101 x\r\n".padEnd(70_000, "a")), malformed],
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
    const message = code === "handshake-refused" ? /403 Forbidden: not you$/ : /./;
    await assert.rejects(talk(url), { code, message });
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
