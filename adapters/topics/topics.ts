import { appNamePattern, assert, namePattern } from "../../core/base/mod.ts";

/** The kind of a received topic, and its levels. */
export type ParsedTopic =
  | { readonly kind: "events"; readonly app: string; partition: number; node: string }
  | { readonly kind: "origin-events"; readonly app: string; origin: string; node: string }
  | { readonly kind: "node-commands"; readonly app: string; node: string; sender: string }
  | { readonly kind: "commands"; readonly app: string; sender: string }
  | { readonly kind: "group-commands"; readonly app: string; group: string; sender: string }
  | { readonly kind: "group-text" | "group-binary"; readonly app: string; group: string }
  | { readonly kind: "node-presence"; readonly app: string; node: string }
  | { readonly kind: "origin-presence"; readonly app: string; origin: string }
  | { readonly kind: "presence-ask"; readonly app: string; sender: string };

const partitionPattern = /^(0|[1-9][0-9]{0,6})$/;

/** Whether `name` is a valid name of a node or of an origin. */
export function isName(name: string): boolean {
  return namePattern.test(name);
}

/** Whether `app` is a valid name of an app. */
export function isApp(app: string): boolean {
  return appNamePattern.test(app);
}

/**
 * A group's name as one topic level: percent-encoded, so that no group can forge another topic.
 * `@` is not encoded, as in `@all`; `.` is, because RabbitMQ maps it and NATS refuses it.
 */
export function encodeGroup(group: string): string {
  // A lone surrogate, which JSON can carry and UTF-8 cannot, becomes what a decoder makes of it.
  return encodeURIComponent(group.toWellFormed())
    .replaceAll("%40", "@")
    .replace(/[.!~*'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The group's name of a topic level; undefined if `encodeGroup` would not write it so. */
export function decodeGroup(level: string): string | undefined {
  try {
    const group = decodeURIComponent(level);
    return group !== "" && encodeGroup(group) === level ? group : undefined;
  } catch {
    return undefined;
  }
}

/** Characters of a topic in a log line; a group's name alone may take 768. */
const topicCharsMax = 1_024;

/** A topic for the log, cut if it is long: a sender may choose a name of any length. */
export function shownTopic(topic: string): string {
  return topic.length <= topicCharsMax ? topic : `${topic.slice(0, topicCharsMax - 1)}…`;
}

/** Builds and parses the topics of the protocol below `PREFIX/v1/`. */
export class Topics {
  readonly root: string;

  /** `prefix` may have several levels, but no wildcard. */
  constructor(prefix = "wss") {
    assert(/^[^+#/\0]+(\/[^+#/\0]+)*$/.test(prefix), "a topic prefix has no wildcards");
    this.root = `${prefix}/v1/`;
  }

  events(app: string, partition: number | "+", node: string): string {
    return `${this.root}${app}/events/${partition}/${node}`;
  }

  originEvents(app: string, origin: string, node: string): string {
    return `${this.root}${app}/origins/${origin}/events/${node}`;
  }

  nodeCommands(app: string, node: string, sender: string): string {
    return `${this.root}${app}/nodes/${node}/commands/${sender}`;
  }

  commands(app: string, sender: string): string {
    return `${this.root}${app}/commands/${sender}`;
  }

  /** The filter for all topics of one group. */
  groupFilter(app: string, group: string): string {
    return `${this.root}${app}/groups/${encodeGroup(group)}/#`;
  }

  groupCommands(app: string, group: string, sender: string): string {
    return `${this.root}${app}/groups/${encodeGroup(group)}/commands/${sender}`;
  }

  nodePresence(app: string, node: string): string {
    return `${this.root}${app}/presence/nodes/${node}`;
  }

  originPresence(app: string, origin: string): string {
    return `${this.root}${app}/presence/origins/${origin}`;
  }

  presenceAsk(app: string, sender: string): string {
    return `${this.root}${app}/presence/ask/${sender}`;
  }

  /** Parses a topic; undefined if the protocol has no such topic. */
  parse(topic: string): ParsedTopic | undefined {
    if (!topic.startsWith(this.root)) return undefined;
    const [app = "", ...levels] = topic.slice(this.root.length).split("/");
    if (!appNamePattern.test(app)) return undefined;
    return parseLevels(app, levels);
  }
}

function parseLevels(app: string, levels: readonly string[]): ParsedTopic | undefined {
  const [first, second = "", third = "", fourth = ""] = levels;
  switch (`${first}/${levels.length}`) {
    case "events/3":
      if (!partitionPattern.test(second) || !isName(third)) return undefined;
      return { kind: "events", app, partition: Number(second), node: third };
    case "origins/4":
      if (!isName(second) || third !== "events" || !isName(fourth)) return undefined;
      return { kind: "origin-events", app, origin: second, node: fourth };
    case "nodes/4":
      if (!isName(second) || third !== "commands" || fourth === "") return undefined;
      return { kind: "node-commands", app, node: second, sender: fourth };
    case "commands/2":
      return second === "" ? undefined : { kind: "commands", app, sender: second };
    case "groups/4":
    case "groups/3":
      return parseGroup(app, levels);
    case "presence/3":
      return parsePresence(app, second, third);
    default:
      return undefined;
  }
}

function parseGroup(app: string, levels: readonly string[]): ParsedTopic | undefined {
  const [, level = "", what, sender] = levels;
  const group = decodeGroup(level);
  if (group === undefined) return undefined;
  if (what === "commands" && sender) return { kind: "group-commands", app, group, sender };
  if (sender !== undefined) return undefined;
  if (what === "text") return { kind: "group-text", app, group };
  if (what === "binary") return { kind: "group-binary", app, group };
  return undefined;
}

function parsePresence(app: string, kind: string, name: string): ParsedTopic | undefined {
  if (kind === "ask") return name === "" ? undefined : { kind: "presence-ask", app, sender: name };
  if (!isName(name)) return undefined;
  if (kind === "nodes") return { kind: "node-presence", app, node: name };
  if (kind === "origins") return { kind: "origin-presence", app, origin: name };
  return undefined;
}
