import process from "node:process";
import type { Settings } from "../../core/config/mod.ts";
import type { Logger } from "../../core/ports/mod.ts";
import { Service, type ServiceDependencies } from "../compose/mod.ts";
import { devPages, startDevOrigin } from "./dev.ts";
import { ExitCode } from "./exit-code.ts";
import { logFailure } from "./log-failure.ts";
import { readTlsFiles } from "./tls-files.ts";

/** Runs a gateway until a signal or a failure ends it. `example` adds the example chat. */
export async function runService(
  settings: Settings,
  given: Omit<ServiceDependencies, "pages" | "failed">,
  { example }: { readonly example: boolean },
): Promise<void> {
  const { logger, platform } = given;
  const cleanUps: (() => Promise<void> | void)[] = [];
  const failed = (error: unknown): void => {
    logFailure(logger, error);
    process.exit(ExitCode.failure);
  };
  const pages = example ? devPages : new Map();
  const service = new Service(settings, { ...given, pages, failed });
  process.on("uncaughtException", failed);
  process.on("unhandledRejection", failed);
  const stop = stopOnSignals(service, logger, cleanUps);
  process.on("SIGHUP", () => {
    if (given.serverTls !== undefined) void reload(service, logger);
    // The terminal was closed. Nobody else would end a program that was started there.
    else if (process.stdout.isTTY === true) stop("SIGHUP");
    else logger.log("info", "hangup-ignored", "SIGHUP: there is no --tls-cert to read again");
  });
  try {
    await service.start();
    // Without a broker there is an origin already.
    if (example && settings.broker !== "none") {
      cleanUps.push(await startDevOrigin(service, platform, logger));
    }
  } catch (error) {
    failed(error);
  }
}

/** Reads the certificate again. Where the files are wrong, the old one stays in use. */
async function reload(service: Service, logger: Logger): Promise<void> {
  try {
    const { server } = readTlsFiles(service.settings);
    if (server !== undefined && (await service.reloadTls(server))) {
      logger.log(
        "info",
        "tls-reloaded",
        "the certificate is reloaded: new clients get the new one",
      );
    } else {
      const message = "this engine cannot change its certificate while it runs: restart the node";
      logger.log("warn", "tls-reload-failed", message, { code: "tls-invalid" });
    }
  } catch (error) {
    const { message } = error as Error;
    logger.log("error", "tls-reload-failed", message, { code: "tls-invalid" });
  }
}

/** Drains and ends the process at the first signal, and ends it at once at the second. */
function stopOnSignals(
  service: Service,
  logger: Logger,
  cleanUps: readonly (() => Promise<void> | void)[],
): (signal: string) => void {
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) {
      logger.log("warn", "stopped", `${signal} again: ending without the rest of the drain`);
      process.exit(ExitCode.failure);
    }
    stopping = true;
    logger.log("info", "stopping", `${signal}: the node drains, then the program exits`);
    await service.drain();
    // An example origin confirms events until here, and must leave before the broker does.
    for (const cleanUp of cleanUps) await cleanUp();
    await service.stop();
    logger.log("info", "stopped", "drained, and every port is closed");
    process.exit(ExitCode.clean);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  return (signal) => void stop(signal);
}
