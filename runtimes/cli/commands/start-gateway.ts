import process from "node:process";
import { SystemClock } from "../../../adapters/system/mod.ts";
import { checkFlag, type Settings } from "../../../core/config/mod.ts";
import { readTraceExport } from "../../../core/telemetry/mod.ts";
import type { Platform } from "../../compose/mod.ts";
import { workersOf } from "../../workers/mod.ts";
import { ExitCode, say } from "../command/mod.ts";
import { createLogger, runService, runSupervisor } from "../programs/mod.ts";
import {
  adviceOn,
  createAuthorizer,
  hasFiles,
  readAccessKeys,
  readBrokerLogin,
  readTlsFiles,
  settingInvalid,
  warnOfOpenBroker,
} from "../settings/mod.ts";

/** What `--check-config` says where nothing is wrong. */
export const validText = "the settings are valid";

export interface GatewayStart {
  readonly flags: Readonly<Record<string, string>>;
  readonly platform: Platform;
  /** Whether an embedded broker without a password deserves a warning. */
  readonly warns: boolean;
  /** Adds the example chat. */
  readonly example: boolean;
  /** Reads the settings again. */
  readonly read: () => Settings;
}

/** Throws `setting-invalid` if several processes are asked for. */
export function checkOneProcess(command: string, settings: Settings): void {
  if (workersOf(settings) <= 1) return;
  throw settingInvalid(`--workers is for serve: ${command} is one process`);
}

/**
 * Runs a gateway, in several processes where the settings say so. Resolves to an exit code with
 * `--check-config`, otherwise to undefined. Rejects with `setting-invalid` if a file that a
 * setting names cannot be used.
 */
export async function startGateway(
  settings: Settings,
  { flags, platform, warns, example, read }: GatewayStart,
): Promise<number | undefined> {
  const { server: serverTls, mqtt: mqttTls, clusterCa } = readTlsFiles(settings);
  const brokerLogin = readBrokerLogin(settings);
  const logger = createLogger(settings);
  const accessKeys = readAccessKeys(settings);
  const traceExport = readTraceExport(process.env);
  const authorizer = await createAuthorizer(settings, { clock: new SystemClock(), logger });
  if (warns) warnOfOpenBroker(settings, brokerLogin, logger);
  for (const sentence of adviceOn(settings)) logger.log("warn", "setting-advice", sentence);
  if (flags[checkFlag] === "true") {
    await say(validText);
    return ExitCode.clean;
  }
  const rereads = hasFiles(flags, settings);
  if (workersOf(settings) > 1) {
    const parts = { platform, mqttTls, brokerLogin, accessKeys, logger };
    await runSupervisor(settings, parts, { read, rereads });
    return undefined;
  }
  // Fetches remote keys now, so that the first clients do not wait for them.
  authorizer?.start();
  const given = {
    platform,
    serverTls,
    mqttTls,
    clusterCa,
    brokerLogin,
    accessKeys,
    traceExport,
    logger,
    authorizer,
  };
  await runService(settings, given, { example, read, rereads });
  return undefined;
}
