import assert from "node:assert/strict";
import { test } from "node:test";
import { Bodies, type RequestSource } from "../../../../adapters/http/mod.ts";

type Source = Pick<RequestSource, "length" | "body">;

/** A body that comes in parts, when the test says so. */
class Slow {
  readonly source: Source;
  part: (bytes: number) => void = () => {};
  end: () => void = () => {};

  constructor(length?: number) {
    this.source = {
      length,
      body: (_max, reserve) =>
        new Promise((resolve, reject) => {
          this.part = (bytes) => {
            try {
              reserve?.(bytes);
            } catch (error) {
              reject(error);
            }
          };
          this.end = () => resolve(new Uint8Array(0));
        }),
    };
  }
}

const full = { code: "requests-full", status: 503 };

test("a body without a length takes room as it comes, and not the longest", async () => {
  const bodies = new Bodies(1_000);
  const slow = Array.from({ length: 20 }, () => new Slow());
  const read = slow.map(({ source }) => bodies.with(source, 1_000, () => "read"));
  for (const one of slow) one.part(40);
  const [first, ...others] = slow;
  await assert.rejects(
    bodies.with(new Slow(201).source, 1_000, () => ""),
    full,
  );
  const last = new Slow();
  const refused = assert.rejects(
    bodies.with(last.source, 1_000, () => ""),
    full,
  );
  last.part(200);
  last.part(1);
  await refused;
  first?.end();
  assert.equal(await read[0], "read");
  // What it took is free again, and what was refused took nothing.
  const told = new Slow(240);
  const readTold = bodies.with(told.source, 1_000, () => "told");
  for (const one of [...others, told]) one.end();
  assert.equal(await readTold, "told");
  assert.deepEqual(await Promise.all(read), Array(20).fill("read"));
});

test("the number of bodies is bounded too, where that is asked for", async () => {
  const bodies = new Bodies(1_000, 2);
  const slow = [new Slow(0), new Slow()];
  const read = slow.map(({ source }) => bodies.with(source, 10, () => "read"));
  await assert.rejects(
    bodies.with(new Slow(0).source, 10, () => ""),
    full,
  );
  for (const one of slow) one.end();
  assert.deepEqual(await Promise.all(read), ["read", "read"]);
  const next = new Slow();
  const readNext = bodies.with(next.source, 10, () => "next");
  next.end();
  assert.equal(await readNext, "next");
});
