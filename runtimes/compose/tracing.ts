import process from "node:process";
import { errorCounter, limits, ReportTimes } from "../../core/base/mod.ts";
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
  const { SpanExport } = await import("../../adapters/tracing/mod.ts");
  const { shownEndpoint, sampler, serviceName } = traceExport;
  const failures = errorCounter(metrics, failedCode);
  const reports = new ReportTimes(() => clock.now());
  const exporter = new SpanExport(
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

/** The environment was checked before. */
function waitingMaxOf(given: string | undefined): number {
  const wanted = Number(given?.trim() || limits.spansWaitingMax);
  return Math.max(1, Math.min(Math.floor(wanted), limits.spansWaitingCeiling));
}
