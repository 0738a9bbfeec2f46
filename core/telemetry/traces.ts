import { limits, parseTraceparent, type TraceContext, writeTraceparent } from "../base/mod.ts";
import type {
  Clock,
  Counter,
  HandshakeRefusal,
  HandshakeRequest,
  Metrics,
  Span,
  SpanAttributes,
  SpanStart,
  Tracer,
} from "../ports/mod.ts";

export interface TracesDependencies {
  readonly tracer: Tracer;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export interface TracesOptions {
  /** Further ones of the same second are not recorded. */
  readonly spansPerSecondMax: number;
  /** The `traceparent` of a client's handshake is believed. */
  readonly trustsClients: boolean;
}

/** What a connection keeps of the trace that it belongs to. */
export interface ConnectionTrace {
  /** The span of its handshake. */
  readonly context: TraceContext;
  /** Its spans so far. */
  spans: number;
}

/** A command as its span shows it. */
export interface TracedCommand {
  readonly verb: string;
  readonly app: string;
  /** The name that the sender gave itself. */
  readonly sender: string;
  readonly bytes: number;
}

/** Why a span is not recorded although the sampler wants it. */
const dropReasons = ["rate", "connection", "size", "malformed"] as const;
export type DropReason = (typeof dropReasons)[number];

const droppedName = "wss_spans_dropped_total";
const droppedHelp = "Spans that were not recorded, or not exported, by reason";

/** The counter of spans that are lost for this reason. */
export function droppedSpans(metrics: Metrics, reason: string): Counter {
  return metrics.counter(droppedName, droppedHelp, { reason });
}

/** Events and commands are the gateway's own, whatever carries them: a broker, HTTP, nothing. */
const messagingSystem = "websocket-service";

/**
 * The spans of a node: which work has one, what it is called, and how many there may be. Whatever
 * a client, or an origin, asks for, no more are recorded a second than the options allow.
 */
export class Traces {
  readonly #tracer: Tracer;
  readonly #clock: Clock;
  readonly #trustsClients: boolean;
  readonly #msPerSpan: number;
  readonly #dropped: ReadonlyMap<DropReason, Counter>;
  /** When the spans so far would have been recorded at the allowed rate. */
  #until = 0;

  constructor({ tracer, clock, metrics }: TracesDependencies, options: TracesOptions) {
    this.#tracer = tracer;
    this.#clock = clock;
    this.#trustsClients = options.trustsClients;
    this.#msPerSpan = 1_000 / options.spansPerSecondMax;
    this.#dropped = new Map(dropReasons.map((one) => [one, droppedSpans(metrics, one)]));
  }

  /** Begins the span of a handshake; undefined if it is not sampled, or no handshake. */
  handshake(request: HandshakeRequest): Span | undefined {
    if (request.header("upgrade") === undefined) return undefined;
    const given = this.#trustsClients ? request.header("traceparent") : undefined;
    return this.#start({
      kind: "server",
      name: request.method === "GET" ? "GET" : "HTTP",
      parent: parseTraceparent(given),
      attributes: {
        "http.request.method": request.method === "GET" ? "GET" : "_OTHER",
        "url.path": request.path,
        "network.protocol.name": "http",
        ...(request.httpVersion === undefined
          ? {}
          : { "network.protocol.version": request.httpVersion }),
      },
    });
  }

  /** Begins the span of the decision about a handshake. */
  authorization({ context }: Span, by: string): Span | undefined {
    const attributes = { "wss.authorize": by };
    return this.#start({ kind: "internal", name: "authorize", parent: context, attributes });
  }

  /** Begins the span of an event of a connection, which ends when the event is acknowledged. */
  event(
    trace: ConnectionTrace,
    name: "message" | "close",
    attributes: SpanAttributes,
  ): Span | undefined {
    // The end is seen whatever came before.
    if (name === "message" && trace.spans >= limits.spansPerConnectionMax) {
      this.drop("connection");
      return undefined;
    }
    const span = this.#start({
      kind: "producer",
      name: `publish ${name}`,
      parent: trace.context,
      attributes: {
        "messaging.system": messagingSystem,
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.destination.name": "events",
        "wss.event": name,
        ...attributes,
      },
    });
    if (span !== undefined) trace.spans++;
    return span;
  }

  /** Begins the span of a command whose option `trace` is `given`, if that is a sampled one. */
  command(given: unknown, { verb, app, sender, bytes }: TracedCommand): Span | undefined {
    const parent = parseTraceparent(given);
    if (parent === undefined) {
      this.drop("malformed");
      return undefined;
    }
    if (!parent.sampled) return undefined;
    return this.#start({
      kind: "consumer",
      name: `process ${verb}`,
      parent,
      attributes: {
        "messaging.system": messagingSystem,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "commands",
        "messaging.client.id": sender,
        "wss.command": verb,
        "wss.app": app,
        ...(bytes > 0 ? { "messaging.message.body.size": bytes } : {}),
      },
    });
  }

  /** A span is not recorded. */
  drop(reason: DropReason): void {
    this.#dropped.get(reason)?.add(1);
  }

  #start(start: SpanStart): Span | undefined {
    const span = this.#tracer.start(start);
    if (span === undefined) return undefined;
    const now = this.#clock.ticks();
    const until = Math.max(this.#until, now) + this.#msPerSpan;
    // A burst may be as large as a second's spans; half a millisecond, as sums are not exact.
    if (until > now + 1_000.5) {
      this.drop("rate");
      return undefined;
    }
    this.#until = until;
    return span;
  }
}

/** The span as an event, or a command, names it. */
export function traceparentOf({ context }: Span): string {
  return writeTraceparent(context);
}

/** Ends the span of a handshake whose connection is open. What the connection keeps of it. */
export function openedTrace(span: Span, attributes: SpanAttributes): ConnectionTrace {
  span.end({ "http.response.status_code": 101, ...attributes });
  return { context: span.context, spans: 0 };
}

/** Ends the span of a refused handshake: with an error only if the server is at fault. */
export function refusedTrace(span: Span, { statusCode, errorCode }: HandshakeRefusal): void {
  const status = { "http.response.status_code": statusCode };
  const code = errorCode ?? "handshake-refused";
  if (statusCode >= 500) span.end(status, code);
  else span.end(statusCode >= 400 ? { ...status, "error.type": code } : status);
}
