export type { PeerHandler, PeerRequestSource } from "./peer-app.ts";
export type { PeerPost } from "./peer-client.ts";
export { PeerCluster, type PeerClusterOptions, type PeerClusterPorts } from "./peer-cluster.ts";
export { type ResolveName, resolveName } from "./peer-names.ts";
export { peerLimits } from "./wire/mod.ts";
