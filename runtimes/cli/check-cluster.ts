import type { Settings } from "../../core/config/mod.ts";
import { isLoopback } from "./is-loopback.ts";
import { settingInvalid } from "./read-file.ts";

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
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}
