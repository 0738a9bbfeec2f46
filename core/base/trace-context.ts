/** Names a span of a trace, as W3C Trace Context, level 1, does. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** The caller records its part of the trace. */
  readonly sampled: boolean;
}

/** Characters of a `traceparent`. */
const chars = 55;
const dash = 0x2d;
/** Where its four numbers stand: version, trace, span, flags. */
const parts = [
  [0, 2],
  [3, 35],
  [36, 52],
  [53, 55],
] as const;

/**
 * Reads a `traceparent` (W3C Trace Context, 3.2); undefined for what is none. A text that
 * it accepts has 55 characters of hexadecimal digits and dashes, so it is safe in any header. A
 * later version is read as far as it is known (3.2.4), unless it is longer.
 */
export function parseTraceparent(text: unknown): TraceContext | undefined {
  if (typeof text !== "string" || text.length !== chars) return undefined;
  if (!parts.every(([start, end]) => isHex(text, start, end))) return undefined;
  if (!parts.every(([start]) => start === 0 || text.charCodeAt(start - 1) === dash)) {
    return undefined;
  }
  if (text.startsWith("ff")) return undefined;
  // All zeros mean that there is none (3.2.2.3, 3.2.2.4).
  if (isZero(text, 3, 35) || isZero(text, 36, 52)) return undefined;
  const sampled = (Number.parseInt(text.slice(53, 55), 16) & 1) === 1;
  return { traceId: text.slice(3, 35), spanId: text.slice(36, 52), sampled };
}

/** As `parseTraceparent` reads it, in version 00. */
export function writeTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

/** Digits are lower-case (3.2.1). */
function isHex(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const unit = text.charCodeAt(at);
    const isDigit = unit >= 0x30 && unit <= 0x39;
    if (!isDigit && (unit < 0x61 || unit > 0x66)) return false;
  }
  return true;
}

function isZero(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (text.charCodeAt(at) !== 0x30) return false;
  }
  return true;
}
