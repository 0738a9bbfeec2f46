import assert from "node:assert/strict";
import { test } from "node:test";
import { ProxyRules } from "../../../../adapters/http-client/mod.ts";

const proxy = "http://proxy.example:3128";

/** The proxy's host and port for a URL, or `none`. */
function proxyOf(environment: Record<string, string>, url: string): string {
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === "https:";
  const host = hostname.replace(/^\[|\]$/g, "");
  const found = ProxyRules.ofEnvironment(environment).proxyFor(
    isTls,
    host,
    Number(port || (isTls ? 443 : 80)),
  );
  return found === undefined ? "none" : `${found.host}:${found.port}`;
}

test("each scheme has its variable, in upper or lower case", () => {
  const both = { HTTP_PROXY: "http://a:1", https_proxy: "http://b:2" };
  assert.equal(proxyOf(both, "http://origin.example/"), "a:1");
  assert.equal(proxyOf(both, "https://origin.example/"), "b:2");
  assert.equal(proxyOf({ HTTP_PROXY: proxy }, "https://origin.example/"), "none");
  assert.equal(proxyOf({ HTTPS_PROXY: proxy }, "http://origin.example/"), "none");
  assert.equal(proxyOf({}, "http://origin.example/"), "none");
  const twice = { HTTP_PROXY: "http://upper", http_proxy: "http://lower" };
  assert.equal(proxyOf(twice, "http://origin.example/"), "upper:80");
  assert.equal(proxyOf({ ...twice, HTTP_PROXY: "" }, "http://origin.example/"), "lower:80");
});

test("a proxy's URL: without a scheme, with an IPv6 address, with a user and a password", () => {
  const of = (text: string): string => proxyOf({ HTTP_PROXY: text }, "http://origin.example/");
  assert.equal(of("proxy:3128"), "proxy:3128");
  assert.equal(of("10.0.0.1"), "10.0.0.1:80");
  assert.equal(of("http://[2001:db8::1]:8080/"), "2001:db8::1:8080");
  const rules = ProxyRules.ofEnvironment({ HTTP_PROXY: "http://us%65r:p%3Ass@proxy" });
  const credentials = Buffer.from("user:p:ss").toString("base64");
  const found = rules.proxyFor(false, "origin.example", 80);
  assert.equal(found?.authorization, `Basic ${credentials}`);
});

test("a proxy that cannot be used is refused, without its password in the text", () => {
  for (const bad of [
    "socks5://user:secret@proxy",
    "https://proxy",
    "http://",
    "a b",
    "http://x:y",
  ]) {
    const read = (): unknown => ProxyRules.ofEnvironment({ HTTPS_PROXY: bad });
    assert.throws(read, { code: "setting-invalid", message: /^HTTPS_PROXY: must be/ }, bad);
  }
});

const exceptions: readonly (readonly [noProxy: string, url: string, direct: boolean])[] = [
  ["*", "http://origin.example/", true],
  ["other.example, *", "http://origin.example/", true],
  ["origin.example", "http://origin.example/", true],
  ["ORIGIN.example", "http://Origin.Example/", true],
  ["origin.example", "http://a.origin.example/", true],
  ["origin.example", "http://an-origin.example/", false],
  ["origin.example", "http://origin.example.org/", false],
  [".origin.example", "http://a.origin.example/", true],
  [".origin.example", "http://origin.example/", false],
  ["*.origin.example", "http://a.origin.example/", true],
  ["*.origin.example", "http://origin.example/", false],
  ["a, b c,,origin.example", "http://origin.example/", true],
  ["origin.example:80", "http://origin.example/", true],
  ["origin.example:8080", "http://origin.example/", false],
  ["origin.example:443", "https://origin.example/", true],
  ["10.1.2.3", "http://10.1.2.3/", true],
  ["10.1.2.3", "http://10.1.2.30/", false],
  ["10.1.2.3:81", "http://10.1.2.3:81/", true],
  ["10.1.2.3:81", "http://10.1.2.3/", false],
  ["10.1.0.0/16", "http://10.1.2.3/", true],
  ["10.1.0.0/16", "http://10.2.2.3/", false],
  ["2001:db8::/32", "http://[2001:db8::1]/", true],
  ["[2001:db8::1]:80", "http://[2001:db8::1]/", true],
  ["[2001:db8::1]:81", "http://[2001:db8::1]/", false],
  ["2.3", "http://10.1.2.3/", false],
  ["", "http://localhost:1234/", true],
  ["", "http://127.1.2.3/", true],
  ["", "http://[::1]/", true],
  ["", "http://localhost.example/", false],
];

test("NO_PROXY, and this host itself", () => {
  for (const [noProxy, url, direct] of exceptions) {
    const environment = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, no_proxy: noProxy };
    const expected = direct ? "none" : "proxy.example:3128";
    assert.equal(proxyOf(environment, url), expected, `${noProxy} and ${url}`);
  }
});
