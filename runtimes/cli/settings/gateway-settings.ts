import { readFileSync } from "node:fs";
import process from "node:process";
import { ProxyRules } from "../../../adapters/http-client/mod.ts";
import { brokerNames } from "../../../adapters/mqtt/brokers/mod.ts";
import { configFlag, readSettings, type Settings } from "../../../core/config/mod.ts";
import { engineOf, type Platform } from "../../compose/mod.ts";
import { checkWorkers } from "../../workers/mod.ts";
import { checkCluster, checkIgnored, checkPlainGetStatus } from "./http-settings.ts";
import { settingInvalid } from "./read-file.ts";

export interface SettingsRequest {
  readonly platform: Platform;
  /** The command's own defaults. */
  readonly defaults?: Readonly<Partial<Settings>>;
}

/**
 * The settings of flags, environment and config file, and whether they go together. Throws
 * `setting-invalid`.
 */
export function gatewaySettings(
  flags: Readonly<Record<string, string>>,
  { platform, defaults = {} }: SettingsRequest,
): Settings {
  const environment = process.env;
  const path = flags[configFlag] ?? environment.WSS_CONFIG;
  const file = path === undefined ? undefined : readConfigFile(path);
  const settings = readSettings({ flags, environment, file, defaults });
  checkCombinations(settings, platform);
  checkWorkers(settings, platform);
  return settings;
}

/** Whether there is a file that may have changed while the program runs. */
export function hasFiles(
  flags: Readonly<Record<string, string>>,
  settings: Pick<Settings, "tls-cert" | "jwt-key" | "jwt-secret-file">,
): boolean {
  const config = flags[configFlag] ?? process.env.WSS_CONFIG ?? "";
  const { "tls-cert": cert, "jwt-key": key, "jwt-secret-file": secret } = settings;
  return [config, cert, key, secret].some((path) => path !== "");
}

/** Refuses values that are allowed alone and not in combination. */
function checkCombinations(settings: Settings, platform: Platform): void {
  const { broker, origin } = settings;
  // The proxies to these origins are read here too, so that a wrong one is wrong usage.
  if (origin.length > 0) ProxyRules.ofEnvironment(process.env);
  if (broker !== "embedded" && broker !== "none") brokerNames(broker);
  checkCluster(settings);
  checkIgnored(settings);
  checkPlainGetStatus(settings);
  if (!settings["proxy-protocol"]) return;
  if (engineOf(platform, settings.engine) === "native") {
    throw settingInvalid(
      "--proxy-protocol needs --engine wasm: the runtime's own server cannot read a PROXY header",
    );
  }
  if (settings["tls-cert"] !== "") {
    throw settingInvalid(
      "--proxy-protocol and --tls-cert exclude each other: end TLS at the proxy",
    );
  }
  if (settings["trusted-proxies"].length === 0) {
    throw settingInvalid(
      "--proxy-protocol needs --trusted-proxies: the addresses that may send the header",
    );
  }
}

function readConfigFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    // The runtime's own message repeats the path, which may be a misplaced URL with a password.
    const scheme = path.indexOf("//");
    const host = path.lastIndexOf("@");
    const isUrl = scheme >= 0 && scheme < host;
    const shown = isUrl ? `${path.slice(0, scheme)}//…${path.slice(host)}` : path;
    const reason = (error as NodeJS.ErrnoException).code ?? "not JSON";
    throw settingInvalid(`--config: ${shown} cannot be read as a JSON file: ${reason}`, error);
  }
}
