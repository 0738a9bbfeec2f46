import type { Settings } from "../../../core/config/mod.ts";
import { type ReloadAnswer, Service, type ServiceDependencies } from "../../compose/mod.ts";
import type { ProgramLogger } from "./create-logger.ts";
import { devPages, startDevOrigin } from "./dev.ts";
import { NodeReload } from "./node-reload.ts";
import { failProcess, runProgram } from "./run-program.ts";
import { type ReloadSteps, SettingsReload } from "./settings-reload.ts";

export interface RunServiceDependencies
  extends Omit<ServiceDependencies, "pages" | "failed" | "reload"> {
  readonly logger: ProgramLogger;
}

export interface ServiceRun {
  /** Adds the example chat. */
  readonly example: boolean;
  /** Reads environment and config file again. */
  readonly read: () => Settings;
  /** SIGHUP reloads, because there are files that may have changed. */
  readonly rereads: boolean;
}

/** Runs a gateway until a signal or a failure ends it. */
export function runService(
  settings: Settings,
  given: RunServiceDependencies,
  { example, read, rereads }: ServiceRun,
): Promise<void> {
  const { logger, platform, authorizer } = given;
  const failed = (error: Error): void => failProcess(logger, error);
  const pages = example ? devPages : new Map();
  const reload = (): Promise<ReloadAnswer> => reloading.reload();
  const service = new Service(settings, { ...given, pages, failed, reload });
  const node = new NodeReload(service, authorizer, logger);
  const steps: ReloadSteps = {
    read,
    load: (next) => node.load(next),
    apply: (next, files) => node.apply(next, files),
  };
  const reloading = new SettingsReload(settings, steps, logger);
  let stopExample: () => Promise<void> | void = () => {};
  const start = async (): Promise<void> => {
    await service.start();
    // Without a broker there is an origin already.
    if (example && settings.broker !== "none") {
      stopExample = await startDevOrigin(service, platform, logger);
    }
  };
  const stop = async (): Promise<void> => {
    await service.drain();
    // The example origin confirms events until here, and must leave before the broker does.
    await stopExample();
    await service.stop();
  };
  const messages = {
    stopping: "the node drains, then the program exits",
    stopped: "drained, and every port is closed",
  };
  const hangup = rereads ? () => void reload() : undefined;
  return runProgram({ start, stop, reload: hangup, messages }, logger);
}
