import assert from "node:assert/strict";
import { test } from "node:test";
import { methodRefusal, only } from "../../../../adapters/http/mod.ts";

for (const { allowed, allow, message } of [
  { allowed: ["POST"], allow: "POST", message: "the method must be POST" },
  { allowed: ["GET", "POST"], allow: "GET, POST", message: "the method must be GET or POST" },
  {
    allowed: ["POST", "GET", "DELETE"],
    allow: "POST, GET, DELETE",
    message: "the method must be POST, GET or DELETE",
  },
]) {
  // RFC 9110, 15.5.6: a 405 has an Allow header.
  test(`a path with ${allow} refuses other methods`, async () => {
    assert.throws(only(...allowed), { code: "request-method", message });
    const response = methodRefusal(...allowed).response();
    assert.deepEqual([response.status, response.headers.get("allow")], [405, allow]);
    assert.deepEqual(await response.json(), { code: "request-method", message });
  });
}
