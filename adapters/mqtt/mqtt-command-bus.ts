import type { ServiceError } from "../../core/base/mod.ts";
import {
  type CommandBus,
  type CommandBusListener,
  MessageKind,
  type NodePresence,
} from "../../core/ports/mod.ts";
import { CommandEcho } from "./command-echo.ts";
import { MqttLink, type MqttOptions, type MqttPorts, shownTopic } from "./link/mod.ts";
import { NodePresenceLink } from "./node-presence.ts";
import { type ParsedTopic, Topics } from "./wire/mod.ts";

type GroupTopic = Extract<ParsedTopic, { readonly group: string }>;

/** Every connection of an app is in it, so its topic is subscribed from the start. */
const everyone = "@all";

/**
 * Node to node over MQTT. Commands have one connection, presence another for each app (ADR 0004),
 * because a connection has one Will and presence must not wait behind commands.
 */
export class MqttCommandBus implements CommandBus {
  readonly #options: MqttOptions;
  readonly #ports: MqttPorts;
  readonly #topics: Topics;
  readonly #commands: MqttLink;
  readonly #presence: ReadonlyMap<string, NodePresenceLink>;
  #listener: CommandBusListener | undefined;
  /** Groups with members here, of each app. */
  readonly #groups: ReadonlyMap<string, Set<string>>;
  #connected = false;
  /** Whether commands come through, in each app. */
  readonly #echoes: ReadonlyMap<string, CommandEcho>;
  /** What the broker's access rules keep from this node, by app and purpose. */
  readonly #refused: Map<string, string> = new Map();

  constructor(options: MqttOptions, ports: MqttPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#topics = new Topics(options.root);
    this.#groups = new Map(options.apps.map((app) => [app, new Set([everyone])]));
    const { url, version, tls, node, apps } = options;
    const filters = apps.flatMap((app) => [
      this.#topics.nodeCommands(app, node, "+"),
      this.#topics.commands(app, "+"),
      this.#topics.groupFilter(app, everyone),
    ]);
    this.#commands = new MqttLink(
      { url, version, tls, name: node, role: "commands", filters, downLevel: "debug" },
      ports,
    );
    const told = {
      connected: (): void => this.#tell(),
      refused: (app: string, error: ServiceError | undefined): void =>
        this.#refuse(app, "presence", error),
    };
    this.#echoes = new Map(apps.map((app) => [app, this.#commandEcho(app)]));
    this.#presence = new Map(
      apps.map((app) => [app, new NodePresenceLink(app, options, ports, told)]),
    );
  }

  async start(listener: CommandBusListener): Promise<void> {
    this.#listener = listener;
    const commands = this.#commands.start({
      connected: (connected) => {
        for (const echo of this.#echoes.values()) echo.connected(connected);
        this.#tell();
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
    this.#echoes.get(app)?.again();
  }

  async stop(): Promise<void> {
    for (const echo of this.#echoes.values()) echo.stop();
    const presence = Array.from(this.#presence.values(), (link) => link.stop());
    await Promise.all([this.#commands.stop(), ...presence]);
  }

  #tell(): void {
    const links = [this.#commands, ...this.#presence.values()];
    const connected = links.every((link) => link.up);
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#listener?.connected(connected);
  }

  #commandEcho(app: string): CommandEcho {
    const { node } = this.#options;
    const read = this.#topics.nodeCommands(app, node, "+");
    const write = this.#topics.nodeCommands(app, "+", node);
    return new CommandEcho(this.#ports.clock, this.#commands, {
      topic: this.#topics.nodeCommands(app, node, node),
      rules: `a node hears its commands by "read ${read}" and forwards by "write ${write}"`,
      told: (error) => this.#refuse(app, "commands", error),
    });
  }

  #refuse(app: string, purpose: "presence" | "commands", error: ServiceError | undefined): void {
    const key = `${app} ${purpose}`;
    const reason = error?.message;
    if (this.#refused.get(key) === reason) return;
    if (reason === undefined) this.#refused.delete(key);
    else this.#refused.set(key, reason);
    const { logger } = this.#ports;
    if (error === undefined) {
      const what = purpose === "presence" ? "the broker takes the presence" : "commands come";
      logger.log("info", "rules-mended", what, { app });
    } else logger.log("error", "rules-missing", error.message, { code: error.code, app });
    this.#listener?.barred?.([...this.#refused.values()]);
  }

  #forward(topic: string, batch: Uint8Array): void {
    this.#commands.publish(topic, batch, (error) => {
      if (error === undefined) return;
      this.#listener?.lost();
      this.#ports.logger.log("warn", "forward-failed", "a command for another node is lost", {
        code: error.code,
        topic,
      });
    });
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    const parsed = this.#topics.parse(topic);
    if (parsed === undefined) return;
    if (retained) {
      this.#retained(parsed, topic);
      return;
    }
    if (this.#echoes.get(parsed.app)?.takes(topic, payload)) return;
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
   * What the broker has kept comes with the subscription, so again with every reconnect: whoever
   * sent it meant it once at most. MQTT 3.1.1, 3.3.1.3: what is passed on as it is published does
   * not have the flag.
   */
  #retained(parsed: ParsedTopic, topic: string): void {
    // Left meanwhile: what comes late concerns nobody here.
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
    // Its own batch, sent on to the others: it was carried out here already.
    const { sender } = parsed;
    if (sender === this.#options.node) return;
    const shown = shownTopic(topic);
    this.#listener?.commands({ app, sender, scope: "group", group, topic: shown }, payload);
  }
}
