import assert from "node:assert/strict";
import { test } from "node:test";
import { Slab } from "../../../../core/websocket/mod.ts";
import { Backlog } from "../../../../runtimes/framed-server/backlog.ts";
import { Dice } from "../../../vectors/dice.ts";

/** A frame as it is cut from a slab, or made for itself. */
function pieces(sizes: readonly number[]): Uint8Array[] {
  const slab = new Slab(16_384);
  return sizes.map((size, index) => slab.take(size).fill(index + 1));
}

/** Bytes of all the buffers that are kept, each counted once. */
function heldBytes(kept: readonly Uint8Array[]): number {
  const buffers = new Set(kept.map(({ buffer }) => buffer));
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

test("a backlog gives back what it took, in order, and keeps no more bytes than that", () => {
  const dice = new Dice(7);
  for (let round = 0; round < 200; round++) {
    const most = dice.pick([2, 100, 4_096, 20_000]);
    const sizes = Array.from({ length: dice.below(200) }, () => dice.below(most));
    const given = pieces(sizes);
    const backlog = new Backlog();
    for (const piece of given) backlog.add(piece);
    const expected = Buffer.concat(given);
    assert.equal(backlog.byteLength, expected.length);
    const taken = backlog.take();
    assert.ok(Buffer.concat(taken).equals(expected));
    assert.equal(heldBytes(taken), expected.length);
    assert.deepEqual([backlog.byteLength, backlog.take()], [0, []]);
  }
});

test("small frames in a backlog keep no slab, and are few objects", () => {
  const backlog = new Backlog();
  for (let index = 0; index < 5_000; index++) backlog.add(new Slab(16_384).take(12));
  const taken = backlog.take();
  assert.equal(heldBytes(taken), 60_000);
  assert.ok(taken.length <= 8, `${taken.length} pieces`);
});

test("a large frame is not copied: receivers share it", () => {
  const [small, large] = pieces([10, 5_000]);
  const backlog = new Backlog();
  backlog.add(small!);
  backlog.add(large!);
  assert.equal(backlog.take()[1], large);
});
