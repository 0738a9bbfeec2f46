import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressGroup,
  inRange,
  isRoutePattern,
  parseAddress,
  parseAddressRange,
  parseRoute,
  plainAddress,
} from "../../../../core/base/mod.ts";
import { originAllowed } from "../../../../core/handshake/allowed-origins.ts";
import { clientAddress } from "../../../../core/handshake/client-address.ts";
import { allowedCookies } from "../../../../core/handshake/cookies.ts";
import { Routes } from "../../../../core/handshake/routes.ts";
import { upgradeRequest } from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";

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
    const headers = header === undefined ? {} : { "x-forwarded-for": header };
    const request = { ...upgradeRequest("/", headers), remoteAddress };
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
  const { node } = new NodeRig({ allowedOrigins: ["https://example.com"], mode: "open" });
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

const names = ["sid", "lang", "empty"];

const cookieHeaders: readonly [
  header: string | undefined,
  cookies: Record<string, string> | undefined,
][] = [
  [undefined, undefined],
  ["", undefined],
  ["other=1", undefined],
  ["sid=1", { sid: "1" }],
  ["other=1; sid=2; more=3", { sid: "2" }],
  ["sid=1; lang=de", { sid: "1", lang: "de" }],
  ["sid=first; sid=second", { sid: "first" }],
  ["a=1; sid=x, lang=y", { sid: "x", lang: "y" }],
  ["  sid =  spaced\t; lang=\tde ", { sid: "spaced", lang: "de" }],
  ['sid="quoted"; lang="', { sid: "quoted", lang: '"' }],
  ["sid=a=b==; empty=", { sid: "a=b==", empty: "" }],
  ["sid; lang", undefined],
  ["SID=1; Sid=2", undefined],
  ["=1; sidx=2; xsid=3", undefined],
  ["sid=%20%3D;;; ; lang=\u00fc", { sid: "%20%3D", lang: "\u00fc" }],
];

test("cookies are those of the allowed names, the first of each", () => {
  for (const [header, cookies] of cookieHeaders) {
    assert.deepEqual(allowedCookies(header, names), cookies, header);
    assert.equal(allowedCookies(header, []), undefined);
  }
});

test("an origin sees the cookies that are allowed, and no others", async () => {
  const { node } = new NodeRig({ cookies: ["sid"], headers: ["user-agent"] });
  await node.gateway.start();
  const answer = await node.handshake("/", { cookie: "secret=1; sid=2", "user-agent": "me" });
  assert.ok(answer.accepted);
  assert.deepEqual(answer.info.cookies, { sid: "2" });
  assert.deepEqual(answer.info.headers, { "user-agent": "me" });
  const without = await node.handshake("/", { cookie: "secret=1" });
  assert.ok(without.accepted && !("cookies" in without.info));
});

const routes = new Routes(
  [
    { pattern: "/chat/lobby", app: "lobby" },
    { pattern: "/chat/:room", app: "chat" },
    { pattern: "/chat/:room/seats/:seat", app: "seats" },
    { pattern: "/files/*", app: "files" },
    { pattern: "/", app: "home" },
  ],
  "default",
);

const found: readonly [path: string, app: string, params: Record<string, string>][] = [
  ["/", "home", {}],
  ["/chat/lobby", "lobby", {}],
  ["/chat/a", "chat", { room: "a" }],
  ["/chat/a%2Fb%20c", "chat", { room: "a/b c" }],
  ["/chat/%E2%98%95", "chat", { room: "☕" }],
  ["/chat/a/seats/7", "seats", { room: "a", seat: "7" }],
  ["/files/", "files", { "*": "" }],
  ["/files/a/b%20c", "files", { "*": "a/b c" }],
];

test("the first pattern that fits names the app and the parameters", () => {
  for (const [path, app, params] of found) {
    assert.deepEqual(routes.find(path), { app, params }, path);
  }
});

test("what fits no pattern leads nowhere", () => {
  const paths = ["", "/chat", "/chat/", "/chat//seats/1", "/chat/a/", "/files", "/x", "/Chat/a"];
  for (const path of [...paths, "/chat/%ff", "/chat/%", "/files/%c0%80", "//"]) {
    assert.equal(routes.find(path), undefined, path);
  }
});

test("without routes every path leads to the one app", () => {
  const one = new Routes([], "default");
  assert.deepEqual(one.find("/any/%ff"), { app: "default", params: {} });
  assert.deepEqual([one.apps, routes.apps.length], [["default"], 5]);
});

test("a route is written as PATTERN=APP", () => {
  assert.deepEqual(parseRoute("/a/:b=app-1"), { pattern: "/a/:b", app: "app-1" });
  assert.deepEqual(parseRoute("/a=b=app"), { pattern: "/a=b", app: "app" });
  for (const wrong of ["", "/a", "=app", "a=app", "/a=", "/a=App", "/a/*/b=app", "/:=app"]) {
    assert.equal(parseRoute(wrong), undefined, wrong);
  }
  for (const wrong of ["/:a/:a", "/a b", "/a?x", "/a#x", "//", "/a//b", `/${"a".repeat(1_024)}`]) {
    assert.equal(isRoutePattern(wrong), false, wrong);
  }
});
