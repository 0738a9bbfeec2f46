import assert from "node:assert/strict";
import { test } from "node:test";
import { Deadlines } from "../../../../runtimes/framed-server/deadlines.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

class Item {
  readonly #name: string;
  readonly #said: string[];

  constructor(name: string, said: string[]) {
    this.#name = name;
    this.#said = said;
  }

  late(): void {
    this.#said.push(this.#name);
  }
}

/** Deadlines of 100 ms, and who was late. */
function rig(ms = 100) {
  const clock = new ManualClock();
  const said: string[] = [];
  const deadlines = new Deadlines<Item>(clock, ms);
  const begin = (name: string): Item => {
    const item = new Item(name, said);
    deadlines.start(item);
    return item;
  };
  return { clock, said, deadlines, begin };
}

test("each is late after its own time, in their order, and once", () => {
  const { clock, said, begin } = rig();
  begin("a");
  clock.advance(40);
  begin("b");
  clock.advance(59);
  assert.deepEqual(said, []);
  clock.advance(1);
  assert.deepEqual(said, ["a"]);
  clock.advance(39);
  assert.deepEqual(said, ["a"]);
  clock.advance(1_000);
  assert.deepEqual(said, ["a", "b"]);
});

test("one timer runs for all of them, and none for nobody", () => {
  const { clock, deadlines, begin } = rig();
  const items = ["a", "b", "c"].map(begin);
  assert.equal(clock.pendingTimers, 1);
  clock.advance(50);
  items.push(begin("d"));
  assert.equal(clock.pendingTimers, 1);
  for (const item of items) deadlines.stop(item);
  clock.advance(1_000);
  assert.equal(clock.pendingTimers, 0);
});

test("who is stopped is not late, and who begins again has the whole time again", () => {
  const { clock, said, deadlines, begin } = rig();
  const [again, stopped] = [begin("again"), begin("stopped")];
  begin("other");
  clock.advance(60);
  deadlines.stop(stopped);
  deadlines.start(again);
  clock.advance(99);
  assert.deepEqual(said, ["other"]);
  assert.deepEqual(deadlines.items(), [again]);
  clock.advance(1);
  assert.deepEqual(said, ["other", "again"]);
  assert.deepEqual(deadlines.items(), []);
});

test("after a stall, what came in time is read before anybody is late", () => {
  const { clock, said, deadlines, begin } = rig();
  const reads = begin("reads");
  begin("silent");
  // The timer fires first; the bytes that waited are read later in the same turn.
  clock.endOfTurn(() => deadlines.stop(reads));
  clock.stall(10_000);
  clock.advance(1_000);
  assert.deepEqual(said, ["silent"]);
});

test("0 is without a limit", () => {
  const { clock, said, deadlines, begin } = rig(0);
  begin("a");
  assert.equal(clock.pendingTimers, 0);
  clock.advance(1_000_000);
  assert.deepEqual(said, []);
  assert.equal(deadlines.items().length, 1);
});
