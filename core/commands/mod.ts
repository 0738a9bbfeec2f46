export type { CommandApp } from "./command-context.ts";
export { CommandDispatcher } from "./command-dispatcher.ts";
