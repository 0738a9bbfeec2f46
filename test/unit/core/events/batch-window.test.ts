import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchWindow } from "../../../../core/events/batch-window.ts";

/** Batches of two items each, all published. */
function published(batches: number): BatchWindow {
  const window = new BatchWindow();
  for (let index = 0; index < batches; index++) {
    window.push({ first: 2 * index, count: 2, payload: new Uint8Array(10) });
    window.publishNext();
  }
  return window;
}

function stand(window: BatchWindow): number[] {
  return [window.confirmed, window.published, window.items, window.bytes];
}

test("a confirmation is cumulative, and counts items, not batches", () => {
  const window = published(4);
  assert.equal(window.confirm(5), true);
  assert.deepEqual(stand(window), [5, 8, 3, 20], "a batch that is half confirmed is kept whole");
  assert.equal(window.confirm(8), true);
  assert.deepEqual(stand(window), [8, 8, 0, 0]);
});

test("a confirmation that comes late, twice, or of what was never written changes nothing", () => {
  const window = published(3);
  window.confirm(4);
  for (const nonsense of [4, 3, 0, -1, 7, 1e9]) {
    assert.equal(window.confirm(nonsense), false, `${nonsense}`);
    assert.deepEqual(stand(window), [4, 6, 2, 10]);
  }
});

test("what is published again goes back; `published` and `confirmed` do not", () => {
  const window = published(3);
  window.confirm(2);
  window.rewind();
  assert.equal(window.published, 6);
  assert.equal(window.nextIsNew, false);
  const again = [window.publishNext(), window.publishNext(), window.publishNext()];
  assert.deepEqual(
    again.map((batch) => batch?.first),
    [2, 4, undefined],
  );
  window.rewind(4);
  assert.equal(window.publishNext()?.first, 4);
  window.rewind(0);
  window.publishNext();
  assert.deepEqual(stand(window), [2, 6, 4, 20], "published once is published");
});
