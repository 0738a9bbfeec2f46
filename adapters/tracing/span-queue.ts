import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { Counter } from "../../core/ports/mod.ts";

export interface SpanCounters {
  readonly exported: Counter;
  /** Spans that came while too many waited. */
  readonly droppedByQueue: Counter;
  /** Spans of a request that failed. */
  readonly droppedByExport: Counter;
}

/** Makes the SDK's own processor over an exporter, for a queue of this length. */
export type NewProcessor = (exporter: SpanExporter, waitingMax: number) => SpanProcessor;

type Done = Parameters<SpanExporter["export"]>[1];

/** `ExportResultCode.SUCCESS` of the SDK. */
const success = 0;

/**
 * Stands before the SDK's processor and behind it: counts what waits, and what becomes of it. The
 * SDK's own queue drops without a word, so it never gets more than it takes.
 */
export class SpanQueue implements SpanProcessor {
  readonly #inner: SpanProcessor;
  readonly #waitingMax: number;
  readonly #counters: SpanCounters;
  #waiting = 0;

  /** `failed` is told why an export failed. */
  constructor(
    exporter: SpanExporter,
    { waitingMax, counters }: { readonly waitingMax: number; readonly counters: SpanCounters },
    newProcessor: NewProcessor,
    failed: (error: Error | undefined) => void,
  ) {
    this.#waitingMax = waitingMax;
    this.#counters = counters;
    const counted: SpanExporter = {
      export: (spans, done) => this.#export(exporter, spans, done, failed),
      shutdown: () => exporter.shutdown(),
    };
    this.#inner = newProcessor(counted, waitingMax);
  }

  /** Spans that have ended and were given to no request yet. */
  get waiting(): number {
    return this.#waiting;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#waiting >= this.#waitingMax) {
      this.#counters.droppedByQueue.add(1);
      return;
    }
    this.#waiting++;
    this.#inner.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#inner.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }

  #export(
    exporter: SpanExporter,
    spans: ReadableSpan[],
    done: Done,
    failed: (error: Error | undefined) => void,
  ): void {
    const { exported, droppedByExport } = this.#counters;
    this.#waiting -= spans.length;
    exporter.export(spans, (result) => {
      if (result.code === success) {
        exported.add(spans.length);
      } else {
        droppedByExport.add(spans.length);
        failed(result.error);
      }
      done(result);
    });
  }
}
