import type { Server } from "node:net";
import {
  type BrokerLogin,
  type EmbeddedBroker,
  startEmbeddedBroker,
} from "../../adapters/embedded-broker/mod.ts";
import type { MqttBrokers } from "../../adapters/mqtt/brokers/mod.ts";
import type { MqttTls } from "../../adapters/mqtt/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { Logger } from "../../core/ports/mod.ts";
import { streamQosOf } from "./gateway-options.ts";

export interface NodeBrokerDependencies {
  readonly logger: Logger;
  /** What the connections to an `mqtts://` broker are checked with. */
  readonly mqttTls: MqttTls | undefined;
  /** User and password of the embedded broker; everybody may connect if there are none. */
  readonly brokerLogin: BrokerLogin | undefined;
}

/** The broker of the settings: the embedded one, which runs in this process, or one or several. */
export class NodeBroker {
  readonly #settings: Settings;
  readonly #given: NodeBrokerDependencies;
  #embedded: EmbeddedBroker | undefined;

  constructor(settings: Settings, given: NodeBrokerDependencies) {
    this.#settings = settings;
    this.#given = given;
  }

  /** Starts the embedded broker if the settings ask for it. Rejects with `port-in-use`. */
  async start(): Promise<void> {
    const settings = this.#settings;
    if (settings.broker !== "embedded") return;
    const { logger, brokerLogin: login } = this.#given;
    const host = settings["broker-host"];
    const port = settings["broker-port"];
    this.#embedded = await startEmbeddedBroker({ host, port, login, logger });
  }

  /** The URL, or several, with passwords: for an origin or a worker that is started with it. */
  get url(): string {
    const settings = this.#settings;
    if (this.#embedded === undefined) return settings.broker;
    const { brokerLogin } = this.#given;
    return embeddedUrl(settings["broker-host"], this.#embedded.port, brokerLogin);
  }

  /** The port of the embedded broker. */
  get port(): number | undefined {
    return this.#embedded?.port;
  }

  get server(): Server | undefined {
    return this.#embedded?.server;
  }

  /** How links connect to it. */
  get access(): MqttBrokers {
    const settings = this.#settings;
    const given = {
      urls: this.url,
      root: settings["topic-root"],
      streamQos: streamQosOf(settings),
      dataLane: settings["mqtt-data-lane"],
    };
    if (this.#embedded !== undefined) return { ...given, version: "4" };
    return { ...given, version: settings["mqtt-version"], tls: this.#given.mqttTls };
  }

  async close(): Promise<void> {
    await this.#embedded?.close();
  }
}

/** The URL of the embedded broker for this machine, with the password. */
function embeddedUrl(host: string, port: number, login: BrokerLogin | undefined): string {
  const { user = "", password = "" } = login ?? {};
  const credentials =
    login === undefined ? "" : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  // The unspecified address is for listening only: nobody can connect to it.
  const reached = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return `mqtt://${credentials}${reached.includes(":") ? `[${reached}]` : reached}:${port}`;
}
