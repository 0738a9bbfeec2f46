import assert from "node:assert/strict";
import { test } from "node:test";
import { ParserStep } from "../../../../core/ports/mod.ts";
import {
  type FrameSource,
  MessageReader,
  type ReaderOptions,
} from "../../../../core/websocket/message-reader.ts";
import { readProxyHeader } from "../../../../core/websocket/mod.ts";
import {
  type MessageSender,
  UnfinishedMessages,
} from "../../../../core/websocket/unfinished-messages.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { concat, fromHex, utf8 } from "../../../vectors/hex.ts";

const payload = new Uint8Array(10);

/** A reader to whom each chunk is a message that inflates as far as none may above the ratio. */
function inflating(): { clock: ManualClock; read: () => string[] } {
  const clock = new ManualClock();
  const faults: string[] = [];
  const nothing = (): void => {};
  const options = {
    clock,
    handler: { inflated: nothing, batched: nothing, pong: nothing },
    frames: {
      feed: () => ParserStep.deflatedBinary,
      next: () => ParserStep.done,
      payload: () => payload,
      fedMessages: () => 0,
      fedBytes: () => 0,
    },
    events: { messageBytesMaxOf: () => 1_000_000 },
    deflate: { inflate: (_: Uint8Array, bytesMax: number) => new Uint8Array(bytesMax) },
    inflateRatioMax: 10,
    messageBytesMax: 1_000_000,
    batchBuffers: true,
  };
  const reader = new MessageReader(options as unknown as ReaderOptions);
  const source = {
    connection: { slot: 0 },
    isOpen: true,
    isEnded: false,
    inflatesUntil: 0,
    failed: (code: string) => void faults.push(code),
  } as unknown as FrameSource;
  const read = (): string[] => {
    reader.read(source, new Uint8Array(1));
    return faults.splice(0);
  };
  return { clock, read };
}

test("a client may inflate so much above the ratio in a second, the clock may be set", () => {
  for (const set of [0, 3_600_000, -3_600_000]) {
    const { clock, read } = inflating();
    assert.deepEqual(read(), []);
    clock.set(set);
    assert.deepEqual(read(), ["message-inflate-ratio"]);
    const apart = inflating();
    assert.deepEqual(apart.read(), []);
    apart.clock.set(set);
    apart.clock.advance(1_000);
    assert.deepEqual(apart.read(), []);
  }
});

class Sender implements MessageSender {
  readonly address: string;
  readonly #messages: UnfinishedMessages;
  gone: string | undefined = undefined;

  constructor(messages: UnfinishedMessages, address: string) {
    this.#messages = messages;
    this.address = address;
  }

  has(bytes: number, another = false): void {
    this.#messages.note(this, bytes, another);
  }

  giveUp(code: string): void {
    this.gone = code;
    // As a socket does when it is closed.
    this.#messages.note(this, -1, false);
  }
}

function rig({ timeout = 0, address = 1_000, all = 10_000 }) {
  const clock = new ManualClock();
  const limits = { messageTimeoutMs: timeout, addressBytesMax: address, bytesMax: all };
  const messages = new UnfinishedMessages(clock, limits);
  return { clock, messages, sender: (from: string) => new Sender(messages, from) };
}

test("many of one address that hoard close each other, and nobody else", () => {
  const { clock, sender } = rig({});
  const honest = sender("192.0.2.2");
  honest.has(900);
  clock.advance(1_000);
  const hoarders = Array.from({ length: 30 }, () => sender("192.0.2.1"));
  for (const hoarder of hoarders) {
    hoarder.has(300);
    clock.advance(10);
  }
  assert.equal(honest.gone, undefined);
  // Three fit; the oldest went first.
  assert.deepEqual(
    hoarders.map(({ gone }) => gone),
    [...Array(27).fill("unfinished-messages"), undefined, undefined, undefined],
  );
});

test("addresses of one IPv6 network are one", () => {
  const { sender } = rig({});
  const [first, second] = [sender("2001:db8::1"), sender("2001:db8::2")];
  first.has(600);
  second.has(500);
  assert.deepEqual([first.gone, second.gone], ["unfinished-messages", undefined]);
});

test("past what all may hold, the address with most gives up who holds most and longest", () => {
  const { clock, sender } = rig({ address: 5_000, all: 10_000 });
  const small = sender("192.0.2.1");
  small.has(10);
  clock.advance(60_000);
  const [large, larger] = [sender("192.0.2.2"), sender("192.0.2.2")];
  large.has(1_000);
  larger.has(3_900);
  const other = sender("192.0.2.3");
  other.has(4_500);
  clock.advance(1_000);
  const last = sender("192.0.2.4");
  last.has(1_000);
  const gone = [small, large, larger, other, last].map((one) => one.gone !== undefined);
  assert.deepEqual(gone, [false, false, true, false, false]);
});

test("a message that takes too long is given up, a new one has its own time", () => {
  for (const set of [0, 3_600_000, -3_600_000]) {
    const { clock, sender } = rig({ timeout: 1_000 });
    const [slow, busy, done] = [sender("a"), sender("b"), sender("c")];
    for (const one of [slow, busy, done]) one.has(0);
    // The clock is set on or back, which changes nothing.
    clock.set(set);
    clock.advance(900);
    slow.has(5);
    busy.has(5, true);
    done.has(-1);
    assert.deepEqual([slow.gone, busy.gone, done.gone], [undefined, undefined, undefined]);
    clock.advance(400);
    assert.deepEqual([slow.gone, busy.gone, done.gone], ["message-timeout", undefined, undefined]);
    clock.advance(1_000);
    assert.equal(busy.gone, "message-timeout");
    assert.equal(clock.pendingTimers, 0);
  }
});

test("the time of who is not read does not run", () => {
  const { clock, messages, sender } = rig({ timeout: 1_000 });
  const [paused, read] = [sender("a"), sender("b")];
  paused.has(5);
  read.has(5);
  messages.pause(paused, true);
  clock.advance(5_000);
  assert.deepEqual([paused.gone, read.gone], [undefined, "message-timeout"]);
  messages.pause(paused, false);
  clock.advance(900);
  assert.equal(paused.gone, undefined);
  clock.advance(500);
  assert.equal(paused.gone, "message-timeout");
});

const signature = "0d0a0d0a000d0a515549540a";
const four = `${signature} 21 11 000c c6336401 0a000001 1234 0050`;
const sixes = `20010db8000000000000000000000001 ${"00".repeat(15)}01`;
const six = `${signature} 21 21 0024 ${sixes} 1234 0050`;

const good: readonly (readonly [name: string, bytes: Uint8Array, address: string | undefined])[] =
  [
    ["TCP4", utf8("PROXY TCP4 198.51.100.1 10.0.0.1 56324 443\r\n"), "198.51.100.1"],
    ["TCP6", utf8("PROXY TCP6 2001:db8::1 ::1 56324 443\r\n"), "2001:db8::1"],
    ["UNKNOWN", utf8("PROXY UNKNOWN\r\n"), undefined],
    ["UNKNOWN with more", utf8("PROXY UNKNOWN ffff:f::1 ::1 65535 65535\r\n"), undefined],
    ["version 2, IPv4", fromHex(four), "198.51.100.1"],
    ["version 2, IPv6", fromHex(six), "2001:db8:0:0:0:0:0:1"],
    [
      "version 2, with more behind",
      fromHex(`${four.replace("000c", "000f")}040000`),
      "198.51.100.1",
    ],
    ["version 2, LOCAL", fromHex(`${signature} 20 00 0000`), undefined],
    [
      "version 2, a Unix socket",
      fromHex(`${signature} 21 31 00d8 ${"00".repeat(216)}`),
      undefined,
    ],
  ];

const bad: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ["HTTP", utf8("GET / HTTP/1.1\r\n")],
  ["a line without its return", utf8("PROXY TCP4 198.51.100.1 10.0.0.1 1 2\n")],
  ["a line that is too long", utf8(`PROXY UNKNOWN ${"x".repeat(100)}\r\n`)],
  ["an address that is none", utf8("PROXY TCP4 evil 10.0.0.1 1 2\r\n")],
  ["another family", utf8("PROXY TCP5 198.51.100.1 10.0.0.1 1 2\r\n")],
  ["version 3", fromHex(`${signature} 31 11 000c ${"00".repeat(12)}`)],
  ["an unknown command", fromHex(`${signature} 22 11 000c ${"00".repeat(12)}`)],
  ["too few bytes for its family", fromHex(`${signature} 21 11 0004 c6336401`)],
  ["more than we take", fromHex(`${signature} 21 11 ffff c6336401`)],
];

test("a PROXY header is read, split anywhere, and what follows is left alone", () => {
  for (const [name, bytes, address] of good) {
    const end = bytes.length;
    for (let at = 0; at < end; at++) {
      assert.equal(readProxyHeader(bytes.slice(0, at)), "more", `${name}, ${at} bytes`);
    }
    const followed = concat(bytes, utf8("GET / HTTP/1.1\r\n"));
    assert.deepEqual(readProxyHeader(followed), { end, address }, name);
  }
});

test("what is no PROXY header is known as such", () => {
  for (const [name, bytes] of bad) assert.equal(readProxyHeader(bytes), "bad", name);
});
