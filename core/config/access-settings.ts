import { limits } from "../base/mod.ts";
import { choice, duration, integer, list, type SettingTable, tokens } from "./kinds/mod.ts";

export interface AccessSettings {
  readonly authorize: "none" | "origin" | "jwt";
  readonly "authorize-timeout": number;
  readonly "allowed-origins": readonly string[];
  readonly subprotocols: readonly string[];
  readonly "max-connections": number;
  readonly "max-connections-per-ip": number;
  readonly "max-handshakes-per-ip": number;
  readonly "max-handshake-rate-per-ip": number;
}

const page = /^(\*|[a-z][a-z0-9+.-]*:\/\/[^\s/,*]{1,255}|\*\.[^\s/,*:]{1,253}|null)$/i;

export const accessSettings: SettingTable<AccessSettings> = {
  authorize: choice("who authorises a handshake: nobody, an origin, or the node by a JWT", {
    of: ["none", "origin", "jwt"],
    default: "none",
  }),
  "authorize-timeout": duration("time that the origin has for its answer; then 504", {
    min: "100ms",
    max: "5m",
    default: "5s",
  }),
  "allowed-origins": list(
    "web pages that may connect; empty: all, or with cookies those of the same host",
    {
      allowed:
        "origins such as https://example.com, *.example.com, or * for all, separated by commas",
      isItem: (item) => page.test(item),
    },
  ),
  subprotocols: tokens("WebSocket subprotocols that are accepted"),
  "max-connections": integer("connections; a further handshake gets 503", {
    min: 1,
    max: limits.connectionsCeiling,
    default: limits.connectionsCeiling,
  }),
  "max-connections-per-ip": integer(
    "connections per client address (IPv6: per /64); then 503; 0: no limit",
    { min: 0, max: limits.connectionsCeiling, default: 0 },
  ),
  "max-handshakes-per-ip": integer(
    "handshakes per address that await authorisation; then 429; 0: no limit",
    { min: 0, max: limits.handshakesWaitingMax, default: limits.handshakesPerIpMax },
  ),
  "max-handshake-rate-per-ip": integer(
    "handshakes per address and second that need authorisation; then 429; 0: no limit",
    { min: 0, max: 1_000_000, default: limits.handshakesPerIpPerSecondMax },
  ),
};
