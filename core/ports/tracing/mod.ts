export type { Span, SpanAttributes, SpanKind, SpanStart, Tracer } from "./tracer.ts";
