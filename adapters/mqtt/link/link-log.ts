import type { ServiceError } from "../../../core/base/mod.ts";
import type { Clock, Logger, LogLevel } from "../../../core/ports/mod.ts";
import { redactUrl } from "./broker-url.ts";
import { mqttLimits } from "./mqtt-limits.ts";

const messages = {
  "broker-connected": "connected to the broker",
  "broker-lost": "the connection to the broker is lost; connecting again",
  "broker-unreachable": "the broker cannot be reached; trying again",
  "broker-refused": "the broker refuses the connection; not trying again",
  "broker-ends":
    "the broker ends each connection after a short time; check its packet limit, and " +
    "whether its access rules let this user write to the topic of the last publish",
  "publish-refused": "the broker's access rules do not let this user write to a topic",
  "subscription-refused": "the broker no longer grants a subscription that it granted before",
} as const;

export interface LinkLogOptions {
  readonly url: string;
  readonly role: string;
  /** Level of the line that tells a lost or unreachable broker: one of several links warns. */
  readonly downLevel?: LogLevel | undefined;
  /** Level of the line for a broker that was never reached yet. */
  readonly unreachableLevel?: LogLevel | undefined;
}

/** Logs for one link, once each, that its broker is lost and that it is back. */
export class LinkLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #options: LinkLogOptions;
  readonly #fields: { readonly broker: string; readonly role: string };
  /** Level at which the loss of the broker was logged; undefined once it is back. */
  #loggedLevel: LogLevel | undefined;
  #upAt = Number.NEGATIVE_INFINITY;
  /** Sessions in a row that ended shortly after they began. */
  #shorts = 0;
  /** `broker-ends` was logged: further short sessions are not, until one lasts. */
  #ends = false;
  /** Topics whose `publish-refused` was logged. */
  readonly #refused: Set<string> = new Set();
  /** The topic of the last publish. */
  topic = "";

  constructor(logger: Logger, clock: Clock, options: LinkLogOptions) {
    this.#logger = logger;
    this.#clock = clock;
    this.#options = options;
    this.#fields = { broker: redactUrl(options.url), role: options.role };
  }

  up(): void {
    const logged = this.#loggedLevel;
    const upAt = this.#clock.ticks();
    this.#loggedLevel = undefined;
    this.#upAt = upAt;
    const level = logged === "warn" || this.#ends ? "info" : "debug";
    if (!this.#ends) {
      if (logged !== undefined) this.log(level, "broker-connected");
      return;
    }
    this.#clock.after(mqttLimits.shortSessionMs, () => {
      if (this.#upAt !== upAt || this.#loggedLevel !== undefined || !this.#ends) return;
      this.#ends = false;
      this.log(level, "broker-connected");
    });
  }

  /** A session has ended, or an attempt to connect has failed. */
  down(wasUp: boolean, everUp: boolean, error: Error | undefined): void {
    const reason = error?.message || "connection closed";
    if (wasUp) this.#ended(reason);
    if (this.#loggedLevel !== undefined) return;
    const { downLevel = "warn", unreachableLevel = downLevel } = this.#options;
    const level = everUp ? downLevel : unreachableLevel;
    this.#loggedLevel = level;
    if (!this.#ends) this.log(level, everUp ? "broker-lost" : "broker-unreachable", { reason });
  }

  /** The broker refused a publish; that is logged once for each topic. */
  refused(topic: string, { code }: ServiceError): void {
    if (code !== "publish-refused" || this.#refused.has(topic)) return;
    if (this.#refused.size >= mqttLimits.refusedTopicsMax) this.#refused.clear();
    this.#refused.add(topic);
    this.log("error", code, { code, topic });
  }

  log(level: LogLevel, event: string, fields: Readonly<Record<string, string>> = {}): void {
    const message = messages[event as keyof typeof messages] ?? event;
    this.#logger.log(level, event, message, { ...this.#fields, ...fields });
  }

  /** MQTT 3.1.1, 3.3.5: a broker that refuses a publish can only end the connection. */
  #ended(reason: string): void {
    const short = this.#clock.ticks() - this.#upAt < mqttLimits.shortSessionMs;
    this.#shorts = short ? this.#shorts + 1 : 0;
    if (!short) this.#ends = false;
    if (this.#shorts < mqttLimits.shortSessionsTold || this.#ends || this.topic === "") return;
    this.#ends = true;
    this.log("warn", "broker-ends", { topic: this.topic, reason });
  }
}
