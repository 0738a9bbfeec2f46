import type { TraceContext } from "../../base/mod.ts";

/** What a span is to the spans around it, as OpenTelemetry names it. */
export type SpanKind = "server" | "internal" | "producer" | "consumer";

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  readonly kind: SpanKind;
  readonly name: string;
  /** Undefined: it begins a trace of its own. */
  readonly parent: TraceContext | undefined;
  readonly attributes: SpanAttributes;
}

/** A piece of work that is recorded. */
export interface Span {
  readonly context: TraceContext;
  /** Adds a moment to it. */
  event(name: string): void;
  /** Ends it, once. `error` says why the work failed: a word that is stable. */
  end(attributes?: SpanAttributes, error?: string): void;
}

/** Records spans. */
export interface Tracer {
  /** Begins a span; undefined if the sampler does not want it. */
  start(span: SpanStart): Span | undefined;
}
