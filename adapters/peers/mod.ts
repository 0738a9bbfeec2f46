export type { PeerPost } from "./peer-client.ts";
export { PeerCluster, type PeerClusterPorts } from "./peer-cluster.ts";
export { resolveName } from "./peer-names.ts";
export { peerLimits } from "./wire/mod.ts";
