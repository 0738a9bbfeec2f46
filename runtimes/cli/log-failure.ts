import { ServiceError } from "../../core/base/mod.ts";
import type { Logger } from "../../core/ports/mod.ts";

/** Logs what ends the program. */
export function logFailure(logger: Logger, error: unknown): void {
  if (error instanceof ServiceError) {
    logger.log("error", "failed", error.message, { code: error.code });
  } else {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    logger.log("error", "failed", message, { code: "internal", stack });
  }
}
