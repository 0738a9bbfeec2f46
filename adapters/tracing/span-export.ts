import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { limits } from "../../core/base/mod.ts";
import type { Clock, SpanAttributes, Tracer } from "../../core/ports/mod.ts";
import { OtelTracer } from "./otel-tracer.ts";
import { type SpanCounters, SpanQueue } from "./span-queue.ts";

export interface SpanExportOptions {
  /** What is said of this process, unless the environment says otherwise. */
  readonly resource: SpanAttributes;
  /** Of the program that makes the spans. */
  readonly name: string;
  readonly version: string;
  /** Spans that may wait for a request. */
  readonly waitingMax: number;
}

export interface SpanExportPorts {
  readonly clock: Clock;
  readonly counters: SpanCounters;
  /** A request with spans failed, for this reason. */
  readonly failed: (reason: string) => void;
}

/**
 * OpenTelemetry's SDK with its exporter over OTLP. Endpoint, headers, sampler, times and sizes are
 * those of the environment: the SDK reads them.
 */
export class SpanExport {
  readonly tracer: Tracer;
  readonly #provider: BasicTracerProvider;
  readonly #queue: SpanQueue;
  readonly #clock: Clock;

  constructor(options: SpanExportOptions, { clock, counters, failed }: SpanExportPorts) {
    const { name, version, waitingMax } = options;
    this.#clock = clock;
    this.#queue = new SpanQueue(
      new OTLPTraceExporter(),
      { waitingMax, counters },
      (exporter, maxQueueSize) => new BatchSpanProcessor(exporter, { maxQueueSize }),
      (error) => failed(reasonOf(error)),
    );
    const own = defaultResource().merge(resourceFromAttributes({ ...options.resource }));
    this.#provider = new BasicTracerProvider({
      resource: own.merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [this.#queue],
    });
    this.tracer = new OtelTracer(this.#provider.getTracer(name, version));
  }

  /** Spans that wait for a request. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /** Exports what waits, for a limited time. False if that was not enough. */
  stop(): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(limits.spansFlushMs, () => resolve(false));
      const ended = (): void => {
        cancel();
        resolve(true);
      };
      // What failed was told already.
      this.#provider.shutdown().then(ended, ended);
    });
  }
}

/** A word or two: an error of the exporter may contain what the server answered. */
function reasonOf(error: Error | undefined): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (typeof code === "number") return `status ${code}`;
  return typeof code === "string" ? code : "no answer in time";
}
