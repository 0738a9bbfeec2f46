import type { HttpServer } from "../../adapters/http/mod.ts";
import { PrometheusMetrics } from "../../adapters/metrics/mod.ts";
import { openBrokers, redactUrls } from "../../adapters/mqtt/brokers/mod.ts";
import type { MqttTls } from "../../adapters/mqtt/mod.ts";
import { EventLoopLag, SystemClock, SystemRandom } from "../../adapters/system/mod.ts";
import { randomName } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { Logger } from "../../core/ports/mod.ts";
import { openPlainAdminPort } from "./admin/mod.ts";
import { waitForBroker } from "./broker-wait.ts";
import { appsOf, streamQosOf } from "./gateway-options.ts";
import { HttpOrigins } from "./http-origins.ts";
import { registerProcessMetrics, stallOf } from "./monitoring/mod.ts";
import { version } from "./version.ts";

export interface BridgeDependencies {
  readonly runtime: string;
  readonly logger: Logger;
  /** What the connections to an `mqtts://` broker are checked with. */
  readonly mqttTls: MqttTls | undefined;
  /** The broker refuses the bridge for good, after `start` has resolved. */
  readonly failed: (error: Error) => void;
}

/**
 * An HTTP origin apart from the gateway: it takes its share of the connections at the broker. The
 * nodes see an origin as any other, so several bridges stand in for each other.
 */
export class Bridge {
  readonly #settings: Settings;
  readonly #given: BridgeDependencies;
  readonly #clock: SystemClock = new SystemClock();
  readonly #metrics: PrometheusMetrics = new PrometheusMetrics();
  readonly #origins: HttpOrigins;
  readonly #name: string;
  #admin: HttpServer | undefined;
  readonly #lag: EventLoopLag = new EventLoopLag(this.#clock);
  #stopping = false;

  constructor(settings: Settings, given: BridgeDependencies) {
    const { logger, mqttTls: tls } = given;
    const random = new SystemRandom();
    const ports = { clock: this.#clock, random, logger, metrics: this.#metrics };
    const { broker: urls, "mqtt-version": version, "topic-root": root } = settings;
    const packets = { streamQos: streamQosOf(settings), dataLane: settings["mqtt-data-lane"] };
    const brokers = { urls, root, version, ...packets, tls };
    registerProcessMetrics(this.#metrics, this.#lag);
    this.#settings = settings;
    this.#given = given;
    this.#name = settings["origin-name"] || `bridge-${randomName(random, 8)}`;
    this.#origins = new HttpOrigins(settings, this.#name, {
      ...openBrokers(brokers, ports),
      metrics: this.#metrics,
      failed: given.failed,
    });
  }

  /**
   * Opens the admin port and connects to the broker. Where that cannot be reached, it starts not
   * ready and goes on trying. Rejects if the broker refuses the bridge.
   */
  async start(): Promise<void> {
    this.#lag.start();
    const ready = (): readonly string[] => this.#notReady();
    this.#admin = await openPlainAdminPort(this.#settings, {
      page: this.#metrics,
      ready,
      unhealthy: () => stallOf(this.#lag),
    });
    await waitForBroker(this.#origins.start(), this.#clock, (error) => {
      if (!this.#stopping) this.#given.failed(error);
    });
    this.#logStarted();
  }

  /** Delivers what it has, gives its connections to other origins, and closes the port. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#origins.stop();
    await this.#admin?.close();
  }

  #notReady(): readonly string[] {
    if (this.#stopping) return ["draining"];
    return this.#origins.ready ? [] : ["no broker, or no HTTP origin"];
  }

  #logStarted(): void {
    const settings = this.#settings;
    const hosts = settings.origin.map((url) => new URL(url).host).join(",");
    this.#given.logger.log("info", "started", `passing events on to ${hosts}`, {
      adminPort: this.#admin?.port,
      origin: this.#name,
      origins: hosts,
      format: settings["origin-format"],
      runtime: this.#given.runtime,
      broker: redactUrls(settings.broker),
      app: appsOf(settings).join(","),
      version,
    });
  }
}
