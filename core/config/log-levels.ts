import * as v from "valibot";
import type { LogLevel } from "../ports/mod.ts";
import type { Setting } from "./kinds/mod.ts";

/** The lowest level that is logged, and others for categories. */
export interface LogLevels {
  readonly level: LogLevel;
  /** By category: the first word of a line's event, such as `broker` of `broker-lost`. */
  readonly categories: Readonly<Record<string, LogLevel>>;
}

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** The first words of all events. A test compares them with the events that the docs list. */
export const logCategories: readonly string[] = [
  "accept",
  "ack",
  "admin",
  "broker",
  "client",
  "command",
  "commands",
  "connection",
  "descriptors",
  "dev",
  "event",
  "events",
  "failed",
  "forward",
  "handshake",
  "hangup",
  "jwks",
  "jwt",
  "no",
  "node",
  "origin",
  "packet",
  "peer",
  "peers",
  "presence",
  "publish",
  "reload",
  "reloaded",
  "request",
  "rules",
  "service",
  "setting",
  "started",
  "stopped",
  "stopping",
  "subscription",
  "tcp",
  "tls",
  "traces",
  "worker",
];

/** Reads `LEVEL,CATEGORY=LEVEL,…`; undefined if it is not that. */
export function parseLogLevels(text: string): LogLevels | undefined {
  const [level = "", ...rest] = text.split(",").map((part) => part.trim());
  if (!isLevel(level)) return undefined;
  const categories: Record<string, LogLevel> = {};
  for (const part of rest) {
    const [category = "", own = "", ...more] = part.split("=");
    const isKnown = logCategories.includes(category) && !Object.hasOwn(categories, category);
    if (!isKnown || !isLevel(own) || more.length > 0) return undefined;
    categories[category] = own;
  }
  return { level, categories };
}

/** Names the first category that does not exist, and lists those that do. */
function categoryFault(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const [level = "", ...rest] = value.split(",").map((part) => part.trim());
  // What is no level at all may be anything, such as a misplaced password.
  if (!isLevel(level)) return undefined;
  const names = rest.map((part) => part.split("=")[0] ?? "");
  const unknown = names.find((name) => !logCategories.includes(name));
  if (unknown === undefined) return undefined;
  const said = unknown === "" ? "a category is missing" : `${unknown} is no category`;
  return `${said}; categories: ${logCategories.join(", ")}`;
}

function isLevel(text: string): text is LogLevel {
  return levels.some((level) => level === text);
}

export function logLevels(about: string, fallback: LogLevel): Setting<LogLevels> {
  const schema = v.pipe(
    v.string(),
    v.transform(parseLogLevels),
    v.check((parsed) => parsed !== undefined),
    v.transform((parsed) => parsed as LogLevels),
  );
  const allowed = `one of ${levels.join(", ")}; then CATEGORY=LEVEL, each after a comma`;
  const written = fallback;
  return {
    schema,
    default: { level: fallback, categories: {} },
    written,
    allowed,
    about,
    fault: categoryFault,
    choices: levels,
  };
}
