import type { Server } from "node:net";
import { type HttpServer, serveHttp } from "../../adapters/http/mod.ts";
import {
  createServiceApp,
  LinkCommandPort,
  type RefusedRequest,
} from "../../adapters/service-port/mod.ts";
import type { BusPorts } from "../../adapters/topics/mod.ts";
import { type ErrorCode, errorCounter, type ServiceError } from "../../core/base/mod.ts";
import type { Settings } from "../../core/config/mod.ts";
import type { Metrics } from "../../core/ports/mod.ts";
import { waitForBroker } from "./broker-wait.ts";
import { appsOf } from "./gateway-options.ts";
import { version } from "./version.ts";

export interface ServicePortOptions {
  readonly settings: Settings;
  /** The name that commands are sent under. */
  readonly node: string;
  /** False if no node of that name is in this process, but a supervisor of nodes. */
  readonly isNode?: boolean;
  /** Secrets by access key; undefined: signatures are not read. */
  readonly accessKeys: ReadonlyMap<string, string> | undefined;
}

export interface ServicePortPorts extends BusPorts {
  readonly metrics: Metrics;
}

/** With `--service-port`: commands over HTTP, to the connections of all nodes. */
export class ServicePort {
  readonly #options: ServicePortOptions;
  readonly #ports: ServicePortPorts;
  readonly #commands: LinkCommandPort;
  #http: HttpServer | undefined;

  constructor(options: ServicePortOptions, ports: ServicePortPorts) {
    const { settings, node, isNode = true } = options;
    this.#options = options;
    this.#ports = ports;
    this.#commands = new LinkCommandPort(
      {
        apps: appsOf(settings),
        node,
        isNode,
        root: settings["topic-root"],
        lost: (error, topic) => this.#lost(error, topic),
      },
      ports,
    );
  }

  get port(): number | undefined {
    return this.#http?.port;
  }

  get server(): Server | undefined {
    return this.#http?.server;
  }

  /** Listens. Requests are answered with 503 until the broker can be reached. */
  async start(): Promise<void> {
    const { settings, accessKeys } = this.#options;
    const refused = (error: Error): void => this.#refusedByBroker(error);
    const connected = this.#commands.start().catch(refused);
    const app = createServiceApp({
      port: this.#commands,
      token: settings["service-token"],
      accessKeys,
      sizes: {
        publishBytesMax: settings["max-publish-size"],
        sendQueueBytesMax: settings["send-queue-size"],
      },
      version,
      now: Date.now,
      refused: (request) => this.#refused(request),
    });
    this.#http = await serveHttp(app, {
      host: settings["service-host"],
      port: settings["service-port"] ?? 0,
      refused: ({ code, message, status }, address) =>
        this.#refused({ code, message, status, address }),
    });
    // A program that sees that the node has started may send requests at once.
    await waitForBroker(connected, this.#ports.clock, refused);
  }

  async stop(): Promise<void> {
    await this.#http?.close();
    await this.#commands.stop();
  }

  #count(code: ErrorCode): void {
    errorCounter(this.#ports.metrics, code).add(1);
  }

  #refused({ code, status, message, address }: RefusedRequest): void {
    this.#count(code);
    const level = status >= 500 || status === 401 || status === 403 ? "warn" : "info";
    const text = `a request on the service port is refused: ${message}`;
    this.#ports.logger.log(level, "request-refused", text, { code, status, address });
  }

  #lost({ code }: ServiceError, topic: string): void {
    this.#count("forward-lost");
    const message = "commands of the service port could not be published and are lost";
    this.#ports.logger.log("warn", "commands-lost", message, { code, topic });
  }

  #refusedByBroker({ message }: Error): void {
    const text = `the service port can send nothing: ${message}`;
    this.#ports.logger.log("error", "service-refused", text, { code: "broker-refused" });
  }
}
