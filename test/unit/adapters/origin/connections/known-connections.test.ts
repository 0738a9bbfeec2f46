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

test("connections are found by the bytes of their ids, equal hashes too", () => {
  const known = new KnownConnections();
  // The hash looks at the last eight bytes alone: these three have the same.
  const ids = ["n1.aSameTail", "n1.bSameTail", "n2.aSameTail", "n1.short", "n1.x", "a.b"];
  const connections = ids.map((id) => new OriginConnection(id, undefined as never));
  for (const connection of connections) known.add(connection);
  const find = (id: string): OriginConnection | undefined => {
    const bytes = new TextEncoder().encode(`<<${id}>>`);
    return known.find(bytes, 2, bytes.length - 2);
  };
  ids.forEach((id, index) => {
    assert.equal(find(id), connections[index]);
  });
  assert.equal(find("n3.aSameTail"), undefined);
  assert.equal(known.size, ids.length);
  assert.equal(connections[0]!.node, "n1");
  for (const index of [1, 0, 2]) {
    known.remove(connections[index]!);
    known.remove(connections[index]!);
    assert.equal(find(ids[index]!), undefined);
  }
  assert.equal(known.size, 3);
  assert.equal(find("n1.x"), connections[4]);
});

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
