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

/** Everything that a backlog hands on, as a client that reads takes it. */
function taken(backlog: Backlog): Uint8Array[] {
  const all: Uint8Array[] = [];
  backlog.drain((bytes) => all.push(bytes) && bytes.length);
  return all;
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
    const all = taken(backlog);
    assert.ok(Buffer.concat(all).equals(expected));
    assert.equal(heldBytes(all), expected.length);
    assert.deepEqual([backlog.byteLength, taken(backlog)], [0, []]);
  }
});

test("small frames in a backlog keep no slab, and are few objects", () => {
  const backlog = new Backlog();
  for (let index = 0; index < 5_000; index++) backlog.add(new Slab(16_384).take(12));
  const all = taken(backlog);
  assert.equal(heldBytes(all), 60_000);
  assert.ok(all.length <= 8, `${all.length} pieces`);
});

test("what a client does not take stays, and leaves before what is added later", () => {
  const dice = new Dice(9);
  const backlog = new Backlog();
  const given: Uint8Array[] = [];
  const got: Uint8Array[] = [];
  for (let round = 0; round < 300; round++) {
    const piece = new Uint8Array(1 + dice.below(dice.pick([20, 20_000]))).fill(round);
    given.push(piece);
    backlog.add(piece);
    let room = dice.below(9_000);
    backlog.drain((bytes) => {
      const part = bytes.subarray(0, room);
      got.push(part);
      room -= part.length;
      return part.length;
    });
    const [all, gone] = [given, got].map((pieces) => Buffer.concat(pieces).length);
    assert.equal(backlog.byteLength, all! - gone!);
  }
  got.push(...taken(backlog));
  assert.ok(Buffer.concat(got).equals(Buffer.concat(given)));
});

test("a large frame is not copied: receivers share it", () => {
  const [small, large] = pieces([10, 5_000]);
  const backlog = new Backlog();
  backlog.add(small!);
  backlog.add(large!);
  assert.equal(taken(backlog)[1], large);
});
