import {
  type Span as OtelSpan,
  SpanKind as OtelSpanKind,
  type Tracer as OtelTracerApi,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import type { TraceContext } from "../../core/base/mod.ts";
import type { Span, SpanAttributes, SpanKind, SpanStart, Tracer } from "../../core/ports/mod.ts";

const kinds: Readonly<Record<SpanKind, OtelSpanKind>> = {
  server: OtelSpanKind.SERVER,
  internal: OtelSpanKind.INTERNAL,
  producer: OtelSpanKind.PRODUCER,
  consumer: OtelSpanKind.CONSUMER,
};

class RecordedSpan implements Span {
  readonly context: TraceContext;
  readonly #span: OtelSpan;

  constructor(span: OtelSpan) {
    const { traceId, spanId } = span.spanContext();
    this.context = { traceId, spanId, sampled: true };
    this.#span = span;
  }

  event(name: string): void {
    this.#span.addEvent(name);
  }

  end(attributes?: SpanAttributes, error?: string): void {
    if (attributes !== undefined) this.#span.setAttributes(attributes);
    if (error !== undefined) {
      this.#span.setAttribute("error.type", error);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }
}

/** Spans of OpenTelemetry's SDK, whose sampler decides which are recorded. */
export class OtelTracer implements Tracer {
  readonly #tracer: OtelTracerApi;

  constructor(tracer: OtelTracerApi) {
    this.#tracer = tracer;
  }

  start({ kind, name, parent, attributes }: SpanStart): Span | undefined {
    const context = parent === undefined ? ROOT_CONTEXT : contextOf(parent);
    const span = this.#tracer.startSpan(name, { kind: kinds[kind], attributes }, context);
    const isSampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
    return isSampled ? new RecordedSpan(span) : undefined;
  }
}

function contextOf({ traceId, spanId, sampled }: TraceContext): typeof ROOT_CONTEXT {
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags });
}
