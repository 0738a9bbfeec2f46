import { ServiceError } from "../../../core/base/mod.ts";
import { complain, ExitCode, visible } from "../command/mod.ts";

/** Runs what asks a gateway. What it refuses is one line with a code, and the exit code 1. */
export async function runAdmin(ask: () => Promise<number>): Promise<number> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code === "setting-invalid") throw error;
    await complain(visible(`${error.code}: ${error.message}`));
    return ExitCode.failure;
  }
}
