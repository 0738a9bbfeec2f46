import { encodeGroup, Topics } from "../../../adapters/topics/mod.ts";

/** Who is at the broker, and in which apps. */
export interface Members {
  /** Names of nodes; each is a user of the broker of that name. */
  readonly nodes: readonly string[];
  /** Names of origins and bridges. */
  readonly origins: readonly string[];
  /** What publishes to groups and does nothing else: the groups of each name. */
  readonly devices: ReadonlyMap<string, readonly string[]>;
  readonly apps: readonly string[];
  /** Nodes also send commands themselves: for their admin port, or their service port. */
  readonly acting?: boolean;
  /** First level of every topic. */
  readonly root: string;
}

export type Role = "node" | "origin" | "device";

/** What one user may do, as MQTT topic filters. */
export interface UserRules {
  readonly name: string;
  readonly role: Role;
  readonly write: readonly string[];
  readonly read: readonly string[];
}

/** The rules of every user: nodes first, then origins, then devices. */
export function rulesOf({ nodes, origins, devices, apps, acting, root }: Members): UserRules[] {
  const topics = new Topics(root);
  const each = (of: (app: string) => readonly string[]): string[] => apps.flatMap(of);
  return [
    ...nodes.map((name) => ({
      name,
      role: "node" as const,
      write: each((app) => [
        ...writesOfNode(topics, app, name),
        ...(acting === true ? [topics.commands(app, name)] : []),
      ]),
      read: each((app) => [
        ...readsOfNode(topics, app, name),
        ...(acting === true ? [topics.originEvents(app, name, "+")] : []),
      ]),
    })),
    ...origins.map((name) => ({
      name,
      role: "origin" as const,
      write: each((app) => writesOfOrigin(topics, app, name)),
      read: each((app) => readsOfOrigin(topics, app, name)),
    })),
    ...Array.from(devices, ([name, groups]) => ({
      name,
      role: "device" as const,
      write: each((app) => groups.map((group) => rawText(topics, app, group))),
      read: [],
    })),
  ];
}

function writesOfNode(topics: Topics, app: string, name: string): string[] {
  return [
    topics.events(app, "+", name),
    topics.originEvents(app, "+", name),
    topics.nodeCommands(app, "+", name),
    `${topics.root}${app}/groups/+/commands/${name}`,
    topics.nodePresence(app, name),
    topics.presenceAsk(app, name),
  ];
}

function readsOfNode(topics: Topics, app: string, name: string): string[] {
  return [
    topics.nodeCommands(app, name, "+"),
    topics.commands(app, "+"),
    `${topics.root}${app}/groups/#`,
    `${topics.root}${app}/presence/#`,
  ];
}

function readsOfOrigin(topics: Topics, app: string, name: string): string[] {
  return [
    topics.originEvents(app, name, "+"),
    `${topics.root}${app}/events/#`,
    `${topics.root}${app}/presence/#`,
  ];
}

function writesOfOrigin(topics: Topics, app: string, name: string): string[] {
  return [
    topics.originPresence(app, name),
    topics.presenceAsk(app, name),
    topics.nodeCommands(app, "+", name),
    topics.commands(app, name),
    `${topics.root}${app}/groups/+/commands/${name}`,
  ];
}

function rawText(topics: Topics, app: string, group: string): string {
  return `${topics.root}${app}/groups/${encodeGroup(group)}/text`;
}
