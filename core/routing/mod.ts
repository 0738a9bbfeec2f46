export { EventRouter, type EventRouterOptions } from "./event-router.ts";
export type { LiveOrigin } from "./origin-directory.ts";
