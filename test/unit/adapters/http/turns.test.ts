import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, test } from "node:test";
import { type HttpHandler, serveHttp } from "../../../../adapters/http/mod.ts";
import { limits } from "../../../../core/base/mod.ts";

/** A server whose answer to `/1` waits for `first`. */
async function start() {
  const begun: string[] = [];
  const refused: string[] = [];
  let release = (): void => {};
  let toldBegun = (): void => {};
  const first = new Promise<void>((resolve) => (release = resolve));
  const firstBegun = new Promise<void>((resolve) => (toldBegun = resolve));
  const handler: HttpHandler = async ({ url }, source) => {
    const { pathname } = new URL(url);
    begun.push(pathname);
    const body = await source.body(100);
    if (pathname === "/1") {
      toldBegun();
      await first;
    }
    return new Response(`${pathname} has ${body.length};`);
  };
  const server = await serveHttp(handler, { port: 0, refused: ({ code }) => refused.push(code) });
  after(() => server.close());
  return { begun, refused, firstBegun, release, port: server.port };
}

function requests(...paths: readonly string[]): string {
  const head = "HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi";
  return paths.map((path) => `POST ${path} ${head}`).join("");
}

test("requests that are sent without waiting are carried out one after another", async () => {
  const { begun, firstBegun, release, port } = await start();
  const stream = connect(port, "127.0.0.1");
  stream.write(requests("/1", "/2", "/3"));
  await firstBegun;
  // Another connection waits for nothing. By then the others would have begun.
  const other = await fetch(`http://127.0.0.1:${port}/other`, { method: "POST" });
  assert.equal(await other.text(), "/other has 0;");
  assert.deepEqual(begun, ["/1", "/other"]);
  release();
  let text = "";
  for await (const bytes of stream) {
    text += bytes;
    if (text.includes("/3 has")) break;
  }
  assert.deepEqual(text.match(/\/\d has \d;/g), ["/1 has 2;", "/2 has 2;", "/3 has 2;"]);
  assert.deepEqual(begun, ["/1", "/other", "/2", "/3"]);
});

test("a connection on which too many requests wait is closed, and that is told", async () => {
  const { begun, refused, firstBegun, release, port } = await start();
  const stream = connect(port, "127.0.0.1").resume();
  stream.on("error", () => {});
  const closed = once(stream, "close");
  stream.write(requests("/1"));
  await firstBegun;
  stream.write(requests(...Array.from({ length: limits.pipelinedRequestsMax }, () => "/2")));
  await closed;
  release();
  assert.ok(refused.includes("requests-full"));
  const other = await fetch(`http://127.0.0.1:${port}/other`, { method: "POST" });
  assert.equal(await other.text(), "/other has 0;");
  assert.deepEqual(begun, ["/1", "/other"], "nothing is carried out for a client that is gone");
});
