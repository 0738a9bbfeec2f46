import * as v from "valibot";
import { limits } from "../base/mod.ts";
import type { LogLevel } from "../ports/mod.ts";
import { parseDuration, parseSize } from "./units.ts";

/** The settings with their values, by flag name. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly "admin-port": number;
  readonly "admin-host": string;
  readonly broker: string;
  readonly "broker-port": number;
  readonly "broker-host": string;
  readonly "mqtt-version": "auto" | "4" | "5";
  readonly "topic-root": string;
  readonly app: string;
  readonly partitions: number;
  readonly "event-format": "msgpack" | "json";
  readonly engine: "native" | "wasm";
  readonly "node-name": string;
  readonly "origin-mode": "auto" | "open" | "assigned";
  readonly "origin-wait": number;
  readonly "ack-timeout": number;
  readonly rebalance: boolean;
  readonly authorize: "none";
  readonly subprotocols: readonly string[];
  readonly headers: readonly string[];
  readonly compression: boolean;
  readonly "max-connections": number;
  readonly "max-message-size": number;
  readonly "send-queue-size": number;
  readonly "event-window-size": number;
  readonly "keep-alive-interval": number;
  readonly "presence-interval": number;
  readonly "drain-period": number;
  readonly "log-level": LogLevel;
  readonly "log-format": "auto" | "json" | "pretty";
}

export type SettingName = keyof Settings;

/** One setting: a flag `--name`, `WSS_NAME` in the environment, `"name"` in the config file. */
export interface Setting<Output = unknown> {
  /** Reads what was written: text from flags and environment, or a JSON value from the file. */
  readonly schema: v.GenericSchema<unknown, Output>;
  readonly default: Output;
  /** What is allowed, for the error line and `--help`. */
  readonly allowed: string;
  readonly about: string;
}

type Text = v.GenericSchema<unknown, string>;

const text: Text = v.pipe(
  v.union([v.string(), v.number(), v.boolean()]),
  v.transform((value) => String(value)),
);

function define<Output>(
  schema: v.GenericSchema<unknown, Output>,
  fallback: NoInfer<Output>,
  words: readonly [allowed: string, about: string],
): Setting<Output> {
  return { schema, default: fallback, allowed: words[0], about: words[1] };
}

function integer(min: number, max: number, fallback: number, about: string): Setting<number> {
  const schema = v.pipe(
    text,
    v.regex(/^\d{1,15}$/),
    v.transform(Number),
    v.minValue(min),
    v.maxValue(max),
  );
  return define(schema, fallback, [`a whole number from ${min} to ${max}`, about]);
}

function duration(min: string, max: string, fallback: string, about: string): Setting<number> {
  const schema = v.pipe(
    text,
    v.transform(parseDuration),
    v.number(),
    v.minValue(parseDuration(min) as number),
    v.maxValue(parseDuration(max) as number),
  );
  const allowed = `a duration such as 500ms, 30s or 5m, from ${min} to ${max}`;
  return define(schema, parseDuration(fallback) as number, [allowed, about]);
}

function size(min: number, max: number, fallback: number, about: string): Setting<number> {
  const schema = v.pipe(
    text,
    v.transform(parseSize),
    v.number(),
    v.minValue(min),
    v.maxValue(max),
  );
  const allowed = `a size such as 65536, 64KiB or 1MiB, from ${min} to ${max} bytes`;
  return define(schema, fallback, [allowed, about]);
}

function choice<const Choice extends string>(
  choices: readonly Choice[],
  fallback: NoInfer<Choice>,
  about: string,
): Setting<Choice> {
  const schema = v.pipe(text, v.picklist(choices));
  return define(schema, fallback, [`one of ${choices.join(", ")}`, about]);
}

function name(max: number, fallback: string, about: string): Setting<string> {
  const schema = v.pipe(text, v.regex(new RegExp(`^[a-z0-9-]{1,${max}}$`)));
  return define(schema, fallback, [`1 to ${max} characters of a-z, 0-9 and -`, about]);
}

function matching(
  pattern: RegExp,
  fallback: string,
  words: readonly [allowed: string, about: string],
): Setting<string> {
  return define(v.pipe(text, v.regex(pattern)), fallback, words);
}

function list(
  item: RegExp,
  fallback: readonly string[],
  about: string,
): Setting<readonly string[]> {
  const fromText = v.pipe(
    v.string(),
    v.transform((value) => (value === "" ? [] : value.split(",").map((part) => part.trim()))),
  );
  const schema = v.pipe(
    v.union([fromText, v.array(v.string())]),
    v.array(v.pipe(v.string(), v.regex(item))),
    v.readonly(),
  );
  return define(schema, fallback, ["names separated by commas", about]);
}

function toggle(fallback: boolean, about: string): Setting<boolean> {
  const schema = v.pipe(
    text,
    v.picklist(["true", "false"]),
    v.transform((value) => value === "true"),
  );
  return define(schema, fallback, ["true or false", about]);
}

/** RFC 9110, 5.6.2: what a subprotocol or a header name is made of. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const host = /^[0-9A-Za-z.:_-]{1,255}$/;
const broker = /^(embedded|(mqtt|mqtts):\/\/[^\s/]{1,512}\/?)$/;
const shownHeaders = ["host", "origin", "user-agent", "accept-language"];

/** Every setting of the command line. `docs/operating.md` shows the same table. */
export const settings: { readonly [Name in SettingName]: Setting<Settings[Name]> } = {
  port: integer(0, 65_535, 8080, "client port; 0 picks a free one"),
  host: matching(host, "0.0.0.0", ["an address or host name", "address of the client port"]),
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
  "mqtt-version": choice(["auto", "4", "5"], "auto", "MQTT 3.1.1 (4) or 5; auto tries 5 first"),
  "topic-root": matching(/^[0-9A-Za-z_-]{1,32}$/, "wss", [
    "1 to 32 letters, digits, - and _",
    "first level of every topic",
  ]),
  app: name(64, "default", "the app that connections belong to"),
  partitions: integer(1, 256, 1, "partitions of the event topics in open mode"),
  "event-format": choice(["msgpack", "json"], "msgpack", "format of events in open mode"),
  engine: choice(["native", "wasm"], "native", "the runtime's WebSocket server, or our own"),
  "node-name": matching(/^([a-z0-9-]{1,32})?$/, "", [
    "1 to 32 characters of a-z, 0-9 and -",
    "name of this node; random when empty",
  ]),
  "origin-mode": choice(["auto", "open", "assigned"], "auto", "how origins receive events"),
  "origin-wait": duration("0ms", "1h", "30s", "events wait for an origin this long"),
  "ack-timeout": duration("1s", "24h", "60s", "an origin that confirms nothing so long is dead"),
  rebalance: toggle(true, "move idle connections, slowly, when an origin comes"),
  authorize: choice(["none"], "none", "who authorises connections"),
  subprotocols: list(token, [], "WebSocket subprotocols that are accepted"),
  headers: list(token, shownHeaders, "request headers that origins get to see"),
  compression: toggle(false, "permessage-deflate"),
  "max-connections": integer(
    1,
    limits.connectionsCeiling,
    limits.connectionsCeiling,
    "past it: 503",
  ),
  "max-message-size": size(
    1,
    limits.messageBytesCeiling,
    limits.messageBytesMax,
    "past it a connection is closed with 1009; decompressed size too",
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
  "keep-alive-interval": duration("1s", "24h", "30s", "between `alive` batches to origins"),
  "presence-interval": duration(
    "100ms",
    "1h",
    `${limits.presenceIntervalMs / 1_000}s`,
    "between heartbeats; gone after three",
  ),
  "drain-period": duration("0ms", "1h", "10s", "over which SIGTERM closes the connections"),
  "log-level": choice(["debug", "info", "warn", "error"], "info", "least level that is logged"),
  "log-format": choice(["auto", "json", "pretty"], "auto", "auto: pretty on a terminal"),
};
