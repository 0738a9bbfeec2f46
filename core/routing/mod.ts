export { EventRouter, type EventRouterOptions } from "./event-router.ts";
export type { LiveOrigin } from "./origin-directory.ts";
export type { CommandAck } from "./sender-answers.ts";
