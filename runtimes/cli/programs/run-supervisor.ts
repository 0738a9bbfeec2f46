import process from "node:process";
import type { Settings } from "../../../core/config/mod.ts";
import { Supervisor, type SupervisorDependencies } from "../../workers/mod.ts";
import { runProgram } from "./run-program.ts";

/** Runs a supervisor and its workers until a signal or a failure ends it. */
export function runSupervisor(settings: Settings, given: SupervisorDependencies): Promise<void> {
  const supervisor = new Supervisor(settings, given);
  // Whatever ends this process: the workers must not outlive it.
  process.on("exit", () => supervisor.kill());
  const messages = {
    stopping: "the workers drain, then the program exits",
    stopped: "every worker has drained, and every port is closed",
  };
  const program = {
    start: () => supervisor.start(),
    stop: () => supervisor.stop(),
    reload: settings["tls-cert"] === "" ? undefined : () => supervisor.reload(),
    messages,
  };
  return runProgram(program, given.logger);
}
