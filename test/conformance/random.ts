import assert from "node:assert/strict";
import { test } from "node:test";
import type { Random } from "../../core/ports/mod.ts";

/** What the core relies on in any random source. */
export function randomConformance(name: string, make: () => Random): void {
  test(`${name}: fills what it is given, to the byte, and returns it`, () => {
    const random = make();
    for (const length of [0, 1, 16, 4_095, 4_096, 4_097, 200_000]) {
      const buffer = new Uint8Array(length + 2);
      const target = buffer.subarray(1, length + 1);
      assert.equal(random.fill(target), target);
      assert.equal(buffer[0], 0);
      assert.equal(buffer[length + 1], 0);
      // All of 64 bytes zero at an end would be a part that was forgotten.
      if (length >= 64) {
        assert.ok(target.subarray(0, 64).some((byte) => byte !== 0));
        assert.ok(target.subarray(-64).some((byte) => byte !== 0));
      }
    }
  });

  test(`${name}: never gives the same 16 bytes twice`, () => {
    const random = make();
    const seen = new Set<string>();
    for (let round = 0; round < 2_000; round += 1) {
      seen.add(random.fill(new Uint8Array(16)).join(","));
    }
    assert.equal(seen.size, 2_000);
  });

  test(`${name}: every byte value comes about equally often`, () => {
    const counts = new Uint32Array(256);
    const bytes = make().fill(new Uint8Array(256 * 400));
    for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
    // 400 expected, standard deviation 20: eight of them is past any chance.
    for (const count of counts) assert.ok(Math.abs(count - 400) < 160, `${count}`);
  });
}
