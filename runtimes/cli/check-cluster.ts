import { isInRanges, parseAddressRange } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import { settingInvalid } from "./read-file.ts";

const loopback = ["127.0.0.0/8", "::1"]
  .map(parseAddressRange)
  .filter((range) => range !== undefined);

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
  const hosts = [settings["cluster-host"], ...peers.map((peer) => new URL(peer).hostname)];
  if (secret === "" && !hosts.every(isLoopback)) {
    throw settingInvalid(
      "--cluster-secret is missing: without one --cluster-host and --peers must be loopback",
    );
  }
}

function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  return bare === "localhost" || isInRanges(bare, loopback);
}
