export type { Order } from "./messages.ts";
export { Supervisor, type SupervisorDependencies } from "./supervisor.ts";
export { WorkerLink } from "./worker-link.ts";
export { checkWorkers, workersOf } from "./worker-settings.ts";
