export type { Order } from "./messages.ts";
export { Supervisor, type SupervisorDependencies } from "./supervisor.ts";
export { WorkerLink } from "./worker-link.ts";
export { checkShares, checkWorkers, workersOf } from "./worker-settings.ts";
