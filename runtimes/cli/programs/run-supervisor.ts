import process from "node:process";
import type { Settings } from "../../../core/config/mod.ts";
import type { ReloadAnswer } from "../../compose/mod.ts";
import { Supervisor, type SupervisorDependencies } from "../../workers/mod.ts";
import type { ProgramLogger } from "./create-logger.ts";
import { KnownFiles, type LoadedFiles } from "./node-reload.ts";
import { runProgram } from "./run-program.ts";
import type { ServiceRun } from "./run-service.ts";
import { SettingsReload } from "./settings-reload.ts";

export interface RunSupervisorDependencies extends Omit<SupervisorDependencies, "reload"> {
  readonly logger: ProgramLogger;
}

/** Runs a supervisor and its workers until a signal or a failure ends it. */
export function runSupervisor(
  settings: Settings,
  given: RunSupervisorDependencies,
  { read, rereads }: Omit<ServiceRun, "example">,
): Promise<void> {
  const { logger } = given;
  const reload = (): Promise<ReloadAnswer> => reloading.reload();
  const supervisor = new Supervisor(settings, { ...given, reload });
  // Whatever ends this process: the workers must not outlive it.
  process.on("exit", () => supervisor.kill());
  const messages = {
    stopping: "the workers drain, then the program exits",
    stopped: "every worker has drained, and every port is closed",
  };
  const known = new KnownFiles(settings);
  const steps = {
    read,
    // What is wrong is refused here. Workers read the files by themselves.
    load: (next: Settings) => known.load(next, logger),
    apply: async (next: Settings, files: LoadedFiles): Promise<readonly string[]> => {
      logger.setLevels(next["log-level"]);
      supervisor.reload(next);
      return known.changes(next, files);
    },
  };
  const reloading = new SettingsReload(settings, steps, logger);
  const program = {
    start: () => supervisor.start(),
    stop: () => supervisor.stop(),
    reload: rereads ? () => void reload() : undefined,
    messages,
  };
  return runProgram(program, logger);
}
