import { appNamePattern, parseRoute } from "../base/mod.ts";
import {
  choice,
  duration,
  integer,
  list,
  matching,
  type SettingTable,
  toggle,
  tokens,
} from "./kinds/mod.ts";

export interface OriginSettings {
  readonly app: string;
  readonly routes: readonly string[];
  readonly partitions: number;
  readonly "event-format": "msgpack" | "json";
  readonly "origin-mode": "auto" | "open" | "assigned";
  readonly "origin-wait": number;
  readonly "ack-timeout": number;
  readonly rebalance: boolean;
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
}

export const originSettings: SettingTable<OriginSettings> = {
  app: matching("app of every connection, where --routes is empty", {
    allowed: "1 to 64 characters of a-z, 0-9 and -",
    pattern: appNamePattern,
    default: "default",
  }),
  routes: list("app by request path: the first match wins, 404 without one; empty: all to --app", {
    allowed:
      "PATTERN=APP such as /chat/:room=chat or /files/*=files, separated by commas; " +
      "an app has 1 to 64 characters of a-z, 0-9 and -",
    isItem: (item) => parseRoute(item) !== undefined,
  }),
  partitions: integer("event topics per app in open mode; a connection keeps to one", {
    min: 1,
    max: 256,
    default: 1,
  }),
  "event-format": choice("format of events in open mode", {
    of: ["msgpack", "json"],
    default: "msgpack",
  }),
  "origin-mode": choice(
    "who gets events: open is every subscriber, assigned one origin per connection; auto is " +
      "open until an origin announces itself",
    { of: ["auto", "open", "assigned"], default: "auto" },
  ),
  "origin-wait": duration(
    "time that events wait for an origin; then their connections are closed (1013)",
    { min: "0ms", max: "1h", default: "30s" },
  ),
  "ack-timeout": duration(
    "time without an acknowledgement after which an origin's connections move to others",
    { min: "1s", max: "24h", default: "60s" },
  ),
  rebalance: toggle("move idle connections gradually to an origin that joins", { default: true }),
  headers: tokens("request headers that origins see", {
    default: ["host", "origin", "user-agent", "accept-language"],
  }),
  cookies: tokens("cookies that origins see"),
};
