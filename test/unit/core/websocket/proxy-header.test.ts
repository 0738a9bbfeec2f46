import assert from "node:assert/strict";
import { test } from "node:test";
import { readProxyHeader } from "../../../../core/websocket/mod.ts";
import { concat, fromHex, utf8 } from "../../../vectors/hex.ts";

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
