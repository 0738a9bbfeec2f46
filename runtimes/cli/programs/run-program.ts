import process from "node:process";
import { ServiceError } from "../../../core/base/mod.ts";
import type { Logger } from "../../../core/ports/mod.ts";
import { ExitCode } from "../command/mod.ts";

/** What runs until it is ended: a gateway, or a bridge. */
export interface Program {
  start(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** SIGHUP: reads its files again. Undefined if there is nothing to read. */
  readonly reload?: (() => void) | undefined;
  /** What is logged when a signal ends it, and when it has ended. */
  readonly messages: { readonly stopping: string; readonly stopped: string };
}

/** Logs the error and ends the process. */
export function failProcess(logger: Logger, error: unknown): never {
  if (error instanceof ServiceError) {
    logger.log("error", "failed", error.message, { code: error.code });
  } else {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    logger.log("error", "failed", message, { code: "internal", stack });
  }
  process.exit(ExitCode.failure);
}

/** From now on an error that nobody catches is logged and ends the process. */
export function failOnErrors(logger: Logger): void {
  const failed = (error: unknown): never => failProcess(logger, error);
  process.on("uncaughtException", failed);
  process.on("unhandledRejection", failed);
}

/** Runs a program until a signal or a failure ends it. The second signal ends it at once. */
export async function runProgram(program: Program, logger: Logger): Promise<void> {
  failOnErrors(logger);
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) {
      logger.log("warn", "stopped", `${signal} again: the program exits at once`);
      process.exit(ExitCode.failure);
    }
    stopping = true;
    logger.log("info", "stopping", `${signal}: ${program.messages.stopping}`);
    await program.stop();
    logger.log("info", "stopped", program.messages.stopped);
    process.exit(ExitCode.clean);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  process.on("SIGHUP", () => {
    if (program.reload !== undefined) program.reload();
    // The terminal was closed. Nobody else would end a program that was started there.
    else if (process.stdout.isTTY === true) void stop("SIGHUP");
    else logger.log("info", "hangup-ignored", "SIGHUP: there is no file to read again");
  });
  try {
    await program.start();
  } catch (error) {
    failProcess(logger, error);
  }
}
