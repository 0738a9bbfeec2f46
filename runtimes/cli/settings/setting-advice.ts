import { brokerUrls } from "../../../adapters/mqtt/brokers/mod.ts";
import { parseBrokerUrl } from "../../../adapters/mqtt/link/mod.ts";
import { isLoopbackHost } from "../../../core/base/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import { sameOriginOnly } from "../../compose/mod.ts";
import { isBlockedByBrowsers } from "./browser-ports.ts";
import { isServicePortShut } from "./http-settings.ts";

/** A sentence for each setting that is allowed and rarely intended, and the flag to confirm it. */
export function adviceOn(settings: Settings): string[] {
  const advice: string[] = [];
  if (sameOriginOnly(settings)) {
    advice.push(
      "cookies are used and --allowed-origins is empty: only pages of the host that they " +
        "connect to are allowed; list others in --allowed-origins, or set it to * for every page",
    );
  }
  if (isServicePortShut(settings)) {
    advice.push(
      "--service-host is beyond this machine and --service-token is empty: requests of other " +
        "machines to /sr and /commands are refused",
    );
  }
  if (isAdminShut(settings)) {
    advice.push(
      "--admin-host is beyond this machine, and there is no --admin-token, --admin-read-token " +
        "or --admin-user-header: requests to /admin are refused",
    );
  }
  if (isBlockedByBrowsers(settings["admin-port"])) {
    advice.push(
      `--admin-port ${settings["admin-port"]} is a port that browsers refuse: ` +
        "the console cannot be opened there; choose another",
    );
  }
  if (settings["admin-user-header"] !== "" && settings["admin-proxies"].length === 0) {
    advice.push("--admin-user-header is read from no proxy: set --admin-proxies");
  }
  advice.push(...clearPasswords(settings));
  if (settings["trusted-proxies"].some((range) => range.endsWith("/0"))) {
    advice.push(
      "--trusted-proxies trusts every address: any client can choose the address that it is " +
        "known by; name the proxies alone",
    );
  }
  if (settings["max-publish-size"] > settings["send-queue-size"]) {
    advice.push(
      "--max-publish-size is above --send-queue-size: what is larger than the queue is refused " +
        "(queue-too-small); raise --send-queue-size, or lower --max-publish-size",
    );
  }
  if (settings.authorize !== "jwt") return advice;
  if (settings["jwt-audience"] === "" && !settings["jwt-any-audience"]) {
    advice.push(
      "tokens that were issued for another service are accepted: set --jwt-audience, or " +
        "--jwt-any-audience if that is intended",
    );
  }
  if (settings["jwt-issuer"] === "" && !settings["jwt-any-issuer"]) {
    advice.push(
      "tokens of any issuer are accepted if a known key has signed them: set --jwt-issuer, or " +
        "--jwt-any-issuer if that is intended",
    );
  }
  return advice;
}

/** Whether nobody may read or act on the admin port; metrics and health are for everyone. */
function isAdminShut(settings: Settings): boolean {
  const rules = ["admin-token", "admin-read-token", "admin-user-header"] as const;
  return !isLoopbackHost(settings["admin-host"]) && rules.every((name) => settings[name] === "");
}

/** Brokers beyond this machine that get a password without TLS. */
function clearPasswords({ broker }: Settings): string[] {
  if (broker === "embedded" || broker === "none") return [];
  const addresses = brokerUrls(broker).map(parseBrokerUrl);
  const open = addresses.filter(({ host, password, tls }) => {
    return password !== undefined && !tls && !isLoopbackHost(host);
  });
  return open.map(
    ({ host }) => `the password for the broker at ${host} travels unencrypted: use mqtts://`,
  );
}
