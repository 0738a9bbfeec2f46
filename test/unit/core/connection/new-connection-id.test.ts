import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, nodeOfConnectionId } from "../../../../core/base/mod.ts";
import { newConnectionId } from "../../../../core/connection/new-connection-id.ts";
import { SeededRandom } from "../../../support/memory/mod.ts";

test("connection ids carry the node's name, are short, URL-safe and never the same", () => {
  const random = new SeededRandom(1);
  const ids = new Set(Array.from({ length: 1_000 }, () => newConnectionId("n-1", 7, random)));
  assert.equal(ids.size, 1_000);
  for (const id of ids) {
    assert.match(id, /^n-1\.AAAH[A-Za-z0-9_-]{22}$/);
    assert.equal(nodeOfConnectionId(id), "n-1");
  }
  assert.ok(newConnectionId("n".repeat(32), limits.connectionsMax, random).length <= 64);
  for (const bad of ["", "n1", ".x", "N1.x", "n1.", "n1.a b", `${"n".repeat(33)}.x`]) {
    assert.equal(nodeOfConnectionId(bad), undefined, bad);
  }
});
