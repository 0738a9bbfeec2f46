import {
  type AddressRange,
  limits,
  parseAddressRange,
  parseRoute,
  type Route,
} from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { GatewayOptions, Page } from "../../core/mod.ts";
import { version } from "./version.ts";

/** What the gateway gets besides the settings. */
export interface NodeIdentity {
  readonly node: string;
  readonly incarnation: string;
  readonly runtime: string;
  readonly pages: ReadonlyMap<string, Page>;
  /** Names of the subprotocols that the node speaks itself. */
  readonly subprotocols: readonly string[];
}

/** The apps that a node serves: those of its routes, or `--app` if there are no routes. */
export function appsOf(settings: Settings): string[] {
  const apps = routesOf(settings).map(({ app }) => app);
  return apps.length === 0 ? [settings.app] : [...new Set(apps)];
}

/** Fragments that a message may have; the default grows with `--max-message-size`. */
export function fragmentsMaxOf(settings: Settings): number {
  const bySize = Math.ceil(settings["max-message-size"] / limits.fragmentBytesMin);
  return settings["max-fragments"] || Math.max(limits.fragmentsMax, bySize);
}

/** Translates the settings into the options of the gateway. */
export function gatewayOptions(settings: Settings, identity: NodeIdentity): GatewayOptions {
  const inProcess = settings.broker === "none";
  return {
    ...identity,
    version,
    app: settings.app,
    routes: routesOf(settings),
    authorize: authorizeOf(settings),
    authorizeTimeoutMs: settings["authorize-timeout"],
    groupsPerConnectionMax: settings["max-groups-per-connection"],
    subprotocols: [...new Set([...settings.subprotocols, ...identity.subprotocols])],
    headers: settings.headers.map((name) => name.toLowerCase()),
    cookies: settings.cookies,
    compression: settings.compression,
    plainGetStatus: settings["plain-get-status"],
    headerBytesMax: settings["max-header-size"],
    allowedOrigins: settings["allowed-origins"],
    sameOrigin: sameOriginOnly(settings) ? { secure: settings["tls-cert"] !== "" } : undefined,
    trustedProxies: rangesOf(settings["trusted-proxies"]),
    partitions: settings.partitions,
    json: settings["event-format"] === "json",
    // Nobody else subscribes to the bus of this process.
    mode: inProcess ? "assigned" : settings["origin-mode"],
    originWaitMs: settings["origin-wait"],
    // An origin of this process is as alive as the node: while it confirms nothing, it is slow.
    ackTimeoutMs: inProcess ? limits.slowOriginMsMax : settings["ack-timeout"],
    rebalance: settings.rebalance,
    connectionsMax: settings["max-connections"],
    handshakesPerIpMax: settings["max-handshakes-per-ip"],
    handshakesPerIpPerSecondMax: settings["max-handshake-rate-per-ip"],
    publishBytesMax: settings["max-publish-size"],
    sendQueueBytesMax: settings["send-queue-size"],
    windowBytesMax: settings["event-window-size"],
    keepAliveIntervalMs: settings["keep-alive-interval"],
    presenceIntervalMs: settings["presence-interval"],
    unreadyAfterMs: settings["unready-after"],
    logConnections: settings["log-connections"],
    guard: {
      pingIntervalMs: settings["ping-interval"],
      pingTimeoutMs: settings["ping-timeout"],
      idleTimeoutMs: settings["idle-timeout"],
      connectionAgeMsMax: settings["max-connection-age"],
      messagesPerSecondMax: settings["max-messages-per-second"],
      controlFramesPerSecondMax: settings["max-control-frames-per-second"],
      bytesPerSecondMax: settings["max-bytes-per-second"],
      connectionsPerIpMax: settings["max-connections-per-ip"],
    },
  };
}

/** With functions of AWS `$connect` is the handshake, and its answer decides. */
export function authorizeOf(settings: Settings): Settings["authorize"] {
  const isAws = settings.origin.length > 0 && settings["origin-format"] === "aws";
  return isAws && settings.authorize === "none" ? "origin" : settings.authorize;
}

function routesOf({ routes }: Settings): Route[] {
  return routes.map(parseRoute).filter((route) => route !== undefined);
}

/** Whether cookies authenticate clients: then any page could connect in its visitor's name. */
function usesCookies(settings: Settings): boolean {
  const { cookies, headers } = settings;
  if (cookies.length > 0) return true;
  if (headers.some((name) => name.toLowerCase() === "cookie")) return true;
  const sources = settings.authorize === "jwt" ? settings["jwt-from"] : [];
  return sources.some((source) => source.startsWith("cookie:"));
}

/** Whether only pages of the host that they connect to are allowed. */
export function sameOriginOnly(settings: Settings): boolean {
  return settings["allowed-origins"].length === 0 && usesCookies(settings);
}

export function rangesOf(texts: readonly string[]): AddressRange[] {
  return texts.map(parseAddressRange).filter((range) => range !== undefined);
}

/** The QoS of numbered streams at the broker. */
export function streamQosOf(settings: Settings): 0 | 1 {
  return settings["stream-qos"] === "1" ? 1 : 0;
}
