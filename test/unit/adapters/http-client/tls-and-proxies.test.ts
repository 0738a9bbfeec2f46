import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  HttpClient,
  type HttpClientOptions,
  ProxyRules,
  systemAuthorities,
} from "../../../../adapters/http-client/mod.ts";
import { outcomeOf } from "../../../support/http/client-rig.ts";
import { ProxyServer } from "../../../support/http/proxy-server.ts";
import { answer, RawServer, writes } from "../../../support/http/raw-server.ts";
import { Authority } from "../../../support/keys/certificates.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { within } from "../../../support/process/wait.ts";

const authority = new Authority();
const stranger = new Authority();
const { certFile, keyFile } = authority.issue(
  "server",
  "server",
  "IP:127.0.0.1,DNS:localhost,DNS:origin.example",
);
const material = { cert: readFileSync(certFile), key: readFileSync(keyFile) };

after(() => {
  authority[Symbol.dispose]();
  stranger[Symbol.dispose]();
});

/** What a POST by a client of its own comes to. */
async function post(url: string, options: HttpClientOptions): Promise<string> {
  const client = new HttpClient(options, { clock: new ManualClock() });
  const posted = client.post(url, { body: "body" });
  return within(outcomeOf(posted), { what: "an outcome" }).finally(() => client.close());
}

test("https: kept connections, checked by the authorities and by name", async () => {
  const server = await RawServer.start(writes(answer(200, "a")), material);
  const client = new HttpClient({ ca: authority.ca }, { clock: new ManualClock() });
  const url = `https://localhost:${server.port}/`;
  for (let i = 0; i < 3; i++) {
    assert.equal(await outcomeOf(client.post(url, { body: "b" })), "200 a");
  }
  assert.equal(server.accepted, 1);
  const address = `https://127.0.0.1:${server.port}/`;
  assert.equal(await outcomeOf(client.post(address, { body: "b" })), "200 a");
  const body = new Uint8Array(1_000_000);
  assert.equal(await outcomeOf(client.post(address, { body })), "200 a");
  client.close();
  assert.equal(await post(address, {}), "http-connect");
  assert.equal(await post(address, { ca: stranger.ca }), "http-connect");
  assert.equal(await post(address, { ca: "no PEM" }), "http-connect");
  assert.equal(server.requests.length, 5, "a server that is not trusted gets no request");
  await server.stop();
});

test("https: a certificate of another name, a server without TLS", async () => {
  const other = authority.issue("other", "other", "DNS:other.example");
  const wrong = await RawServer.start(writes(answer(200, "a")), {
    cert: readFileSync(other.certFile),
    key: readFileSync(other.keyFile),
  });
  const plain = await RawServer.start({ opened: (socket) => void socket.end("no TLS here") });
  for (const server of [wrong, plain]) {
    const url = `https://localhost:${server.port}/`;
    assert.equal(await post(url, { ca: authority.ca }), "http-connect");
    assert.equal(server.requests.length, 0);
    await server.stop();
  }
});

test("the system's authorities: a bundle, and what is added to it", async () => {
  const bundle = join(authority.folder, "bundle.pem");
  writeFileSync(bundle, authority.ca);
  const extra = join(authority.folder, "extra.pem");
  writeFileSync(extra, stranger.ca);
  assert.equal(systemAuthorities({ SSL_CERT_FILE: bundle }), authority.ca);
  const both = systemAuthorities({ SSL_CERT_FILE: bundle, NODE_EXTRA_CA_CERTS: extra });
  assert.equal(both, `${authority.ca}\n${stranger.ca}`);
  const nowhere = { SSL_CERT_FILE: join(authority.folder, "nowhere") };
  assert.equal(systemAuthorities(nowhere), undefined);
  const server = await RawServer.start(writes(answer(200, "a")), material);
  const ca = systemAuthorities({ SSL_CERT_FILE: extra, NODE_EXTRA_CA_CERTS: bundle });
  assert.equal(await post(`https://127.0.0.1:${server.port}/`, { ca }), "200 a");
  await server.stop();
});

async function withProxy(
  act: (proxy: ProxyServer, server: RawServer, proxies: ProxyRules) => Promise<void>,
  tls?: typeof material,
): Promise<void> {
  const server = await RawServer.start(writes(answer(200, "a")), tls);
  const proxy = await ProxyServer.start(server.port);
  const proxies = ProxyRules.ofEnvironment({ HTTP_PROXY: proxy.url, https_proxy: proxy.url });
  try {
    await act(proxy, server, proxies);
  } finally {
    await proxy.stop();
    await server.stop();
  }
}

const credentials = `Basic ${Buffer.from("us@er:secret").toString("base64")}`;

test("http through a proxy: the whole URL, with the proxy's credentials", async () => {
  await withProxy(async (proxy, server, proxies) => {
    assert.equal(await post("http://u:p@origin.example:81/a?b", { proxies }), "200 a");
    const [head = ""] = proxy.heads;
    assert.ok(head.startsWith("POST http://origin.example:81/a?b HTTP/1.1\r\n"), head);
    assert.ok(head.includes("\r\nHost: origin.example:81\r\n"), head);
    assert.ok(head.includes(`\r\nProxy-Authorization: ${credentials}\r\n`), head);
    assert.equal(server.accepted, 1);
    // This host itself.
    assert.equal(await post(server.url, { proxies }), "200 a");
    assert.equal(proxy.heads.length, 1);
  });
});

test("https through a proxy: a tunnel, and in it TLS with the server", async () => {
  await withProxy(async (proxy, server, proxies) => {
    const client = new HttpClient({ proxies, ca: authority.ca }, { clock: new ManualClock() });
    for (let i = 0; i < 3; i++) {
      const posted = client.post("https://origin.example/a?b", { body: "b" });
      assert.equal(await outcomeOf(posted), "200 a");
    }
    const name = "origin.example:443";
    assert.deepEqual(proxy.heads, [
      `CONNECT ${name} HTTP/1.1\r\nHost: ${name}\r\nProxy-Authorization: ${credentials}`,
    ]);
    assert.match(server.requests[0] ?? "", /^POST \/a\?b HTTP\/1\.1\r\nHost: origin\.example\r\n/);
    assert.doesNotMatch(server.requests.join(), /Proxy/);
    client.close();
    await server.waitForOpen(0);
    // The name is checked in a tunnel too.
    const other = await post("https://other.example/", { proxies, ca: authority.ca });
    assert.equal(other, "http-connect");
    assert.equal(server.requests.length, 3);
  }, material);
});

const refusals: readonly string[] = [
  "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nlogin",
  "HTTP/1.1 502 Bad Gateway\r\n\r\n",
  "HTTP/1.1 200 OK\r\n\r\nmore than the head",
  "SOCKS\r\n\r\n",
];

test("a proxy that refuses, lies, is not there or says nothing", async () => {
  await withProxy(async (proxy, server, proxies) => {
    for (const refusal of refusals) {
      proxy.connectAnswer = refusal;
      assert.equal(await post("https://origin.example/", { proxies }), "http-connect", refusal);
    }
    proxy.connectAnswer = refusals[0] as string;
    const clock = new ManualClock();
    const client = new HttpClient({ proxies }, { clock });
    const message = "https://origin.example was refused by the proxy with status 407";
    const refused = client.post("https://origin.example/", { body: "" });
    await assert.rejects(refused, { code: "http-connect", message, sent: false });
    proxy.connectAnswer = "HTTP/1.1 200 ";
    const hung = outcomeOf(client.post("https://origin.example/", { body: "" }));
    await within(proxy.waitForHeads(refusals.length + 2));
    clock.advance(1_200);
    assert.equal(await hung, "http-connect");
    client.close();
    assert.equal(server.requests.length, 0);
    const nobody = ProxyRules.ofEnvironment({ HTTP_PROXY: "http://127.0.0.1:1" });
    assert.equal(await post("http://origin.example/", { proxies: nobody }), "http-connect");
  });
});

test("an attempt to connect that fails is no fault of requests that others are for", async () => {
  await withProxy(async (proxy, server, proxies) => {
    const clock = new ManualClock();
    const client = new HttpClient({ proxies, ca: authority.ca }, { clock });
    const post = (): Promise<string> =>
      outcomeOf(client.post("https://origin.example/", { body: "" }));
    const held: Socket[] = [];
    server.behaviour = { request: (socket) => held.push(socket) };
    const first = post();
    await server.waitForRequests(1);
    // From now on no tunnel comes about.
    proxy.connectAnswer = "HTTP/1.1 200 ";
    const second = post();
    clock.advance(600);
    const third = post();
    await proxy.waitForHeads(3);
    held[0]?.write(answer(200, "first"));
    assert.equal(await first, "200 first");
    await server.waitForRequests(2);
    // The attempt of the second request fails, which is under way already.
    clock.advance(600);
    held[1]?.write(answer(200, "second"));
    assert.equal(await second, "200 second");
    await server.waitForRequests(3);
    held[2]?.write(answer(200, "third"));
    assert.equal(await third, "200 third");
    const fourth = post();
    await server.waitForRequests(4);
    const fifth = post();
    clock.advance(1_200);
    assert.equal(await fifth, "http-connect");
    client.close();
    assert.equal(await fourth, "http-aborted sent");
  }, material);
});

test("a request is repeated once, also if it meets a second connection that ends", async () => {
  await withProxy(async (proxy, server, proxies) => {
    const client = new HttpClient({ proxies, ca: authority.ca }, { clock: new ManualClock() });
    const post = (body: string, repeatable: boolean): Promise<string> =>
      outcomeOf(client.post("https://origin.example/", { body, repeatable }));
    const held: Socket[] = [];
    server.behaviour = { request: (socket) => held.push(socket) };
    const two = [post("", false), post("", false)];
    await server.waitForRequests(2);
    for (const socket of held.splice(0)) socket.write(answer(200, "a"));
    assert.deepEqual(await Promise.all(two), ["200 a", "200 a"]);
    // From now on no tunnel comes about.
    proxy.connectAnswer = "HTTP/1.1 200 ";
    const running = post("running", false);
    await server.waitForRequests(3);
    const repeated = post("repeated", true);
    await server.waitForRequests(4);
    held[1]?.destroy();
    await proxy.waitForHeads(3);
    held[0]?.write(answer(200, "b"));
    assert.equal(await running, "200 b");
    await server.waitForRequests(5);
    assert.match(server.requests[4] ?? "", /repeated$/);
    held[2]?.destroy();
    assert.equal(await repeated, "http-lost sent");
    client.close();
  }, material);
});
