import type { MetricFamily } from "../../adapters/metrics/mod.ts";
import type { Settings } from "../../core/config/mod.ts";

/** What a supervisor tells a worker, as JSON over the channel between the two processes. */
export type Order =
  /** The first one: what the worker runs with. It reads no flags and no file of settings. */
  | { readonly kind: "start"; readonly settings: Settings; readonly worker: number }
  /** Asks for a report with this number. */
  | { readonly kind: "report"; readonly id: number }
  /** SIGHUP. */
  | { readonly kind: "reload" }
  /** Close the connections over the drain period. */
  | { readonly kind: "drain" }
  /** Every worker has drained: end. */
  | { readonly kind: "stop" };

/** What a worker tells its supervisor. */
export type Notice =
  /** It listens to orders. */
  | { readonly kind: "ready" }
  /** Its ports are open. */
  | { readonly kind: "started" }
  | Report
  /** It has no connection left. */
  | { readonly kind: "drained" };

/** What a worker counts, and why it is not ready. It comes every second, and when asked for. */
export interface Report {
  readonly kind: "report";
  /** That of the question; 0 without one. */
  readonly id: number;
  readonly metrics: readonly MetricFamily[];
  readonly notReady: readonly string[];
}
