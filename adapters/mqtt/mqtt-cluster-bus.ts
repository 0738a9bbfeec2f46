import type {
  ClusterBus,
  ClusterBusListener,
  CommandSource,
  NodePresence,
} from "../../core/ports/mod.ts";
import { MqttLink } from "./mqtt-link.ts";
import { type MqttOptions, type MqttPorts, senderOf } from "./mqtt-options.ts";
import { NodePresenceLink } from "./node-presence.ts";
import { Topics } from "./topics.ts";

/**
 * Node to node over MQTT. Commands have one connection, presence another for each app (ADR 0004),
 * because a connection has one Will and presence must not wait behind commands.
 */
export class MqttClusterBus implements ClusterBus {
  readonly #options: MqttOptions;
  readonly #ports: MqttPorts;
  readonly #topics: Topics;
  readonly #commands: MqttLink;
  readonly #presence: ReadonlyMap<string, NodePresenceLink>;
  #listener: ClusterBusListener | undefined;
  #connected = false;

  constructor(options: MqttOptions, ports: MqttPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#topics = new Topics(options.root);
    const { url, version, tls, node, apps } = options;
    const filters = apps.flatMap((app) => [
      this.#topics.nodeCommands(app, node, "+"),
      this.#topics.commands(app, "+"),
    ]);
    this.#commands = new MqttLink(
      { url, version, tls, name: node, role: "commands", filters, downLevel: "debug" },
      ports,
    );
    const told = {
      node: (app: string, name: string, presence: NodePresence | undefined): void =>
        this.#listener?.node(app, name, presence),
      connected: (): void => this.#tell(),
    };
    this.#presence = new Map(
      apps.map((app) => [app, new NodePresenceLink(app, options, ports, told)]),
    );
  }

  async start(listener: ClusterBusListener): Promise<void> {
    this.#listener = listener;
    const commands = this.#commands.start({
      connected: () => this.#tell(),
      message: (topic, payload) => this.#message(topic, payload),
    });
    const presence = Array.from(this.#presence.values(), (link) => link.start());
    await Promise.all([commands, ...presence]);
  }

  forward(app: string, node: string, batch: Uint8Array): void {
    const topic = this.#topics.nodeCommands(app, node, this.#options.node);
    this.#commands.publish(topic, batch, (error) => {
      if (error === undefined) return;
      this.#ports.logger.log("warn", "forward-failed", "a command for another node is lost", {
        code: error.code,
        topic,
      });
    });
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

  #message(topic: string, payload: Uint8Array): void {
    const parsed = this.#topics.parse(topic);
    if (parsed?.kind !== "node-commands" && parsed?.kind !== "commands") return;
    const source: CommandSource = {
      app: parsed.app,
      sender: senderOf(parsed.sender),
      reach: parsed.kind === "commands" ? "all" : "node",
      place: topic,
    };
    this.#listener?.commands(source, payload);
  }
}
