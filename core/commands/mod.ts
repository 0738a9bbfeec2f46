export { CommandAcks } from "./command-acks.ts";
export type { CommandApp } from "./command-context.ts";
export { CommandDispatcher } from "./command-dispatcher.ts";
export { CommandStreams } from "./command-streams.ts";
