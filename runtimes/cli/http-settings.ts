import { parseAccessKeys } from "../../adapters/service-port/mod.ts";
import { ServiceError, withoutBrackets } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import { isLoopback } from "./is-loopback.ts";
import { readSettingFile, settingInvalid } from "./read-file.ts";

/** Refuses what would be ignored, and nodes beyond this machine that nobody could trust. */
export function checkCluster(settings: Settings): void {
  const { cluster, peers } = settings;
  const secret = settings["cluster-secret"];
  if (cluster === "mqtt") {
    const name = peers.length > 0 ? "peers" : secret !== "" ? "cluster-secret" : undefined;
    if (name !== undefined) throw settingInvalid(`--${name} needs --cluster http`);
    return;
  }
  if (peers.length === 0) {
    throw settingInvalid("--cluster http needs --peers: the URLs of its nodes");
  }
  const hosts = [settings["cluster-host"], ...peers.map(hostOf)];
  if (secret === "" && !hosts.every(isLoopback)) {
    throw settingInvalid(
      "--cluster-secret is missing: without one --cluster-host and --peers must be loopback",
    );
  }
}

function hostOf(url: string): string {
  return withoutBrackets(new URL(url).hostname);
}

/** Refuses settings of the service port that would be ignored. */
export function checkServicePort(settings: Settings): void {
  if (settings["service-port"] !== undefined) return;
  for (const name of ["service-token", "aws-access-keys-file"] as const) {
    if (settings[name] !== "") throw settingInvalid(`--${name} needs --service-port`);
  }
}

/** Whether the service port listens for other machines, and refuses what they send. */
export function isServicePortShut(settings: Settings): boolean {
  const isOpen = settings["service-port"] !== undefined && !isLoopback(settings["service-host"]);
  return isOpen && settings["service-token"] === "";
}

/** The secrets of `--aws-access-keys-file` by access key; undefined where there is no file. */
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
