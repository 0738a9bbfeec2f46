import assert from "node:assert/strict";
import { test } from "node:test";
import { KnownConnections } from "../../../../adapters/origin/connections/known-connections.ts";
import { OriginConnection } from "../../../../adapters/origin/connections/origin-connection.ts";

const nobody = undefined as never;

test("connections are found by the bytes of their ids, equal hashes too", () => {
  const table = new KnownConnections();
  // The hash looks at the last eight bytes alone: these three have the same.
  const ids = ["n1.aSameTail", "n1.bSameTail", "n2.aSameTail", "n1.short", "n1.x", "a.b"];
  const connections = ids.map((id) => new OriginConnection(id, nobody));
  for (const connection of connections) table.add(connection);
  const find = (id: string): OriginConnection | undefined => {
    const bytes = new TextEncoder().encode(`<<${id}>>`);
    return table.find(bytes, 2, bytes.length - 2);
  };
  ids.forEach((id, index) => {
    assert.equal(find(id), connections[index]);
  });
  assert.equal(find("n3.aSameTail"), undefined);
  assert.equal(table.size, ids.length);
  assert.equal(connections[0]!.node, "n1");
  for (const index of [1, 0, 2]) {
    table.remove(connections[index]!);
    table.remove(connections[index]!);
    assert.equal(find(ids[index]!), undefined);
  }
  assert.equal(table.size, 3);
  assert.equal(find("n1.x"), connections[4]);
});
