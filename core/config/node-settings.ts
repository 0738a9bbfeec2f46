import { limits, namePattern } from "../base/mod.ts";
import {
  choice,
  duration,
  integer,
  integerOrAuto,
  matching,
  orEmpty,
  type SettingTable,
  toggle,
} from "./kinds/mod.ts";
import { type LogLevels, logLevels } from "./log-levels.ts";

export interface NodeSettings {
  readonly "node-name": string;
  /** 0: as many as there are processors. */
  readonly workers: number;
  readonly engine: "auto" | "native" | "wasm";
  readonly "log-level": LogLevels;
  readonly "log-format": "auto" | "json" | "pretty";
  readonly "log-connections": boolean;
  readonly "drain-period": number;
  readonly "unready-after": number;
  readonly "trace-clients": boolean;
  readonly "max-spans-per-second": number;
}

export const nodeSettings: SettingTable<NodeSettings> = {
  "node-name": matching("name of this node, unique in the cluster; empty: a random name", {
    allowed: "1 to 32 characters of a-z, 0-9 and -",
    pattern: orEmpty(namePattern),
  }),
  workers: integerOrAuto(
    "processes on the client port, nodes NAME-0, NAME-1, …; auto: one a processor",
    { min: 1, max: limits.workersMax, default: 1 },
  ),
  engine: choice(
    "WebSocket server: native is the runtime's, wasm our own; auto is native on Bun, else wasm",
    { of: ["auto", "native", "wasm"], default: "auto" },
  ),
  "log-level": logLevels(
    "lowest level that is logged, also by category: info,handshake=debug,broker=warn",
    "info",
  ),
  "log-format": choice("format of the log; auto is pretty on a terminal, else json", {
    of: ["auto", "json", "pretty"],
    default: "auto",
  }),
  "log-connections": toggle("log the open and close of connections at info, not at debug", {
    default: false,
  }),
  "drain-period": duration("time over which SIGTERM closes the connections one by one", {
    min: "0ms",
    max: "1h",
    default: "10s",
  }),
  "unready-after": duration("time without a broker after which /readyz answers 503", {
    min: "0ms",
    max: "1h",
    default: "30s",
  }),
  "trace-clients": toggle(
    "take the trace and its sampling from the traceparent of a client's handshake",
    { default: true },
  ),
  "max-spans-per-second": integer("spans that are recorded per second; further ones are counted", {
    min: 1,
    max: 1_000_000,
    default: limits.spansPerSecondMax,
  }),
};
