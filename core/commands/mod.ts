export type { CommandApp } from "./command-call.ts";
export { CommandDispatcher } from "./command-dispatcher.ts";
