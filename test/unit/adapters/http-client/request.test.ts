import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTarget, requestHead } from "../../../../adapters/http-client/http-target.ts";
import { ProxyRules } from "../../../../adapters/http-client/mod.ts";

const options = { proxies: undefined, method: "POST" } as const;

function headOf(url: string, headers: Record<string, string> = {}): string {
  return requestHead(parseTarget(url, options), headers, 3);
}

test("the head of a request", () => {
  assert.equal(
    headOf("http://Origin.Example:8080/a%20b c?d=é&e='#fragment", { "X-One": "1\t 2" }),
    "POST /a%20b%20c?d=%C3%A9&e=%27 HTTP/1.1\r\nHost: origin.example:8080\r\n" +
      "Accept-Encoding: identity\r\nX-One: 1\t 2\r\nUser-Agent: websocket-service\r\n" +
      "Content-Length: 3\r\n\r\n",
  );
  const name = parseTarget("https://bücher.example", options);
  assert.match(
    requestHead(name, {}, 0),
    /^POST \/ HTTP\/1\.1\r\nHost: xn--bcher-kva\.example\r\n/,
  );
  assert.deepEqual([name.isTls, name.port], [true, 443]);
  const six = parseTarget("http://[2001:db8::1]:81/", options);
  assert.deepEqual([six.host, six.port], ["2001:db8::1", 81]);
  assert.match(requestHead(six, {}, 0), /\r\nHost: \[2001:db8::1\]:81\r\n/);
});

test("lines of headers are kept where nobody can change them, each for its own target", () => {
  const [one, other] = ["http://one/", "http://other/"].map((url) => parseTarget(url, options));
  const frozen = Object.freeze({ "x-name": "frozen" });
  for (let round = 0; round < 2; round++) {
    assert.match(requestHead(one!, frozen, round), /Host: one\r\n.*x-name: frozen\r\n/s);
    assert.match(requestHead(other!, frozen, round), /Host: other\r\n.*x-name: frozen\r\n/s);
  }
  const changing = { "x-name": "1" };
  assert.match(requestHead(one!, changing, 0), /x-name: 1\r\n/);
  changing["x-name"] = "2";
  assert.match(requestHead(one!, changing, 0), /x-name: 2\r\n/);
});

test("user and password of the URL, unless the caller has its own header", () => {
  const url = "http://us%40er:p%C3%A4ss@origin.example/";
  const credentials = Buffer.from("us@er:päss").toString("base64");
  assert.ok(headOf(url).includes(`\r\nAuthorization: Basic ${credentials}\r\n`));
  assert.ok(!headOf(url).includes("us%40er"));
  const own = headOf(url, { authorization: "Bearer t", "User-Agent": "mine" });
  assert.deepEqual(own.match(/^(authorization|user-agent): .*$/gim), [
    "authorization: Bearer t",
    "User-Agent: mine",
  ]);
});

test("a proxy gets the whole URL and its own credentials; the tunnel's server does not", () => {
  const proxy = "http://u:p@proxy:3128";
  const proxies = ProxyRules.ofEnvironment({ HTTP_PROXY: proxy, HTTPS_PROXY: proxy });
  const plain = parseTarget("http://a:b@origin.example/x?y", { ...options, proxies });
  const head = requestHead(plain, {}, 0);
  assert.ok(
    head.startsWith("POST http://origin.example/x?y HTTP/1.1\r\nHost: origin.example\r\n"),
  );
  assert.ok(head.includes("\r\nProxy-Authorization: Basic dTpw\r\n"));
  const secret = requestHead(
    parseTarget("https://origin.example/x", { ...options, proxies }),
    {},
    0,
  );
  assert.ok(secret.startsWith("POST /x HTTP/1.1\r\n"));
  assert.ok(!secret.includes("Proxy"));
});

const badHeaders: readonly (readonly [name: string, value: string])[] = [
  ["X", "a\r\nY: b"],
  ["X", "a\nb"],
  ["X", "a\rb"],
  ["X", "a\0b"],
  ["X", "a\x7f"],
  ["X", "é"],
  ["X", "\u{10a}x"],
  ["X\r\nY", "b"],
  ["X:", "b"],
  ["X ", "b"],
  ["", "b"],
  ["é", "b"],
  ["Content-Length", "3"],
  ["transfer-encoding", "chunked"],
  ["Host", "other"],
  ["CONNECTION", "close"],
  ["Expect", "100-continue"],
  ["Accept-Encoding", "gzip"],
  ["Proxy-Authorization", "Basic x"],
];

test("a header that could become another one is refused, and its value not shown", () => {
  for (const [name, value] of badHeaders) {
    const make = (): unknown => headOf("http://origin.example/", { [name]: `secret${value}` });
    const expected = { code: "http-request-invalid", sent: false, answered: false };
    assert.throws(make, expected, JSON.stringify([name, value]));
    assert.throws(make, (error: Error) => !/secret|[\r\n]/.test(error.message));
  }
});

test("a URL cannot split a request, and one that is no URL is refused", () => {
  const tricky = ["http://a/\r\nX: y", "http://a/x y", "http://a/\0?\r\n", "http://a/?x HTTP/1.0"];
  for (const url of tricky) {
    assert.match(
      headOf(url),
      /^POST \/[!-~]* HTTP\/1\.1\r\nHost: a\r\nAccept-Encoding: identity\r\nU/,
    );
  }
  for (const url of ["", "origin", "/path", "ftp://a/", "http://", "http://a b/", "http://a:x/"]) {
    assert.throws(() => parseTarget(url, options), { code: "http-request-invalid" }, url);
  }
});
