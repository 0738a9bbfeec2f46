import type { TraceContext } from "../../../core/base/mod.ts";
import type { Span, SpanAttributes, SpanStart, Tracer } from "../../../core/ports/mod.ts";

/** A span that a test looks at. */
export class MemorySpan implements Span {
  readonly start: SpanStart;
  readonly context: TraceContext;
  readonly events: string[] = [];
  /** What it ended with; undefined while it has not. */
  ended: SpanAttributes | undefined;
  error: string | undefined;

  constructor(start: SpanStart, context: TraceContext) {
    this.start = start;
    this.context = context;
  }

  get name(): string {
    return this.start.name;
  }

  event(name: string): void {
    this.events.push(name);
  }

  end(attributes: SpanAttributes = {}, error?: string): void {
    if (this.ended !== undefined) throw new Error(`the span ${this.name} has ended before`);
    this.ended = attributes;
    this.error = error;
  }
}

/** Keeps all spans. It samples as a caller does, and without one as `samples` says. */
export class MemoryTracer implements Tracer {
  readonly spans: MemorySpan[] = [];
  samples = true;
  /** Callers are not asked either. */
  samplesAll = false;

  start(start: SpanStart): Span | undefined {
    if (!this.samplesAll && !(start.parent?.sampled ?? this.samples)) return undefined;
    const number = String(this.spans.length + 1);
    const traceId = start.parent?.traceId ?? number.padStart(32, "0");
    const span = new MemorySpan(start, {
      traceId,
      spanId: number.padStart(16, "0"),
      sampled: true,
    });
    this.spans.push(span);
    return span;
  }

  named(name: string): MemorySpan[] {
    return this.spans.filter((span) => span.name === name);
  }
}
