import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FetchRequest, readTarget } from "../../../../runtimes/server/mod.ts";

const runs = { numRuns: Number(process.env.PROPERTY_RUNS ?? 2_000) };

/** What the URL standard makes of a target. */
function byTheStandard(target: string): { path: string; query: string } {
  const { pathname, search } = new URL(`http://host${target}`);
  return { path: pathname, query: search.slice(1) };
}

/** Characters that mean something in a URL, or that a parser encodes, beside harmless ones. */
const pieces = [..."ab-_~/.?&=%+:,;@!'\"<>{}|^`\\#[] é", "%2e", "%2E", "..", "//", "?"];
const target = fc
  .array(fc.constantFrom(...pieces), { maxLength: 24, size: "max" })
  .map((some) => `/${some.join("")}`);

test("a target has the path and the query that the URL standard gives it", () => {
  fc.assert(
    fc.property(target, (text) => assert.deepEqual(readTarget(text), byTheStandard(text))),
    runs,
  );
});

test("plain targets", () => {
  assert.deepEqual(readTarget("/"), { path: "/", query: "" });
  assert.deepEqual(readTarget("/chat/17?room=a&x=%20"), {
    path: "/chat/17",
    query: "room=a&x=%20",
  });
  assert.deepEqual(readTarget("/a//b?"), { path: "/a//b", query: "" });
  assert.deepEqual(readTarget("/a/../b"), { path: "/b", query: "" });
});

test("a target without a path stands for itself", () => {
  for (const text of ["*", "a:1", "mail:a/../b", "a.example:80"]) {
    assert.deepEqual(readTarget(text), { path: text, query: "" });
  }
  assert.deepEqual(readTarget("http://a:1/b/../c?d"), { path: "/c", query: "d" });
});

test("a request of the Fetch API has them too, whatever its host", () => {
  for (const host of ["http://h", "https://h", "http://127.0.0.1:8080", "http://[::1]:1"]) {
    for (const text of ["/", "/chat/17?room=a", "/a/%2e%2e/b?../x", "//evil/chat"]) {
      const { path, query } = new FetchRequest(new Request(`${host}${text}`), "192.0.2.1");
      assert.deepEqual({ path, query }, byTheStandard(text), `${host}${text}`);
    }
  }
});
