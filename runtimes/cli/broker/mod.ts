export { type BenchOptions, type BenchResult, benchBroker } from "./bench.ts";
export { type BrokerAccess, BrokerClient, type Received } from "./broker-client.ts";
