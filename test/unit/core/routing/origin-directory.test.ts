import assert from "node:assert/strict";
import { test } from "node:test";
import { OriginDirectory } from "../../../../core/routing/origin-directory.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

const presence = (incarnation: string = "i1") =>
  ({ v: 1, incarnation, at: 0, every: 1_000 }) as const;

function watched(): { clock: ManualClock; directory: OriginDirectory; told: string[] } {
  const clock = new ManualClock();
  const told: string[] = [];
  const directory = new OriginDirectory(clock, {
    joined: ({ name }) => void told.push(`joined ${name}`),
    leaving: (name) => void told.push(`leaving ${name}`),
    left: (name) => void told.push(`left ${name}`),
  });
  return { clock, directory, told };
}

test("an origin is gone a moment after its Will, unless it says that it lives", () => {
  const { clock, directory, told } = watched();
  directory.presence("o1", presence());
  directory.presence("o1", undefined);
  clock.advance(200);
  directory.presence("o1", presence());
  clock.advance(1_000);
  directory.presence("o1", undefined);
  clock.advance(251);
  assert.deepEqual(told, ["joined o1", "left o1"]);
});

test("another incarnation under a name is the end of the one before", () => {
  const { directory, told } = watched();
  directory.presence("o1", presence("i1"));
  directory.presence("o1", presence("i1"));
  assert.deepEqual(told, ["joined o1"]);
  directory.presence("o1", presence("i2"));
  assert.deepEqual(told, ["joined o1", "left o1", "joined o1"]);
});

test("while the broker is away nobody is gone, whatever came last", () => {
  const { clock, directory, told } = watched();
  directory.presence("o1", presence());
  directory.presence("o2", presence());
  directory.connected(false);
  directory.presence("o1", undefined);
  directory.presence("o2", presence());
  clock.advance(60_000);
  assert.deepEqual(told, ["joined o1", "joined o2"]);
  directory.connected(true);
  clock.advance(2_000);
  directory.presence("o2", presence());
  clock.advance(1_000);
  assert.deepEqual(told, ["joined o1", "joined o2", "left o1"]);
});

test("a node that was stopped itself gives every origin its time again", () => {
  const { directory, clock, told } = watched();
  directory.presence("o1", presence());
  clock.stall(10_000);
  assert.deepEqual(told, ["joined o1"]);
  directory.presence("o1", presence());
  clock.advance(2_000);
  assert.deepEqual(told, ["joined o1"]);
  clock.advance(2_000);
  assert.deepEqual(told, ["joined o1", "left o1"]);
});
