export { createLogger } from "./create-logger.ts";
export { devDefaults } from "./dev.ts";
export { checkBridge, runBridge } from "./run-bridge.ts";
export { runService } from "./run-service.ts";
export { runSupervisor } from "./run-supervisor.ts";
export { runWorker } from "./run-worker.ts";
