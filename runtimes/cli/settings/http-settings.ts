import { parseAccessKeys } from "../../../adapters/service-port/mod.ts";
import { isLoopbackHost, ServiceError, withoutBrackets } from "../../../core/base/mod.ts";
import {
  clusterSettings,
  httpOriginSettings,
  type Setting,
  type SettingName,
  type Settings,
  serviceSettings,
} from "../../../core/config/mod.ts";
import { readSettingFile, settingInvalid } from "./read-file.ts";

/** Refuses what would be ignored, and nodes beyond this machine that nobody could trust. */
export function checkCluster(settings: Settings): void {
  const { peers } = settings;
  const secret = settings["cluster-secret"];
  if (settings.cluster === "mqtt") {
    const { cluster, ...ofCluster } = clusterSettings;
    checkUnset(settings, ofCluster, "--cluster http");
    return;
  }
  if (peers.length === 0) {
    throw settingInvalid("--cluster http needs --peers: the URLs of its nodes");
  }
  const hosts = [settings["cluster-host"], ...peers.map(hostOf)];
  if (secret === "" && !hosts.every(isLoopbackHost)) {
    throw settingInvalid(
      "--cluster-secret is missing: without one --cluster-host and --peers must be loopback",
    );
  }
}

function hostOf(url: string): string {
  return withoutBrackets(new URL(url).hostname);
}

/** Refuses settings that would be ignored, because what they belong to is not asked for. */
export function checkIgnored(given: Settings): void {
  const { origin, ...ofOrigin } = httpOriginSettings;
  if (given.origin.length === 0) checkUnset(given, ofOrigin, "--origin");
  const { "service-port": port, "plain-get-status": status, ...ofPort } = serviceSettings;
  if (given["service-port"] === undefined) checkUnset(given, ofPort, "--service-port");
}

/** RFC 9110, 6.4.1: such an answer has no body, and a plain GET is answered with one. */
const bodilessStatuses: ReadonlySet<number> = new Set([204, 205, 304]);

/** Throws if the status of a plain GET does not go with a body. */
export function checkPlainGetStatus({ "plain-get-status": status }: Settings): void {
  if (!bodilessStatuses.has(status)) return;
  throw settingInvalid(`--plain-get-status: ${status} has no body, but the answer has one`);
}

/** Throws if one of these settings has another value than its default. */
function checkUnset(
  given: Settings,
  table: Readonly<Record<string, Setting>>,
  needed: string,
): void {
  for (const [name, setting] of Object.entries(table)) {
    if (String(given[name as SettingName]) === String(setting.default)) continue;
    throw settingInvalid(`--${name} needs ${needed}`);
  }
}

/** Whether the service port listens for other machines, and refuses what they send. */
export function isServicePortShut(settings: Settings): boolean {
  const isOpen =
    settings["service-port"] !== undefined && !isLoopbackHost(settings["service-host"]);
  return isOpen && settings["service-token"] === "";
}

/** The secrets of `--aws-access-keys-file` by access key; undefined if there is no file. */
export function readAccessKeys(settings: Settings): ReadonlyMap<string, string> | undefined {
  const path = settings["aws-access-keys-file"];
  const text = readSettingFile("aws-access-keys-file", path);
  if (text === undefined) return undefined;
  try {
    return parseAccessKeys(text);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw settingInvalid(`--aws-access-keys-file: ${path}: ${error.message}`, error);
  }
}
