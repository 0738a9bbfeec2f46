import type { MqttTls } from "../../../adapters/mqtt/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import type { Logger } from "../../../core/ports/mod.ts";
import { Bridge, type Platform } from "../../compose/mod.ts";
import { settingInvalid } from "../settings/mod.ts";
import { failProcess, runProgram } from "./run-program.ts";

/** Throws `setting-invalid` if settings are missing that a bridge needs. */
export function checkBridge({ broker, origin, authorize }: Settings): void {
  if (origin.length === 0) throw settingInvalid("bridge needs --origin: where the events go");
  if (broker === "embedded" || broker === "none") {
    throw settingInvalid(`--broker ${broker}: bridge needs the URL of the gateway's broker`);
  }
  if (authorize === "jwt") {
    throw settingInvalid("--authorize jwt is for gateways: a bridge checks no tokens");
  }
}

export interface BridgeProcess {
  readonly platform: Platform;
  readonly mqttTls: MqttTls | undefined;
  readonly logger: Logger;
}

/** Runs a bridge until a signal or a failure ends it. */
export function runBridge(
  settings: Settings,
  { platform, mqttTls, logger }: BridgeProcess,
): Promise<void> {
  const failed = (error: Error): void => failProcess(logger, error);
  const bridge = new Bridge(settings, { runtime: platform.name, logger, mqttTls, failed });
  const messages = {
    stopping: "other origins take the bridge's connections, then the program exits",
    stopped: "every event is delivered, or goes to another origin",
  };
  const program = { start: () => bridge.start(), stop: () => bridge.stop(), messages };
  return runProgram(program, logger);
}
