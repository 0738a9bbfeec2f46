import { limits, parseAddressRange, parseRoute } from "../base/mod.ts";
import type { LogLevel } from "../ports/mod.ts";
import { type JwtSettings, jwtSettings } from "./jwt-settings.ts";
import {
  choice,
  duration,
  file,
  integer,
  list,
  matching,
  name,
  type Setting,
  size,
  sizeOrOff,
  toggle,
} from "./setting-kinds.ts";

/** The settings with their values, by flag name. */
export interface Settings extends JwtSettings {
  readonly port: number;
  readonly host: string;
  readonly "tls-cert": string;
  readonly "tls-key": string;
  readonly "admin-port": number;
  readonly "admin-host": string;
  readonly broker: string;
  readonly "broker-port": number;
  readonly "broker-host": string;
  readonly "broker-user": string;
  readonly "broker-password": string;
  readonly "broker-password-file": string;
  readonly "mqtt-ca": string;
  readonly "mqtt-cert": string;
  readonly "mqtt-key": string;
  readonly "mqtt-version": "auto" | "4" | "5";
  readonly "topic-root": string;
  readonly app: string;
  readonly partitions: number;
  readonly "event-format": "msgpack" | "json";
  readonly engine: "auto" | "native" | "wasm";
  readonly "node-name": string;
  readonly "origin-mode": "auto" | "open" | "assigned";
  readonly "origin-wait": number;
  readonly "ack-timeout": number;
  readonly rebalance: boolean;
  readonly routes: readonly string[];
  readonly authorize: "none" | "origin" | "jwt";
  readonly "authorize-timeout": number;
  readonly subprotocols: readonly string[];
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  readonly "allowed-origins": readonly string[];
  readonly "trusted-proxies": readonly string[];
  readonly "proxy-protocol": boolean;
  readonly compression: boolean;
  readonly "max-connections": number;
  readonly "max-connections-per-ip": number;
  readonly "max-handshakes-per-ip": number;
  readonly "max-handshake-rate-per-ip": number;
  readonly "max-connection-age": number;
  readonly "max-groups-per-connection": number;
  readonly "max-messages-per-second": number;
  readonly "max-bytes-per-second": number;
  readonly "max-control-frames-per-second": number;
  readonly "max-header-size": number;
  readonly "max-message-size": number;
  readonly "max-publish-size": number;
  readonly "max-inflate-ratio": number;
  readonly "max-fragments": number;
  readonly "send-queue-size": number;
  readonly "event-window-size": number;
  readonly "handshake-timeout": number;
  readonly "message-timeout": number;
  readonly "ping-interval": number;
  readonly "ping-timeout": number;
  readonly "idle-timeout": number;
  readonly "keep-alive-interval": number;
  readonly "presence-interval": number;
  readonly "drain-period": number;
  readonly "unready-after": number;
  readonly "log-level": LogLevel;
  readonly "log-format": "auto" | "json" | "pretty";
  readonly "log-connections": boolean;
}

export type SettingName = keyof Settings;

/** RFC 9110, 5.6.2: what a subprotocol or a header name is made of. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const host = /^[0-9A-Za-z.:_-]{1,255}$/;
/** 1 to 65535. */
const portPattern = "[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5]";
const hostPattern = "\\[[0-9a-fA-F:.]+\\]|[^\\s/:@[\\]]{1,255}";
const authority = `([^\\s/@]{0,512}@)?(${hostPattern})(:(${portPattern}))?`;
const broker = new RegExp(`^(embedded|mqtts?://${authority}/?)$`);
const page = /^(\*|[a-z][a-z0-9+.-]*:\/\/[^\s/,*]{1,255}|\*\.[^\s/,*:]{1,253}|null)$/i;
const commas = "names separated by commas";
const shownHeaders = ["host", "origin", "user-agent", "accept-language"];

/** Every setting of the command line. `docs/operating.md` shows the same table. */
export const settings: { readonly [Name in SettingName]: Setting<Settings[Name]> } = {
  port: integer(0, 65_535, 8080, "client port; 0 picks a free one"),
  host: matching(host, "0.0.0.0", ["an address or host name", "address of the client port"]),
  "tls-cert": file("certificate of the client port, with its chain; SIGHUP reads it anew"),
  "tls-key": file("its private key"),
  "admin-port": integer(0, 65_535, 8081, "port of /healthz, /readyz and /metrics"),
  "admin-host": matching(host, "127.0.0.1", ["an address or host name", "its address"]),
  broker: matching(broker, "embedded", [
    "embedded, or a URL mqtt://user:pass@host:1883 or mqtts://…",
    "the MQTT broker: the embedded one, or one of yours",
  ]),
  "broker-port": integer(0, 65_535, 1883, "port of the embedded broker"),
  "broker-host": matching(host, "127.0.0.1", [
    "an address or host name",
    "address of the embedded broker",
  ]),
  "broker-user": matching(/^\P{Cc}{0,256}$/u, "", [
    "up to 256 characters",
    "who may connect to the embedded broker; everybody where empty",
  ]),
  "broker-password": {
    secret: true,
    ...matching(/^[^\0]{0,1024}$/s, "", [
      "up to 1024 characters",
      "its password; better by the environment or --broker-password-file",
    ]),
  },
  "broker-password-file": matching(/^[^\0]{0,4096}$/s, "", [
    "the path of a file",
    "the same from a file; a line end at its end does not count",
  ]),
  "mqtt-ca": file("authority of the broker's certificate, with mqtts"),
  "mqtt-cert": file("certificate that the broker knows this node by"),
  "mqtt-key": file("its private key"),
  "mqtt-version": choice(["auto", "4", "5"], "auto", "MQTT 3.1.1 (4) or 5; auto tries 5 first"),
  "topic-root": matching(/^[0-9A-Za-z_-]{1,32}$/, "wss", [
    "1 to 32 letters, digits, - and _",
    "first level of every topic",
  ]),
  app: name(64, "default", "the app that connections belong to"),
  partitions: integer(1, 256, 1, "partitions of the event topics in open mode"),
  "event-format": choice(["msgpack", "json"], "msgpack", "format of events in open mode"),
  engine: choice(
    ["auto", "native", "wasm"],
    "auto",
    "the runtime's WebSocket server, or our own; auto: native on Bun, else wasm",
  ),
  "node-name": matching(/^([a-z0-9-]{1,32})?$/, "", [
    "1 to 32 characters of a-z, 0-9 and -",
    "name of this node; random when empty",
  ]),
  "origin-mode": choice(["auto", "open", "assigned"], "auto", "how origins receive events"),
  "origin-wait": duration("0ms", "1h", "30s", "events wait for an origin this long"),
  "ack-timeout": duration("1s", "24h", "60s", "an origin that confirms nothing so long is dead"),
  rebalance: toggle(true, "move idle connections, slowly, when an origin comes"),
  routes: list(
    (value) => parseRoute(value) !== undefined,
    [],
    [
      "PATTERN=APP such as /chat/:room=chat or /files/*=files, separated by commas",
      "which path leads to which app, the first that fits; without any, all to --app",
    ],
  ),
  authorize: choice(["none", "origin", "jwt"], "none", "who authorises connections"),
  "authorize-timeout": duration("100ms", "5m", "5s", "an origin that is asked has so long: 504"),
  ...jwtSettings,
  subprotocols: list(token, [], [commas, "WebSocket subprotocols that are accepted"]),
  headers: list(token, shownHeaders, [commas, "request headers that origins get to see"]),
  cookies: list(token, [], [commas, "cookies that origins get to see"]),
  "allowed-origins": list(
    page,
    [],
    [
      "origins such as https://example.com, *.example.com, or * for all, separated by commas",
      "pages that may connect, by their Origin header; where empty all, or with cookies the same",
    ],
  ),
  "trusted-proxies": list(
    (value) => parseAddressRange(value) !== undefined,
    [],
    [
      "IP addresses and CIDR ranges separated by commas",
      "proxies whose X-Forwarded-For, and PROXY header, is believed",
    ],
  ),
  "proxy-protocol": toggle(false, "streams begin with a PROXY header, version 1 or 2"),
  compression: toggle(false, "permessage-deflate"),
  "max-connections": integer(
    1,
    limits.connectionsCeiling,
    limits.connectionsCeiling,
    "past it: 503",
  ),
  "max-connections-per-ip": integer(0, limits.connectionsCeiling, 0, "past it: 503; 0: no limit"),
  "max-handshakes-per-ip": integer(
    0,
    limits.handshakesWaitingMax,
    limits.handshakesPerIpMax,
    "that wait to be authorised; past it: 429; 0: no limit",
  ),
  "max-handshake-rate-per-ip": integer(
    0,
    1_000_000,
    limits.handshakesPerIpPerSecondMax,
    "to be authorised, in a second; past it: 429; 0: no limit",
  ),
  "max-connection-age": duration("0ms", "720h", "0ms", "then closed with 1012; 0: no limit"),
  "max-groups-per-connection": integer(
    0,
    100_000,
    limits.groupsPerConnectionMax,
    "past it a join is refused",
  ),
  "max-messages-per-second": integer(0, 1_000_000, 0, "of a client; past it: 1008; 0: no limit"),
  "max-bytes-per-second": sizeOrOff(
    1_024,
    1_073_741_824,
    "payload of a client's messages; past it: 1008; at least max-message-size",
  ),
  "max-control-frames-per-second": integer(
    0,
    1_000_000,
    limits.controlFramesPerSecondMax,
    "pings and pongs of a client; past it: 1008; 0: no limit",
  ),
  "max-header-size": size(
    limits.handshakeHeaderBytesFloor,
    limits.handshakeHeaderBytesCeiling,
    limits.handshakeHeaderBytesMax,
    "request line and headers of a handshake; past it: 431",
  ),
  "max-message-size": size(
    1,
    limits.messageBytesCeiling,
    limits.messageBytesMax,
    "past it: 1009; a compressed message counts decompressed",
  ),
  "max-publish-size": size(
    1,
    limits.messageBytesCeiling,
    limits.publishBytesMax,
    "of a message to clients; past it the command is refused, a raw group message dropped",
  ),
  "max-inflate-ratio": integer(
    2,
    10_000,
    limits.inflateRatioMax,
    "of a message, decompressed; past it 64 KiB a second, then 1009",
  ),
  "max-fragments": integer(
    0,
    1_000_000,
    0,
    "of a message; past it: 1008; 0: one for each 16 bytes of max-message-size, at least 1024",
  ),
  "send-queue-size": size(
    1_024,
    1_073_741_824,
    limits.sendQueueBytesMax,
    "bytes a client may leave unread before it is closed with 1013",
  ),
  "event-window-size": size(
    65_536,
    1_073_741_824,
    limits.eventWindowBytesMax,
    "bytes of events the broker has not confirmed before sockets are not read",
  ),
  "handshake-timeout": duration("100ms", "1h", "10s", "for a whole request; past it: 408, or cut"),
  "message-timeout": duration(
    "0ms",
    "24h",
    `${limits.messageTimeoutMs / 1_000}s`,
    "for a whole message; past it: 1008; 0: no limit",
  ),
  "ping-interval": duration("0ms", "24h", "30s", "a client silent so long is pinged; 0: never"),
  "ping-timeout": duration("100ms", "1h", "10s", "a pinged client silent so long is dead"),
  "idle-timeout": duration("0ms", "24h", "0ms", "without a message: closed, 1001; 0: never"),
  "keep-alive-interval": duration("1s", "24h", "30s", "between `alive` batches to origins"),
  "presence-interval": duration(
    "100ms",
    "1h",
    `${limits.presenceIntervalMs / 1_000}s`,
    "between heartbeats; gone after three",
  ),
  "drain-period": duration("0ms", "1h", "10s", "over which SIGTERM closes the connections"),
  "unready-after": duration("0ms", "1h", "30s", "a broker away so long makes /readyz 503"),
  "log-level": choice(["debug", "info", "warn", "error"], "info", "least level that is logged"),
  "log-format": choice(["auto", "json", "pretty"], "auto", "auto: pretty on a terminal"),
  "log-connections": toggle(false, "a line at info for every open and close; else at debug"),
};
