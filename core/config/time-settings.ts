import { limits } from "../base/mod.ts";
import { duration, type SettingTable } from "./kinds/mod.ts";

export interface TimeSettings {
  readonly "max-connection-age": number;
  readonly "handshake-timeout": number;
  readonly "message-timeout": number;
  readonly "ping-interval": number;
  readonly "ping-timeout": number;
  readonly "idle-timeout": number;
  readonly "keep-alive-interval": number;
  readonly "presence-interval": number;
}

export const timeSettings: SettingTable<TimeSettings> = {
  "max-connection-age": duration(
    "age at which a connection is closed (1012), up to a tenth earlier; 0: no limit",
    {
      min: "0ms",
      max: "720h",
      default: "0ms",
    },
  ),
  "handshake-timeout": duration(
    "time for a whole handshake request; then 408, or the TCP stream is closed",
    { min: "100ms", max: "1h", default: "10s" },
  ),
  "message-timeout": duration(
    "time from a message's first frame to its last; then closed (1008); 0: no limit",
    { min: "0ms", max: "24h", default: `${limits.messageTimeoutMs / 1_000}s` },
  ),
  "ping-interval": duration("silence after which a client is pinged; 0: never", {
    min: "0ms",
    max: "24h",
    default: "30s",
  }),
  "ping-timeout": duration("silence after a ping at which the connection is cut", {
    min: "100ms",
    max: "1h",
    default: "10s",
  }),
  "idle-timeout": duration(
    "time without a message from the client; then closed (1001); 0: never",
    {
      min: "0ms",
      max: "24h",
      default: "0ms",
    },
  ),
  "keep-alive-interval": duration("time between `alive` events, which list open connections", {
    min: "1s",
    max: "24h",
    default: "30s",
  }),
  "presence-interval": duration("time between heartbeats at the broker; three missed mean gone", {
    min: "100ms",
    max: "1h",
    default: `${limits.presenceIntervalMs / 1_000}s`,
  }),
};
