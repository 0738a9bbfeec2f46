import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressGroup,
  inRange,
  parseAddress,
  parseAddressRange,
  plainAddress,
} from "../../../../core/base/mod.ts";
import { originAllowed } from "../../../../core/handshake/allowed-origins.ts";
import { clientAddress } from "../../../../core/handshake/client-address.ts";
import { ManualClock, MemoryBroker } from "../../../support/memory/mod.ts";
import { MemoryNode } from "../../../support/memory-node/memory-node.ts";

const addresses: readonly (readonly [text: string, hex: string | undefined])[] = [
  ["192.0.2.1", "ffffc0000201"],
  ["::ffff:192.0.2.1", "ffffc0000201"],
  ["::", "0"],
  ["::1", "1"],
  ["2001:db8::", "20010db8000000000000000000000000"],
  ["2001:DB8:0:0:1::1", "20010db8000000000001000000000001"],
  ["1:2:3:4:5:6:7:8", "10002000300040005000600070008"],
  ["1:2:3:4:5:6:7::", "10002000300040005000600070000"],
  ["256.0.0.1", undefined],
  ["1.2.3", undefined],
  ["1.2.3.4.5", undefined],
  ["", undefined],
  [":", undefined],
  ["1::2::3", undefined],
  ["1:2:3:4:5:6:7:8:9", undefined],
  ["1:2:3:4:5:6:7:8::", undefined],
  ["12345::", undefined],
  ["g::", undefined],
  ["fe80::1%eth0", undefined],
];

test("addresses are read as RFC 4291 writes them, and nothing else is", () => {
  for (const [text, hex] of addresses) assert.equal(parseAddress(text)?.toString(16), hex, text);
});

const ranges: readonly (readonly [range: string, inside: string[], outside: string[]])[] = [
  ["10.0.0.0/8", ["10.0.0.1", "10.255.255.255", "::ffff:10.1.1.1"], ["11.0.0.0", "::10.0.0.1"]],
  ["192.0.2.7", ["192.0.2.7"], ["192.0.2.6", "::"]],
  ["2001:db8::/33", ["2001:db8:7fff::1"], ["2001:db8:8000::1"]],
  ["0.0.0.0/0", ["1.2.3.4"], ["2001::1"]],
  ["::/0", ["1.2.3.4", "2001::1"], []],
];

test("ranges hold what has their first bits", () => {
  for (const [text, inside, outside] of ranges) {
    const range = parseAddressRange(text);
    assert.ok(range !== undefined, text);
    for (const one of inside) assert.ok(inRange(parseAddress(one) ?? -1n, range), one);
    for (const one of outside) assert.ok(!inRange(parseAddress(one) ?? -1n, range), one);
  }
  for (const wrong of ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "x/8", "10/8", ""]) {
    assert.equal(parseAddressRange(wrong), undefined, wrong);
  }
});

test("IPv4 inside IPv6 is shown plain; IPv6 counts by its first 64 bits", () => {
  assert.equal(plainAddress("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(plainAddress("2001:db8::1"), "2001:db8::1");
  assert.equal(addressGroup("2001:db8::1"), addressGroup("2001:db8:0:0:ffff::2"));
  assert.notEqual(addressGroup("2001:db8::1"), addressGroup("2001:db8:0:1::1"));
  assert.equal(addressGroup("192.0.2.1"), addressGroup("::ffff:192.0.2.1"));
  assert.equal(addressGroup("fe80::1%eth0"), addressGroup("fe80::2"));
});

const forwarded: readonly (readonly [peer: string, header: string | undefined, is: string])[] = [
  ["192.0.2.1", "198.51.100.1", "192.0.2.1"],
  ["10.0.0.1", undefined, "10.0.0.1"],
  ["10.0.0.1", "198.51.100.1", "198.51.100.1"],
  ["::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"],
  // What the client itself wrote stands on the left.
  ["10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"],
  ["10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
  ["10.0.0.1", "1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"],
  ["10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"],
  ["10.0.0.1", "198.51.100.1:4711", "198.51.100.1"],
  ["10.0.0.1", "", "10.0.0.1"],
];

test("X-Forwarded-For is believed from proxies only, from the right", () => {
  const range = parseAddressRange("10.0.0.0/8");
  for (const [remoteAddress, header, expected] of forwarded) {
    const request = {
      method: "GET",
      path: "/",
      query: "",
      remoteAddress,
      header: (name: string) => (name === "x-forwarded-for" ? header : undefined),
      headers: () => [],
    };
    assert.equal(clientAddress(request, range && [range]), expected, `${header}`);
    assert.equal(clientAddress(request), plainAddress(remoteAddress));
  }
});

const origins: readonly (readonly [origin: string, allowed: boolean])[] = [
  ["https://example.com", true],
  ["HTTPS://EXAMPLE.COM", true],
  ["https://example.com:8443", false],
  ["http://example.com", false],
  ["https://a.example.org", true],
  ["http://a.b.example.org:8080", true],
  ["https://example.org", false],
  ["https://badexample.org", false],
  ["https://a.example.org.evil.com", false],
  ["https://evil.com/.example.org", false],
  ["https://evil.com, https://example.com", false],
  ["https://user@a.example.org", false],
  ["null", false],
  ["", false],
];

test("origins are compared as a whole, or by their host", () => {
  for (const [origin, expected] of origins) {
    const allowed = ["https://example.com", "*.example.org"];
    assert.equal(originAllowed(origin, allowed), expected, origin);
  }
  assert.ok(originAllowed("null", ["null"]));
});

test("a page that is not allowed is refused with 403, and what is no page comes in", async () => {
  const options = { allowedOrigins: ["https://example.com"] };
  const node = new MemoryNode(
    { broker: new MemoryBroker(), clock: new ManualClock() },
    { ...options, mode: "open" },
  );
  await node.gateway.start();
  const statusOf = async (headers: Readonly<Record<string, string>>): Promise<unknown> => {
    const answer = await node.handshake("/", headers);
    return answer.accepted ? "welcome" : `${answer.statusCode} ${answer.errorCode}`;
  };
  assert.equal(await statusOf({ origin: "https://example.com" }), "welcome");
  assert.equal(await statusOf({ origin: "https://evil.example" }), "403 origin-not-allowed");
  assert.equal(await statusOf({}), "welcome");
  assert.equal(node.errors("origin-not-allowed"), 1);
});
