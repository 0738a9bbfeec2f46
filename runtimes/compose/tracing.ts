import process from "node:process";
import type { SpanExport } from "../../adapters/tracing/mod.ts";
import { errorCounter, limits, ReportTimes, ServiceError } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { Clock, Metrics } from "../../core/ports/mod.ts";
import { droppedSpans, Traces } from "../../core/telemetry/mod.ts";
import type { ServiceDependencies } from "./service-dependencies.ts";
import { version } from "./version.ts";

/** The spans of a node, on their way to where the environment says. */
export interface Tracing {
  readonly traces: Traces;
  /** Exports what is left, for a limited time. */
  stop(): Promise<void>;
}

const failedCode = "trace-export-failed";

/**
 * Loads OpenTelemetry, and says where the spans go. Undefined, and nothing is loaded, where none
 * are exported. `node` is the node's name.
 */
export async function openTracing(
  { logger, traceExport }: Pick<ServiceDependencies, "logger" | "traceExport">,
  { settings, node }: { readonly settings: Settings; readonly node: string },
  { clock, metrics }: { readonly clock: Clock; readonly metrics: Metrics },
): Promise<Tracing | undefined> {
  if (traceExport === undefined) return undefined;
  const { shownEndpoint, sampler, serviceName } = traceExport;
  const failures = errorCounter(metrics, failedCode);
  const reports = new ReportTimes(() => clock.ticks());
  const exporter = await newExport(
    {
      name: "websocket-service",
      version,
      waitingMax: waitingMaxOf(process.env.OTEL_BSP_MAX_QUEUE_SIZE),
      resource: {
        "service.name": serviceName,
        "service.version": version,
        "service.instance.id": node,
      },
    },
    {
      clock,
      counters: {
        exported: metrics.counter("wss_spans_exported_total", "Spans that were exported"),
        droppedByQueue: droppedSpans(metrics, "queue"),
        droppedByExport: droppedSpans(metrics, "export"),
      },
      failed: (reason) => {
        failures.add(1);
        const times = reports.due(failedCode);
        if (times === 0) return;
        const message = `spans could not be exported to ${shownEndpoint}: ${reason}`;
        logger.log("warn", "traces-failed", message, { code: failedCode, times });
      },
    },
  );
  const help = "Spans that have ended and wait to be exported";
  metrics.gauge("wss_spans_waiting", help, () => exporter.waiting);
  const message = `traces are exported to ${shownEndpoint}`;
  logger.log("info", "traces-exported", message, { sampler, service: serviceName });
  const options = {
    spansPerSecondMax: settings["max-spans-per-second"],
    trustsClients: settings["trace-clients"],
  };
  return {
    traces: new Traces({ tracer: exporter.tracer, clock, metrics }, options),
    stop: async () => {
      if (await exporter.stop()) return;
      const late = "the node ends before its last spans were exported";
      logger.log("warn", "traces-lost", late, { code: failedCode });
    },
  };
}

type SpanExports = typeof import("../../adapters/tracing/mod.ts").SpanExport;

/** Throws `trace-packages` where they are missing, or are not those that this program needs. */
async function newExport(...given: ConstructorParameters<SpanExports>): Promise<SpanExport> {
  try {
    const { SpanExport } = await import("../../adapters/tracing/mod.ts");
    return new SpanExport(...given);
  } catch (cause) {
    const { code, message = "" } = cause as NodeJS.ErrnoException;
    const why = code ?? message.split("\n")[0];
    const what = "traces are to be exported, and OpenTelemetry's packages cannot be used";
    const then =
      "install again what belongs to this version, or unset OTEL_EXPORTER_OTLP_ENDPOINT";
    throw new ServiceError("trace-packages", `${what} (${why}): ${then}`, { cause });
  }
}

/** The environment was checked before. */
function waitingMaxOf(given: string | undefined): number {
  const wanted = Number(given?.trim() || limits.spansWaitingMax);
  return Math.max(1, Math.min(Math.floor(wanted), limits.spansWaitingCeiling));
}
