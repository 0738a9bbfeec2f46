import assert from "node:assert/strict";
import { test } from "node:test";
import { originLimits } from "../../../../adapters/origin/base/origin-limits.ts";
import { ClosedConnections } from "../../../../adapters/origin/dispatch/closed-connections.ts";
import type { OriginConnection } from "../../../../adapters/origin/dispatch/connection.ts";
import { DetachedConnections } from "../../../../adapters/origin/dispatch/detached-connections.ts";

function connection(number: number): OriginConnection {
  const made = { id: `n1.${number}`, node: "n1", incarnation: "i1", waiting: undefined };
  return made as unknown as OriginConnection;
}

test("an origin remembers 100,000 connections that others have now, the latest", () => {
  const former = new DetachedConnections();
  const count = originLimits.formerConnectionsMax;
  for (let number = 0; number <= count; number++) former.keep(connection(number), false);
  assert.equal(count, 100_000);
  assert.equal(former.take("n1.0"), undefined, "the oldest is forgotten");
  assert.equal(former.take("n1.1")?.connection.id, "n1.1");
  assert.equal(former.take("n1.1"), undefined, "it is no former one any more");
  assert.equal(former.take(`n1.${count}`)?.told, false);
});

test("an origin remembers the ids of 10,000 connections that were closed, the latest", () => {
  const closed = new ClosedConnections();
  const count = originLimits.closedIdsMax;
  for (let number = 0; number <= count; number++) closed.add(connection(number));
  assert.equal(count, 10_000);
  assert.equal(closed.get("n1.0"), undefined, "the oldest is forgotten");
  assert.ok(closed.get("n1.1"));
  assert.ok(closed.get(`n1.${count}`));
});

test("what a node's earlier lives had is forgotten with its new one", () => {
  const former = new DetachedConnections();
  former.keep(connection(1), true);
  former.forget("n2", "i2");
  former.forget("n1", "i1");
  former.keep(former.take("n1.1")?.connection ?? assert.fail("kept"), true);
  former.forget("n1", "i2");
  assert.equal(former.take("n1.1"), undefined);
});
