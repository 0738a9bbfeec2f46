import type { Settings } from "../../../core/config/mod.ts";
import type { Logger } from "../../../core/ports/mod.ts";
import { Service, type ServiceDependencies } from "../../compose/mod.ts";
import { readTlsFiles } from "../settings/mod.ts";
import { devPages, startDevOrigin } from "./dev.ts";
import { failProcess, runProgram } from "./run-program.ts";

/** Runs a gateway until a signal or a failure ends it. `example` adds the example chat. */
export function runService(
  settings: Settings,
  given: Omit<ServiceDependencies, "pages" | "failed">,
  { example }: { readonly example: boolean },
): Promise<void> {
  const { logger, platform, serverTls } = given;
  const failed = (error: Error): void => failProcess(logger, error);
  const pages = example ? devPages : new Map();
  const service = new Service(settings, { ...given, pages, failed });
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
  const reload = serverTls === undefined ? undefined : () => void reloadTls(service, logger);
  const messages = {
    stopping: "the node drains, then the program exits",
    stopped: "drained, and every port is closed",
  };
  return runProgram({ start, stop, reload, messages }, logger);
}

/** Reads the certificate again. Where the files are wrong, the old one stays in use. */
export async function reloadTls(service: Service, logger: Logger): Promise<void> {
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
