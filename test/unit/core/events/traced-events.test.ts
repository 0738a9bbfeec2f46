import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { TracedEvents } from "../../../../core/events/traced-events.ts";
import { type MemorySpan, MemoryTracer } from "../../../support/memory/mod.ts";

function spans(count: number): MemorySpan[] {
  const tracer = new MemoryTracer();
  for (let number = 0; number < count; number++) {
    tracer.start({ kind: "producer", name: `${number}`, parent: undefined, attributes: {} });
  }
  return tracer.spans;
}

function ended(all: readonly MemorySpan[]): string[] {
  return all.filter((span) => span.ended !== undefined).map((span) => span.name);
}

test("each span is published once, and ends when its event is acknowledged", () => {
  const traced = new TracedEvents();
  const [first, second, third] = spans(3) as [MemorySpan, MemorySpan, MemorySpan];
  traced.add(first, 1, { a: 1 });
  traced.add(second, 4, {});
  traced.published(1);
  assert.deepEqual([first.events, second.events], [["published"], []]);
  traced.published(4);
  // It is published again.
  traced.published(1);
  traced.published(4);
  assert.deepEqual([first.events, second.events], [["published"], ["published"]]);
  traced.acknowledged(0);
  assert.deepEqual(ended([first, second]), []);
  traced.acknowledged(3);
  assert.deepEqual(first.ended, { a: 1 });
  assert.deepEqual(ended([first, second]), ["0"]);
  traced.add(third, 6, {});
  traced.published(6);
  assert.deepEqual([second.events, third.events], [["published"], ["published"]]);
  traced.acknowledged(6);
  assert.deepEqual(ended([first, second, third]), ["0", "1", "2"]);
});

test("what moves to another stream ends, and says so", () => {
  const traced = new TracedEvents();
  const all = spans(3);
  for (const [index, span] of all.entries()) traced.add(span, index + 1, { index });
  traced.published(2);
  traced.acknowledged(1);
  traced.moved();
  traced.moved();
  assert.deepEqual(
    all.map((span) => [span.events, span.ended]),
    [
      [["published"], { index: 0 }],
      [["published", "moved"], { index: 1 }],
      [["moved"], { index: 2 }],
    ],
  );
});

test("while nobody acknowledges, so many spans wait and no more", () => {
  const traced = new TracedEvents();
  const all = spans(limits.tracedEventsMax + 2);
  for (const [index, span] of all.entries()) traced.add(span, index + 1, { index });
  assert.deepEqual(ended(all), [`${limits.tracedEventsMax}`, `${limits.tracedEventsMax + 1}`]);
  traced.acknowledged(all.length);
  assert.equal(ended(all).length, all.length);
});
