import { everyone, type ServiceError } from "../../core/base/mod.ts";
import {
  type CommandBus,
  type CommandBusListener,
  MessageKind,
  type NodePresence,
} from "../../core/ports/mod.ts";
import { type BusPorts, type Link, type ParsedTopic, shownTopic, Topics } from "../topics/mod.ts";
import { CommandLoopback } from "./command-loopback.ts";
import type { MqttOptions } from "./mqtt-options.ts";
import { NodePresenceLink } from "./node-presence.ts";

type GroupTopic = Extract<ParsedTopic, { readonly group: string }>;

/**
 * The command bus over MQTT. Commands have one connection, and the node's presence has another for
 * each app (record 0004): a connection has one Will, and presence must not wait behind commands.
 */
export class MqttCommandBus implements CommandBus {
  readonly #options: MqttOptions;
  readonly #ports: BusPorts;
  readonly #topics: Topics;
  readonly #commands: Link;
  readonly #presence: ReadonlyMap<string, NodePresenceLink>;
  #listener: CommandBusListener | undefined;
  /** The groups of each app that this node has members of. Every connection is in `@all`. */
  readonly #groups: ReadonlyMap<string, Set<string>>;
  #connected = false;
  /** For each app, the check that this node receives its commands. */
  readonly #loopbacks: ReadonlyMap<string, CommandLoopback>;
  /** Access rules that the broker lacks, as error texts by app and purpose. */
  readonly #refused: Map<string, string> = new Map();

  constructor(options: MqttOptions, ports: BusPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#topics = new Topics(options.root);
    this.#groups = new Map(options.apps.map((app) => [app, new Set([everyone])]));
    const { node, apps } = options;
    const filters = apps.flatMap((app) => [
      this.#topics.nodeCommands(app, node, "+"),
      this.#topics.commands(app, "+"),
      this.#topics.groupFilter(app, everyone),
    ]);
    const link = { name: node, role: "commands", filters, downLevel: "debug" } as const;
    this.#commands = ports.openLink(link);
    const listener = {
      connected: (): void => this.#reportConnected(),
      refused: (app: string, error: ServiceError | undefined): void =>
        this.#refuse(app, "presence", error),
    };
    this.#loopbacks = new Map(apps.map((app) => [app, this.#commandLoopback(app)]));
    this.#presence = new Map(
      apps.map((app) => [app, new NodePresenceLink(app, options, ports, listener)]),
    );
  }

  /** It has its connections for commands and presence. */
  get up(): boolean {
    return this.#commands.up && [...this.#presence.values()].every((link) => link.up);
  }

  async start(listener: CommandBusListener): Promise<void> {
    this.#listener = listener;
    const commands = this.#commands.start({
      connected: (connected) => {
        for (const loopback of this.#loopbacks.values()) loopback.connected(connected);
        this.#reportConnected();
      },
      message: (topic, payload, retained) => this.#message(topic, payload, retained),
    });
    const presence = Array.from(this.#presence.values(), (link) => link.start());
    await Promise.all([commands, ...presence]);
  }

  forward(app: string, node: string, batch: Uint8Array): void {
    this.#forward(this.#topics.nodeCommands(app, node, this.#options.node), batch);
  }

  forwardToGroup(app: string, group: string, batch: Uint8Array): void {
    this.#forward(this.#topics.groupCommands(app, group, this.#options.node), batch);
  }

  joinGroup(app: string, group: string, done: (error?: ServiceError) => void): void {
    const groups = this.#groups.get(app);
    groups?.add(group);
    this.#commands.subscribe(this.#topics.groupFilter(app, group), (error) => {
      if (error !== undefined) groups?.delete(group);
      done(error);
    });
  }

  leaveGroup(app: string, group: string): void {
    if (group === everyone) return;
    this.#groups.get(app)?.delete(group);
    this.#commands.unsubscribe(this.#topics.groupFilter(app, group));
  }

  announce(app: string, presence: NodePresence): void {
    this.#presence.get(app)?.announce(presence);
    this.#loopbacks.get(app)?.again();
  }

  async stop(): Promise<void> {
    for (const loopback of this.#loopbacks.values()) loopback.stop();
    const presence = Array.from(this.#presence.values(), (link) => link.stop());
    await Promise.all([this.#commands.stop(), ...presence]);
  }

  #reportConnected(): void {
    const connected = this.up;
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#listener?.connected(connected);
  }

  #commandLoopback(app: string): CommandLoopback {
    const { node } = this.#options;
    const read = this.#topics.nodeCommands(app, node, "+");
    const write = this.#topics.nodeCommands(app, "+", node);
    return new CommandLoopback(this.#ports.clock, this.#commands, {
      topic: this.#topics.nodeCommands(app, node, node),
      rules: `a node receives its commands with "read ${read}" and forwards with "write ${write}"`,
      onResult: (error) => this.#refuse(app, "commands", error),
    });
  }

  #refuse(app: string, purpose: "presence" | "commands", error: ServiceError | undefined): void {
    const key = `${app} ${purpose}`;
    const reason = error?.message;
    const before = this.#refused.get(key);
    if (before === reason) return;
    if (reason === undefined) this.#refused.delete(key);
    else this.#refused.set(key, reason);
    const { logger } = this.#ports;
    if (error === undefined) {
      const what = purpose === "presence" ? "the node's presence" : "the node's commands";
      const message = `the broker's access rules now permit ${what}`;
      logger.log("info", "rules-mended", message, { app });
    } else if (before === undefined) {
      // Once until it is mended: a broker may refuse a publish now and end the connection then.
      logger.log("error", "rules-missing", error.message, { code: error.code, app });
    }
    this.#listener?.missingRights?.([...this.#refused.values()]);
  }

  #forward(topic: string, batch: Uint8Array): void {
    this.#commands.publish(topic, batch, (error) => {
      if (error === undefined) return;
      this.#listener?.lost();
      this.#ports.logger.log(
        "warn",
        "forward-failed",
        "a command could not be forwarded to another node and is lost",
        {
          code: error.code,
          topic,
        },
      );
    });
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    const parsed = this.#topics.parse(topic);
    if (parsed === undefined) return;
    if (retained) {
      this.#retained(parsed, topic);
      return;
    }
    if (this.#loopbacks.get(parsed.app)?.takes(topic, payload)) return;
    switch (parsed.kind) {
      case "commands":
      case "node-commands": {
        const scope = parsed.kind === "commands" ? "all" : "node";
        const { app, sender } = parsed;
        this.#listener?.commands({ app, sender, scope, topic: shownTopic(topic) }, payload);
        break;
      }
      case "group-commands":
      case "group-text":
      case "group-binary":
        if (this.#groups.get(parsed.app)?.has(parsed.group)) this.#group(parsed, topic, payload);
    }
  }

  /**
   * A retained command would be carried out again with every subscription, so after each
   * reconnect. MQTT 3.1.1, 3.3.1.3: a message that is delivered as it is published does not have
   * the RETAIN flag, even if it was published with it.
   */
  #retained(parsed: ParsedTopic, topic: string): void {
    // The node has left the group meanwhile, so the message does not concern it.
    if ("group" in parsed && !this.#groups.get(parsed.app)?.has(parsed.group)) return;
    this.#listener?.refused("retained-refused", shownTopic(topic));
  }

  #group(parsed: GroupTopic, topic: string, payload: Uint8Array): void {
    const { app, group } = parsed;
    if (parsed.kind !== "group-commands") {
      const kind = parsed.kind === "group-text" ? MessageKind.text : MessageKind.binary;
      this.#listener?.message({ app, group, kind, payload });
      return;
    }
    // The node's own batch, forwarded to the others: it was carried out here already.
    const { sender } = parsed;
    if (sender === this.#options.node) return;
    const shown = shownTopic(topic);
    this.#listener?.commands({ app, sender, scope: "group", group, topic: shown }, payload);
  }
}
