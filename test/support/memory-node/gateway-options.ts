import type { GatewayOptions } from "../../../core/mod.ts";

/** A gateway's options for a test, all quiet: what matters to it is said. */
export function gatewayOptions(said: Partial<GatewayOptions> = {}): GatewayOptions {
  return {
    app: "default",
    node: "n",
    incarnation: "i",
    runtime: "node",
    version: "0",
    subprotocols: [],
    headers: [],
    compression: false,
    pages: new Map(),
    mode: "auto",
    partitions: 1,
    json: false,
    connectionsMax: 10_000,
    publishBytesMax: 1e6,
    sendQueueBytesMax: 1e6,
    windowBytesMax: 1e6,
    originWaitMs: 1e9,
    ackTimeoutMs: 60_000,
    rebalance: true,
    keepAliveIntervalMs: 1e9,
    presenceIntervalMs: 1e9,
    routes: [],
    authorize: "none",
    authorizeTimeoutMs: 5_000,
    groupsPerConnectionMax: 100,
    ...said,
  } as GatewayOptions;
}
