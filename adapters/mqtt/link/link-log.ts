import type { ServiceError } from "../../../core/base/mod.ts";
import type { Clock, Logger, LogLevel } from "../../../core/ports/mod.ts";
import { redactUrl } from "./broker-url.ts";
import { mqttLimits } from "./mqtt-limits.ts";

const messages = {
  "broker-connected": "connected to the broker",
  "broker-lost": "the broker is lost; connecting again",
  "broker-unreachable": "the broker cannot be reached; connecting again",
  "broker-refused": "the broker refuses; giving up",
  "broker-ends":
    "the broker ends each connection after a moment; may this user write to the topic that the " +
    "last publish was for? See to the broker's access rules and packet limit",
  "publish-refused": "the broker's access rules do not let this user write to a topic",
  "subscription-refused": "the broker does not grant a subscription any more",
} as const;

export interface LinkLogOptions {
  readonly url: string;
  /** What the connection is for. */
  readonly role: string;
  /** Level of the line that tells a lost or unreachable broker: one of several links warns. */
  readonly downLevel?: LogLevel | undefined;
  /** The same for a broker that was never reached yet. */
  readonly unreachableLevel?: LogLevel | undefined;
}

/** The lines of one link: that the broker is away, once, and that it is back. */
export class LinkLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #options: LinkLogOptions;
  readonly #fields: { readonly broker: string; readonly role: string };
  /** Level of the line that told that the broker is away, until it is back. */
  #told: LogLevel | undefined;
  #upAt = Number.NEGATIVE_INFINITY;
  /** Sessions in a row that stood for a moment only. */
  #shorts = 0;
  /** That was told: what follows is no news until a session lasts. */
  #ends = false;
  /** Topics of which it was told that nothing may be published there. */
  readonly #refused: Set<string> = new Set();
  /** Of the last publish. */
  topic = "";

  constructor(logger: Logger, clock: Clock, options: LinkLogOptions) {
    this.#logger = logger;
    this.#clock = clock;
    this.#options = options;
    this.#fields = { broker: redactUrl(options.url), role: options.role };
  }

  /** Connected and subscribed. */
  up(): void {
    const told = this.#told;
    const upAt = this.#clock.now();
    this.#told = undefined;
    this.#upAt = upAt;
    const level = told === "warn" || this.#ends ? "info" : "debug";
    if (!this.#ends) {
      if (told !== undefined) this.log(level, "broker-connected");
      return;
    }
    this.#clock.after(mqttLimits.shortSessionMs, () => {
      if (this.#upAt !== upAt || this.#told !== undefined || !this.#ends) return;
      this.#ends = false;
      this.log(level, "broker-connected");
    });
  }

  /** A session has ended, or none came about. */
  down(wasUp: boolean, everUp: boolean, error: Error | undefined): void {
    const reason = error?.message || "connection closed";
    if (wasUp) this.#ended(reason);
    if (this.#told !== undefined) return;
    const { downLevel = "warn", unreachableLevel = downLevel } = this.#options;
    const level = everUp ? downLevel : unreachableLevel;
    this.#told = level;
    if (!this.#ends) this.log(level, everUp ? "broker-lost" : "broker-unreachable", { reason });
  }

  /** The broker lets nothing be published there, which is told once of each topic. */
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

  /** A broker of MQTT 3.1.1 has no other word than this for a publish that it does not take. */
  #ended(reason: string): void {
    const short = this.#clock.now() - this.#upAt < mqttLimits.shortSessionMs;
    this.#shorts = short ? this.#shorts + 1 : 0;
    if (!short) this.#ends = false;
    if (this.#shorts < mqttLimits.shortSessionsTold || this.#ends || this.topic === "") return;
    this.#ends = true;
    this.log("warn", "broker-ends", { topic: this.topic, reason });
  }
}
