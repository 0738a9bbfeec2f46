import assert from "node:assert/strict";
import { test } from "node:test";
import { originLimits } from "../../../../../adapters/origin/base/origin-limits.ts";
import { KnownConnections } from "../../../../../adapters/origin/connections/known-connections.ts";
import { OriginConnection } from "../../../../../adapters/origin/connections/origin-connection.ts";

function connection(number: number): OriginConnection {
  const made = new OriginConnection(`n1.${number}`, undefined as never);
  made.incarnation = "i1";
  return made;
}

test("an origin remembers 100,000 connections that others have now, the latest", () => {
  const former = new KnownConnections();
  const count = originLimits.detachedConnectionsMax;
  for (let number = 0; number <= count; number++) former.detach(connection(number), false);
  assert.equal(count, 100_000);
  assert.equal(former.takeDetached("n1.0"), undefined, "the oldest is forgotten");
  assert.equal(former.takeDetached("n1.1")?.connection.id, "n1.1");
  assert.equal(former.takeDetached("n1.1"), undefined, "it is not detached any more");
  assert.equal(former.takeDetached(`n1.${count}`)?.closeReported, false);
});

test("an origin remembers the ids of 10,000 connections that were closed, the latest", () => {
  const closed = new KnownConnections();
  const count = originLimits.endedConnectionsMax;
  for (let number = 0; number <= count; number++) closed.end(connection(number));
  assert.equal(count, 10_000);
  assert.equal(closed.ended("n1.0"), undefined, "the oldest is forgotten");
  assert.ok(closed.ended("n1.1"));
  assert.ok(closed.ended(`n1.${count}`));
});

test("what a node's earlier lives had is forgotten with its new one", () => {
  const former = new KnownConnections();
  former.detach(connection(1), true);
  former.forgetDetached("n2", "i2");
  former.forgetDetached("n1", "i1");
  former.detach(former.takeDetached("n1.1")?.connection ?? assert.fail("kept"), true);
  former.forgetDetached("n1", "i2");
  assert.equal(former.takeDetached("n1.1"), undefined);
});
