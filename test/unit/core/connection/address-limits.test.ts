import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressLimits } from "../../../../core/connection/address-limits.ts";
import type { Connection } from "../../../../core/connection/connection.ts";

const address = "192.0.2.1";

test("a connection that ends while there is no limit counts no more when there is one", () => {
  const limits = new AddressLimits(1);
  const [one, two] = [{ address }, { address }] as [Connection, Connection];
  assert.equal(limits.opened(one), true);
  assert.equal(limits.full(address, 0), true);
  limits.max = 0;
  assert.equal(limits.full(address, 9), false);
  assert.equal(limits.opened(two), true);
  limits.gone(one);
  limits.gone(one);
  limits.max = 1;
  // Of `two` nothing is known: it came while nobody counted.
  assert.equal(limits.full(address, 0), false);
  limits.gone(two);
  assert.equal(limits.full(address, 1), true);
  assert.equal(limits.opened(one), true);
  assert.equal(limits.opened(two), false);
});
