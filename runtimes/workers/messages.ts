import type { BrokerView } from "../../adapters/admin/mod.ts";
import type { MetricFamily } from "../../adapters/metrics/mod.ts";
import type { ErrorCode } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { LeftOut, Question, TailFilter, TailLine } from "../../core/inspect/mod.ts";

/** What a supervisor tells a worker, as JSON over the channel between the two processes. */
export type Order =
  /** The first one: what the worker runs with. It reads no flags and no file of settings. */
  | { readonly kind: "start"; readonly settings: Settings; readonly worker: number }
  /** Asks for a report with this number. */
  | { readonly kind: "report"; readonly id: number }
  /** An operator asks. */
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  /** Follow this, and tell what passes. */
  | { readonly kind: "tail"; readonly id: number; readonly filter: TailFilter }
  | { readonly kind: "tail-end"; readonly id: number }
  /** Other settings, and files that they name: read those again. */
  | { readonly kind: "reload"; readonly settings: Settings }
  /** Close the connections over the drain period. */
  | { readonly kind: "drain" }
  /** Every worker has drained: end. */
  | { readonly kind: "stop" };

/** What a worker tells its supervisor. */
export type Notice =
  /** It listens to orders. */
  | { readonly kind: "ready" }
  /** Its client port is open: the number, also if any was asked for. */
  | { readonly kind: "started"; readonly port: number }
  | Report
  /** To an operator's question: the answer, or why there is none. */
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly answer?: unknown;
      readonly error?: { readonly code: ErrorCode; readonly message: string };
    }
  /** What passed of what is followed. */
  | {
      readonly kind: "tailed";
      readonly id: number;
      readonly lines: readonly TailLine[];
      readonly leftOut: LeftOut;
    }
  /** It has no connection left. */
  | { readonly kind: "drained" };

/** What a worker counts, and why it is not ready. It comes every second, and when asked for. */
export interface Report {
  readonly kind: "report";
  /** That of the question; 0 without one. */
  readonly id: number;
  readonly metrics: readonly MetricFamily[];
  readonly notReady: readonly string[];
  /** Why it should be started again. */
  readonly unhealthy: readonly string[];
  /** Its connections to brokers. */
  readonly brokers?: readonly BrokerView[];
}
