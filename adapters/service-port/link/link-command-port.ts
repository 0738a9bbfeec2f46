import { decode } from "@msgpack/msgpack";
import { nodeOf, randomName, type ServiceError } from "../../../core/base/mod.ts";
import type { NodePresence } from "../../../core/ports/mod.ts";
import { Refusal } from "../../http/mod.ts";
import type { Command } from "../../http-wire/mod.ts";
import { type BusPorts, type Link, parseNodePresence, Topics } from "../../topics/mod.ts";
import type { CommandPort, CommandResult } from "../base/mod.ts";
import { AppSender } from "./app-sender.ts";

export interface LinkCommandPortOptions {
  /** The apps of the node; the first one if a request names none. */
  readonly apps: readonly string[];
  /**
   * The node's name. Commands are sent under it, as the broker's access rules know it: replies
   * come to the topic of the origin of this name.
   */
  readonly node: string;
  /** Whether a node of that name is in this process, which needs no presence to be reached. */
  readonly isNode: boolean;
  /** First level of every topic. */
  readonly root?: string | undefined;
  /** What the link is for, as logs show it: `service` by default. */
  readonly role?: string | undefined;
  /** Commands that the bus did not take. */
  readonly lost: (error: ServiceError, topic: string) => void;
}

/**
 * Commands over a link of their own to the node's bus: to this node and to others alike. The link
 * announces no presence and takes no events; it subscribes the presences of nodes, and replies.
 */
export class LinkCommandPort implements CommandPort {
  readonly apps: readonly string[];
  readonly #topics: Topics;
  readonly #link: Link;
  readonly #senders: ReadonlyMap<string, AppSender>;

  constructor(options: LinkCommandPortOptions, { clock, random, openLink }: BusPorts) {
    const { apps, node, isNode, lost, role = "service" } = options;
    const topics = new Topics(options.root);
    this.apps = apps;
    this.#topics = topics;
    this.#link = openLink({
      name: `${node}-${role}`,
      role,
      filters: apps.flatMap((app) => [
        topics.nodePresence(app, "+"),
        topics.originEvents(app, node, "+"),
      ]),
      // The senders bound what is published, in bytes.
      bounded: false,
      downLevel: "debug",
      diverts: true,
    });
    const dependencies = { link: this.#link, topics, clock, budget: { bytes: 0 }, lost };
    // Random, so that nobody else's reply is taken for one of ours.
    const refPrefix = randomName(random, 16);
    this.#senders = new Map(
      apps.map((app) => [app, new AppSender({ app, node, isNode, refPrefix }, dependencies)]),
    );
  }

  get ready(): boolean {
    return this.#link.up;
  }

  /** Resolves when commands can be sent, however long that takes. */
  start(): Promise<void> {
    return this.#link.start({
      connected: (connected) => {
        for (const { nodes } of this.#senders.values()) nodes.connected(connected);
      },
      message: (topic, payload, retained) => this.#message(topic, payload, retained),
    });
  }

  async stop(): Promise<void> {
    await this.#link.stop();
    for (const { nodes, replies } of this.#senders.values()) {
      nodes.end();
      replies.end();
    }
  }

  reaches(app: string, id: string): boolean {
    return this.#senders.get(app)?.reaches(nodeOf(id)) === true;
  }

  /**
   * The living nodes of all apps, this one included if it has announced itself. A node has one
   * presence for each app, with the connections of that app: here it has those of all.
   */
  nodePresences(): Map<string, NodePresence> {
    const found = new Map<string, NodePresence>();
    for (const { nodes } of this.#senders.values()) {
      for (const [node, presence] of nodes.presences()) {
        const before = found.get(node);
        found.set(node, before === undefined ? presence : together(before, presence));
      }
    }
    return found;
  }

  async send(app: string, commands: readonly Command[]): Promise<void> {
    await this.#sender(app).send(commands);
  }

  run(app: string, commands: readonly Command[]): Promise<readonly CommandResult[]> {
    return this.#sender(app).run(commands);
  }

  #sender(app: string): AppSender {
    const sender = this.#senders.get(app);
    if (sender === undefined) throw new Refusal("request-path", `no app is named ${app}`);
    return sender;
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    const parsed = this.#topics.parse(topic);
    const sender = parsed === undefined ? undefined : this.#senders.get(parsed.app);
    if (sender === undefined) return;
    if (parsed?.kind === "node-presence") {
      const presence = parseNodePresence(payload);
      // An unreadable presence says neither life nor death.
      if (payload.byteLength > 0 && presence === undefined) return;
      sender.nodes.presence(parsed.node, presence);
    } else if (parsed?.kind === "origin-events" && !retained) {
      for (const [verb, ref, result] of bareItems(payload)) {
        if (verb === "reply") sender.replies.reply(ref, result);
      }
    }
  }
}

/** Two presences of one node as one. Of two starts of the process the later one counts. */
function together(one: NodePresence, other: NodePresence): NodePresence {
  const later = other.at >= one.at ? other : one;
  if (one.incarnation !== other.incarnation) return later;
  return { ...later, connections: one.connections + other.connections };
}

/** The items of a bare batch in MessagePack; none of any other payload. */
function bareItems(payload: Uint8Array): readonly (readonly unknown[])[] {
  // A numbered batch, `[1, stream, …]`, is for an origin of the same name.
  if (payload[1] === 1 && ((payload[0] ?? 0) & 0xf0) === 0x90) return [];
  try {
    const items = decode(payload);
    return Array.isArray(items) ? items.filter(Array.isArray) : [];
  } catch {
    return [];
  }
}
