import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { SpanQueue } from "../../../../adapters/tracing/span-queue.ts";
import { MemoryMetrics } from "../../../support/memory/mod.ts";

type Done = Parameters<SpanExporter["export"]>[1];

/** A queue whose processor hands everything on when it is told to. */
function start(waitingMax: number) {
  const metrics = new MemoryMetrics();
  const exports: { readonly spans: ReadableSpan[]; readonly done: Done }[] = [];
  const failures: (string | undefined)[] = [];
  const kept: ReadableSpan[] = [];
  let inner: SpanExporter | undefined;
  const exporter: SpanExporter = {
    export: (spans, done) => void exports.push({ spans, done }),
    shutdown: () => Promise.resolve(),
  };
  const processor: SpanProcessor = {
    onStart: () => {},
    onEnd: (span) => void kept.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const counters = {
    exported: metrics.counter("exported", ""),
    droppedByQueue: metrics.counter("queue", ""),
    droppedByExport: metrics.counter("export", ""),
  };
  const queue = new SpanQueue(
    exporter,
    { waitingMax, counters },
    (counted) => {
      inner = counted;
      return processor;
    },
    (error) => void failures.push(error?.message),
  );
  const flush = (count: number): void => inner?.export(kept.splice(0, count), () => {});
  return { queue, metrics, exports, failures, kept, flush };
}

const span = {} as ReadableSpan;

test("what waits is bounded, and what is too much is counted", () => {
  const { queue, metrics, kept, flush } = start(3);
  for (let count = 0; count < 5; count++) queue.onEnd(span);
  assert.deepEqual([queue.waiting, kept.length, metrics.value("queue")], [3, 3, 2]);
  flush(2);
  assert.equal(queue.waiting, 1);
  for (let count = 0; count < 3; count++) queue.onEnd(span);
  assert.deepEqual([queue.waiting, kept.length, metrics.value("queue")], [3, 3, 3]);
});

test("what becomes of a request is counted, and why it failed is told", () => {
  const { queue, metrics, exports, failures, flush } = start(10);
  for (let count = 0; count < 5; count++) queue.onEnd(span);
  flush(2);
  flush(3);
  assert.deepEqual([metrics.value("exported"), metrics.value("export")], [0, 0]);
  exports[0]?.done({ code: 0 });
  exports[1]?.done({ code: 1, error: new Error("refused") });
  assert.deepEqual([metrics.value("exported"), metrics.value("export")], [2, 3]);
  assert.deepEqual(failures, ["refused"]);
  assert.equal(queue.waiting, 0);
});
