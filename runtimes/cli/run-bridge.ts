import process from "node:process";
import type { MqttTls } from "../../adapters/mqtt/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { Logger } from "../../core/ports/mod.ts";
import { Bridge, type Platform } from "../compose/mod.ts";
import { ExitCode } from "./exit-code.ts";
import { logFailure } from "./log-failure.ts";
import { settingInvalid } from "./read-file.ts";

/** Throws `setting-invalid` where settings are missing that a bridge needs. */
export function checkBridge({ broker, origin, authorize }: Settings): void {
  if (origin.length === 0) throw settingInvalid("bridge needs --origin: where the events go");
  if (broker === "embedded" || broker === "none") {
    throw settingInvalid(`--broker ${broker}: bridge needs the URL of the gateway's broker`);
  }
  if (authorize === "jwt") {
    throw settingInvalid("--authorize jwt is for gateways: a bridge checks no tokens");
  }
}

/** Runs a bridge until a signal or a failure ends it. */
export async function runBridge(
  settings: Settings,
  {
    platform,
    mqttTls,
    logger,
  }: { platform: Platform; mqttTls: MqttTls | undefined; logger: Logger },
): Promise<void> {
  const failed = (error: unknown): void => {
    logFailure(logger, error);
    process.exit(ExitCode.failure);
  };
  process.on("uncaughtException", failed);
  process.on("unhandledRejection", failed);
  const bridge = new Bridge(settings, { runtime: platform.name, logger, mqttTls, failed });
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) {
      logger.log("warn", "stopped", `${signal} again: ending without the rest`);
      process.exit(ExitCode.failure);
    }
    stopping = true;
    logger.log("info", "stopping", `${signal}: the bridge gives its connections to others`);
    await bridge.stop();
    logger.log("info", "stopped", "everything that came is delivered, or goes to others");
    process.exit(ExitCode.clean);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  process.on("SIGHUP", () => {
    // The terminal was closed. Nobody else would end a program that was started there.
    if (process.stdout.isTTY === true) void stop("SIGHUP");
    else logger.log("info", "hangup-ignored", "SIGHUP: there is nothing to read again");
  });
  try {
    await bridge.start();
  } catch (error) {
    failed(error);
  }
}
