export { type CommandAck, CommandAcks, namingSender } from "./command-acks.ts";
export { CommandDispatcher } from "./command-dispatcher.ts";
export { CommandStreams } from "./command-streams.ts";
