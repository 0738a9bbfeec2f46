import assert from "node:assert/strict";
import { test } from "node:test";
import { type NumberedBatch, ReliableSender } from "../../../../core/streams/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

/** A connected sender with batches of two items, five bytes each, that are all published. */
class Rig {
  readonly sender: ReliableSender<NumberedBatch>;
  /** Numbers of the first items of what was published since the last look. */
  #published: number[] = [];
  /** The same of what is acknowledged. */
  readonly acknowledged: number[] = [];

  constructor(batches: number) {
    const flow = {
      take: () => undefined,
      publish: ({ first }: NumberedBatch, answered: () => void) => {
        this.#published.push(first);
        answered();
      },
      acknowledged: ({ first }: NumberedBatch) => this.acknowledged.push(first),
      progressed: () => {},
    };
    this.sender = new ReliableSender(new ManualClock(), flow, "receiver");
    this.sender.connected(true);
    for (let batch = 0; batch < batches; batch++) {
      this.sender.add({ first: this.sender.next, count: 2, payload: new Uint8Array(10) });
    }
    this.sender.pump();
  }

  get published(): number[] {
    return this.#published.splice(0);
  }

  get stand(): number[] {
    const { acknowledged, next, items, bytes } = this.sender;
    return [acknowledged, next, items, bytes];
  }
}

test("batches within a range are acknowledged ahead of others, and not repeated", () => {
  const rig = new Rig(6);
  assert.deepEqual(rig.published, [0, 2, 4, 6, 8, 10]);
  rig.sender.acknowledge(1, undefined, [
    [3, 6],
    [8, 10],
  ]);
  assert.deepEqual(rig.acknowledged, [4, 8], "one that begins before a range is kept");
  assert.deepEqual(rig.stand, [1, 12, 7, 40]);
  assert.equal(rig.sender.sparse, true);
  const numbers = [1, 2, 4, 5, 6, 8, 9, 10, 12, 13];
  const known = numbers.filter((number) => rig.sender.isAcknowledged(number));
  assert.deepEqual(known, [1, 5, 6, 9, 10]);
  rig.sender.connected(false);
  rig.sender.connected(true);
  assert.deepEqual(rig.published, [0, 2, 6, 10]);
  rig.sender.acknowledge(8);
  assert.deepEqual(rig.stand, [8, 12, 2, 10]);
  assert.equal(rig.sender.sparse, true, "8 and 9 are acknowledged, and 10 is not");
  rig.sender.acknowledge(10);
  assert.equal(rig.sender.sparse, false);
});

test("a range beyond what was published acknowledges nothing", () => {
  const rig = new Rig(2);
  rig.sender.acknowledge(0, undefined, [
    [2, 5],
    [9, 3],
    [100, 200],
  ]);
  assert.deepEqual(rig.stand, [0, 4, 4, 20]);
});

test("what was published stays published where batches before it are acknowledged", () => {
  const rig = new Rig(4);
  assert.deepEqual(rig.published, [0, 2, 4, 6]);
  rig.sender.acknowledge(0, undefined, [[2, 6]]);
  rig.sender.add({ first: 8, count: 2, payload: new Uint8Array(10) });
  rig.sender.pump();
  assert.deepEqual(rig.published, [8], "each once, and the new one");
});
