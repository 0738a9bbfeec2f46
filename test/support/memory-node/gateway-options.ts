import type { GuardOptions } from "../../../core/connection/mod.ts";
import type { GatewayOptions } from "../../../core/mod.ts";

/** What a test says of a gateway's options. */
export type SaidOptions = Omit<Partial<GatewayOptions>, "guard"> & {
  readonly guard?: Partial<GuardOptions>;
};

const guardOff: GuardOptions = {
  pingIntervalMs: 0,
  pingTimeoutMs: 0,
  idleTimeoutMs: 0,
  connectionAgeMsMax: 0,
  messagesPerSecondMax: 0,
  bytesPerSecondMax: 0,
  controlFramesPerSecondMax: 0,
  connectionsPerIpMax: 0,
};

/** A gateway's options for a test, all quiet: what matters to it is said. */
export function gatewayOptions({ guard, ...said }: SaidOptions = {}): GatewayOptions {
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
    unreadyAfterMs: 0,
    logConnections: false,
    ...said,
    guard: { ...guardOff, ...guard },
  } as GatewayOptions;
}
