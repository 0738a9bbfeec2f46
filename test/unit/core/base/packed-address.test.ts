import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { packAddress, unpackAddress } from "../../../../core/base/mod.ts";

test("an IPv4 address is packed into a number, and comes back as it was", () => {
  const addresses = ["0.0.0.0", "127.0.0.1", "192.0.2.7", "255.255.255.255", "10.20.30.40"];
  for (const text of addresses) {
    const packed = packAddress(text);
    // Of 32 bits: the runtimes keep it within an object's field.
    assert.equal(packed, Number(packed) | 0, text);
    assert.equal(unpackAddress(packed), text);
  }
  const packed = new Set(addresses.map(packAddress));
  assert.equal(packed.size, addresses.length);
});

test("any other text is kept as it is", () => {
  const others = ["", "::1", "2001:db8::7", "unix", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3"];
  others.push("1..2.3", "256.1.1.1", "01.2.3.4", "1.2.3.00", "1.2.3.4 ", "1.2.3.-4", "+1.2.3.4");
  for (const text of others) assert.equal(packAddress(text), text);
});

test("whatever the text, it comes back", () => {
  const nearly = fc.stringMatching(/^[0-9.:]{0,18}$/);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearly, fc.string()), (text) => {
      assert.equal(unpackAddress(packAddress(text)), text);
    }),
  );
});
