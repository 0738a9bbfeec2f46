import { clientFrame as frame } from "./frames.ts";
import { concat, fromHex, utf8 } from "./hex.ts";

/** What a client's bytes make of a slot, whatever chunks they come in. */
export interface FrameVector {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** permessage-deflate is on. */
  readonly deflate?: boolean;
  /** `text:…`, `binary:hex`, `ping:hex`, `pong:hex`, `close:hex`, `fault:code`, in order. */
  readonly events: readonly string[];
}

const zeros = (length: number): Uint8Array => new Uint8Array(length);
const close = (code: number, reason: Uint8Array = zeros(0)): Uint8Array =>
  concat(Uint8Array.of(code >> 8, code & 255), reason);

/** `--max-message-size` of the vectors. */
export const vectorMessageBytesMax = 70_000;

/** `--max-fragments` of the vectors. */
export const vectorFragmentsMax = 6;

/** Frames as RFC 6455, 5.7 prints them, and as browsers send them. */
const good: readonly FrameVector[] = [
  {
    name: "the masked Hello of RFC 6455, 5.7",
    bytes: fromHex("81 85 37 fa 21 3d 7f 9f 4d 51 58"),
    events: ["text:Hello"],
  },
  { name: "an empty text", bytes: fromHex("81 80 37fa213d"), events: ["text:"] },
  { name: "an empty binary", bytes: fromHex("82 80 00000000"), events: ["binary:"] },
  {
    name: "a binary with a mask of zeros",
    bytes: frame(0x82, fromHex("00ff7f80"), { mask: zeros(4) }),
    events: ["binary:00ff7f80"],
  },
  {
    name: "several messages in a row",
    bytes: concat(frame(0x81, utf8("a")), frame(0x82, fromHex("01")), frame(0x81, utf8("ö"))),
    events: ["text:a", "binary:01", "text:ö"],
  },
  {
    name: "lengths around the steps of sixteen bytes",
    bytes: concat(...[15, 16, 17, 31, 32, 33].map((n) => frame(0x81, utf8("x".repeat(n))))),
    events: [15, 16, 17, 31, 32, 33].map((n) => `text:${"x".repeat(n)}`),
  },
  {
    name: "lengths around 125, where two length bytes start",
    bytes: concat(...[125, 126, 127].map((n) => frame(0x81, utf8("y".repeat(n))))),
    events: [125, 126, 127].map((n) => `text:${"y".repeat(n)}`),
  },
  {
    name: "lengths around 255, where the envelope's header grows",
    bytes: concat(...[255, 256].map((n) => frame(0x82, zeros(n)))),
    events: [255, 256].map((n) => `binary:${"00".repeat(n)}`),
  },
  {
    name: "a text in three fragments, one of them empty",
    bytes: concat(frame(0x01, utf8("Hel")), frame(0x00, zeros(0)), frame(0x80, utf8("lo"))),
    events: ["text:Hello"],
  },
  {
    name: "a text whose fragments are all empty",
    bytes: concat(frame(0x01, zeros(0)), frame(0x00, zeros(0)), frame(0x80, zeros(0))),
    events: ["text:"],
  },
  {
    name: "an empty first fragment, the whole text in the last",
    bytes: concat(frame(0x01, zeros(0)), frame(0x80, utf8("whole")), frame(0x81, utf8("b"))),
    events: ["text:whole", "text:b"],
  },
  {
    name: "a character cut by a fragment",
    bytes: concat(frame(0x01, fromHex("f09f")), frame(0x80, fromHex("9880"))),
    events: ["text:😀"],
  },
  {
    name: "control frames between fragments",
    bytes: concat(
      frame(0x01, utf8("Hel")),
      frame(0x89, utf8("p")),
      frame(0x00, utf8("l")),
      frame(0x8a, zeros(0)),
      frame(0x80, utf8("o")),
    ),
    events: ["ping:70", "pong:", "text:Hello"],
  },
  { name: "a ping of 125", bytes: frame(0x89, zeros(125)), events: [`ping:${"00".repeat(125)}`] },
  { name: "a text with a BOM", bytes: frame(0x81, fromHex("efbbbf41")), events: ["text:\ufeffA"] },
  {
    name: "the first and last characters of each UTF-8 length",
    bytes: frame(0x81, utf8("\0\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}")),
    events: ["text:\0\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}"],
  },
  {
    name: "a deflated text, then a plain one",
    deflate: true,
    bytes: concat(frame(0xc1, fromHex("f248cdc9c90700")), frame(0x81, utf8("Hello"))),
    events: ["deflated-text:f248cdc9c90700", "text:Hello"],
  },
  {
    name: "a deflated binary in fragments: RSV1 on the first only (RFC 7692, 7.2.3.1)",
    deflate: true,
    bytes: concat(frame(0x42, fromHex("f248cd")), frame(0x80, fromHex("c9c90700"))),
    events: ["deflated-binary:f248cdc9c90700"],
  },
];

const closes: readonly FrameVector[] = [
  { name: "an empty close", bytes: frame(0x88, zeros(0)), events: ["close:"] },
  {
    name: "a close with code and reason; what follows is not read",
    bytes: concat(frame(0x88, close(1000, utf8("bye"))), frame(0x81, utf8("late"))),
    events: ["close:03e8627965"],
  },
  {
    name: "a close inside a fragmented message drops it",
    bytes: concat(frame(0x01, utf8("Hel")), frame(0x88, close(1001))),
    events: ["close:03e9"],
  },
  ...[1003, 1007, 1014, 3000, 4999].map((code) => ({
    name: `close code ${code}`,
    bytes: frame(0x88, close(code)),
    events: [`close:${code.toString(16).padStart(4, "0")}`],
  })),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535].map((code) => ({
    name: `close code ${code} must not stand on the wire`,
    bytes: frame(0x88, close(code)),
    events: ["fault:frame-close-code"],
  })),
  {
    name: "a close payload of one byte",
    bytes: frame(0x88, zeros(1)),
    events: ["fault:frame-close-payload"],
  },
  {
    name: "a close reason that is not UTF-8",
    bytes: frame(0x88, close(1000, fromHex("80"))),
    events: ["fault:message-not-utf8"],
  },
];

const fault = (name: string, code: string, ...frames: readonly Uint8Array[]): FrameVector => ({
  name,
  bytes: concat(...frames),
  events: [`fault:${code}`],
});

const sixFragments: readonly Uint8Array[] = [
  frame(0x01, utf8("a")),
  frame(0x89, zeros(0)),
  ...["b", "c", "d", "e"].map((letter) => frame(0x00, utf8(letter))),
  frame(0x80, utf8("f")),
];

const faults: readonly FrameVector[] = [
  ...[0x91, 0xa1, 0xc1].map((first) =>
    fault(`first byte ${first.toString(16)}`, "frame-reserved-bits", frame(first, zeros(1))),
  ),
  {
    ...fault(
      "RSV1 on a continuation",
      "frame-reserved-bits",
      frame(0x41, zeros(1)),
      frame(0xc0, zeros(1)),
    ),
    deflate: true,
  },
  { ...fault("RSV1 on a ping", "frame-reserved-bits", frame(0xc9, zeros(0))), deflate: true },
  { ...fault("RSV1 and RSV2", "frame-reserved-bits", frame(0xe1, zeros(0))), deflate: true },
  ...[0x83, 0x87, 0x8b, 0x8f].map((first) =>
    fault(`opcode ${first & 15}`, "frame-opcode", frame(first, zeros(0))),
  ),
  fault("an unmasked frame", "frame-unmasked", fromHex("81 05 48656c6c6f")),
  fault("a ping without FIN", "frame-control-fragmented", frame(0x09, zeros(0))),
  fault("a ping of 126", "frame-control-too-long", frame(0x89, zeros(126))),
  fault(
    "126 in two length bytes too many",
    "frame-length",
    frame(0x82, zeros(125), { lengthBytes: 2 }),
  ),
  fault(
    "65,535 in eight length bytes",
    "frame-length",
    frame(0x82, zeros(65_535), { lengthBytes: 8 }),
  ),
  fault(
    "a length with its top bit set",
    "frame-length",
    fromHex("82ff 8000000000010000 00000000"),
  ),
  fault("a continuation of nothing", "frame-unexpected-continuation", frame(0x80, zeros(1))),
  fault(
    "a new message inside one",
    "frame-expected-continuation",
    frame(0x01, utf8("a")),
    frame(0x81, utf8("b")),
  ),
  fault(
    "a header that says too much",
    "message-too-big",
    fromHex("82ff 0000000000011171 00000000"),
  ),
  {
    name: "as many fragments as are allowed, twice, control frames not counted",
    bytes: concat(...[1, 2].flatMap(() => sixFragments)),
    events: ["ping:", "text:abcdef", "ping:", "text:abcdef"],
  },
  {
    name: "one fragment too many",
    bytes: concat(...sixFragments.slice(0, -1), frame(0x00, utf8("f")), frame(0x80, zeros(0))),
    events: ["ping:", "fault:message-fragments"],
  },
  fault("2^53 and more", "message-too-big", fromHex("82ff 7fffffffffffffff 00000000")),
  fault(
    "fragments that are too much together",
    "message-too-big",
    frame(0x02, zeros(40_000)),
    frame(0x00, zeros(30_000)),
    frame(0x80, zeros(1)),
  ),
];

const badTexts: readonly (readonly [name: string, hex: string])[] = [
  ["a continuation byte alone", "4180"],
  ["an overlong slash", "c0af"],
  ["C1", "c180"],
  ["an overlong form of three bytes", "e09f80"],
  ["a surrogate", "eda080"],
  ["an overlong form of four bytes", "f08f8080"],
  ["past U+10FFFF", "f4908080"],
  ["F5", "f5808080"],
  ["FF", "ff"],
  ["an end inside a character", "e282"],
  ["a bad byte after 17 good ones", "4141414141414141414141414141414141ff"],
];

const textFaults: readonly FrameVector[] = [
  ...badTexts.map(([name, hex]) =>
    fault(`not UTF-8: ${name}`, "message-not-utf8", frame(0x81, fromHex(hex))),
  ),
  {
    name: "a good message stands before a fault",
    bytes: concat(
      frame(0x81, utf8("good")),
      frame(0x81, fromHex("ff")),
      frame(0x81, utf8("late")),
    ),
    events: ["text:good", "fault:message-not-utf8"],
  },
  {
    name: "binary data need not be UTF-8",
    bytes: concat(frame(0x02, fromHex("ff")), frame(0x80, fromHex("fe"))),
    events: ["binary:fffe"],
  },
];

export const frameVectors: readonly FrameVector[] = [...good, ...closes, ...faults, ...textFaults];
