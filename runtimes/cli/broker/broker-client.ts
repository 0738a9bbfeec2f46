import { MqttLink, type MqttTls, type MqttVersion } from "../../../adapters/mqtt/mod.ts";
import { SystemClock, SystemRandom } from "../../../adapters/system/mod.ts";
import { ServiceError } from "../../../core/base/mod.ts";
import type { LogFields } from "../../../core/ports/mod.ts";

export interface BrokerAccess {
  readonly url: string;
  readonly version: MqttVersion;
  readonly tls: MqttTls | undefined;
}

/** A message, and whether the broker had stored it. */
export interface Received {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
}

/** For the connection, and for each answer of the broker. */
const answerMs = 5_000;

/** A connection to a broker for a program that tries it: every wait has an end. */
export class BrokerClient {
  readonly link: MqttLink;
  readonly #listeners = new Set<(message: Received) => void>();
  /** What the link has logged last: why the broker cannot be reached. */
  #reason = "";

  private constructor({ url, version, tls }: BrokerAccess) {
    const log = (_level: string, _event: string, message: string, fields?: LogFields): void => {
      this.#reason = String(fields?.reason ?? message);
    };
    const ports = {
      clock: new SystemClock(),
      random: new SystemRandom(),
      logger: { log, enabled: () => true },
    };
    this.link = new MqttLink({ url, version, tls, name: "cli", role: "cli" }, ports);
  }

  /** Rejects with `setting-invalid`, `broker-refused` or `broker-unreachable`. */
  static async connect(access: BrokerAccess): Promise<BrokerClient> {
    const client = new BrokerClient(access);
    const started = client.link.start({
      connected: () => {},
      message: (topic, payload, retained) => {
        const message = { topic, payload: payload.slice(), retained };
        for (const listener of [...client.#listeners]) listener(message);
      },
    });
    try {
      await within(started, () => `the broker cannot be reached: ${client.#reason}`);
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  /** Calls `listener` with every message until the returned function is called. */
  listen(listener: (message: Received) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Rejects with the link's error, or `broker-lost` if the broker does not answer. */
  subscribe(filter: string): Promise<void> {
    return this.#answered((done) => this.link.subscribe(filter, done));
  }

  /** Publishes at QoS 1. Rejects with the link's error, or if the broker does not answer. */
  publish(topic: string, payload: Uint8Array, retain = false): Promise<void> {
    return this.#answered((done) => this.link.publish(topic, payload, done, retain));
  }

  /** The first message that fits; undefined if none comes in time. */
  next(fits: (message: Received) => boolean, ms: number): Promise<Received | undefined> {
    return new Promise((resolve) => {
      const end = (message?: Received): void => {
        clearTimeout(timer);
        stop();
        resolve(message);
      };
      const timer = setTimeout(end, ms);
      const stop = this.listen((message) => fits(message) && end(message));
    });
  }

  close(): Promise<void> {
    return this.link.stop();
  }

  #answered(begin: (done: (error?: ServiceError) => void) => void): Promise<void> {
    const answer = new Promise<void>((resolve, reject) =>
      begin((error) => (error === undefined ? resolve() : reject(error))),
    );
    return within(
      answer,
      () => `the broker does not answer: ${this.#reason || "no reason given"}`,
    );
  }
}

async function within<Value>(promise: Promise<Value>, late: () => string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ServiceError("broker-unreachable", late())), answerMs);
  });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
  }
}
