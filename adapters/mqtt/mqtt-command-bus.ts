import type { ServiceError } from "../../core/base/mod.ts";
import {
  type CommandBus,
  type CommandBusListener,
  MessageKind,
  type NodePresence,
} from "../../core/ports/mod.ts";
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
  /** Apps in which the broker does not let this node announce itself. */
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
      node: (app: string, name: string, presence: NodePresence | undefined): void =>
        this.#listener?.node(app, name, presence),
      connected: (): void => this.#tell(),
      refused: (app: string, error: ServiceError | undefined): void => this.#refuse(app, error),
    };
    this.#presence = new Map(
      apps.map((app) => [app, new NodePresenceLink(app, options, ports, told)]),
    );
  }

  async start(listener: CommandBusListener): Promise<void> {
    this.#listener = listener;
    const commands = this.#commands.start({
      connected: () => this.#tell(),
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
  }

  async stop(): Promise<void> {
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

  #refuse(app: string, error: ServiceError | undefined): void {
    const reason = error?.message;
    if (this.#refused.get(app) === reason) return;
    if (reason === undefined) this.#refused.delete(app);
    else this.#refused.set(app, reason);
    const { logger } = this.#ports;
    if (error === undefined) logger.log("info", "rules-mended", "the broker takes the presence");
    else logger.log("error", "rules-missing", error.message, { code: error.code, app });
    const [first] = this.#refused.values();
    this.#listener?.barred?.(first);
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
    switch (parsed.kind) {
      case "commands":
      case "node-commands": {
        const reach = parsed.kind === "commands" ? "all" : "node";
        const { app, sender } = parsed;
        this.#listener?.commands({ app, sender, reach, place: shownTopic(topic) }, payload);
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
    const place = shownTopic(topic);
    this.#listener?.commands({ app, sender, reach: "group", group, place }, payload);
  }
}
