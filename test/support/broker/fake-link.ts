import { BrokerSet } from "../../../adapters/mqtt/brokers/mod.ts";
import type {
  Link,
  LinkListener,
  LinkOptions,
  PublishDone,
  SubscribeDone,
} from "../../../adapters/topics/mod.ts";
import { ServiceError } from "../../../core/base/mod.ts";

const away = new ServiceError("broker-lost", "the broker is not connected");

/** A link to a broker that comes and goes as a test says. It answers each publish at once. */
export class FakeLink implements Link {
  readonly options: LinkOptions;
  up = false;
  packetBytesMax: number | undefined;
  reportsReasons = true;
  oneAtATime = false;
  streamQos: 0 | 1 = 0;
  stopped = false;
  /** `TOPIC TEXT` of each publish that it took. */
  readonly published: string[] = [];
  readonly subscribed: Map<string, SubscribeDone> = new Map();
  #listener: LinkListener | undefined;
  #settle: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(options: LinkOptions) {
    this.options = options;
  }

  start(listener: LinkListener): Promise<void> {
    this.#listener = listener;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  come(): void {
    this.up = true;
    this.#listener?.connected(true);
    this.#settle?.resolve();
  }

  go(): void {
    this.up = false;
    this.#listener?.connected(false);
  }

  refuse(): void {
    this.#settle?.reject(new ServiceError("broker-refused", "bad password"));
  }

  receive(topic: string, text: string, retained: boolean = false): void {
    this.#listener?.message(topic, new TextEncoder().encode(text), retained);
  }

  publish(topic: string, payload: Uint8Array, done: PublishDone): void {
    if (this.up) this.published.push(`${topic} ${new TextDecoder().decode(payload)}`);
    done(this.up ? undefined : away);
  }

  publishAtMostOnce(topic: string, payload: Uint8Array, done: PublishDone): void {
    this.publish(topic, payload, done);
  }

  subscribe(filter: string, done: SubscribeDone): void {
    this.subscribed.set(filter, done);
  }

  unsubscribe(filter: string): void {
    this.subscribed.delete(filter);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.up = false;
    this.#settle?.reject(away);
  }
}

export const brokerNames: readonly [string, string] = ["mq-a:1883", "mq-b:1883"];

/** Two brokers. Each link that is opened to one is put into `links`. */
export function fakeBrokers(links: FakeLink[] = []): BrokerSet {
  const open = (options: LinkOptions): FakeLink => {
    const link = new FakeLink(options);
    links.push(link);
    return link;
  };
  const brokers = brokerNames.map((name) => ({ name, open }));
  return new BrokerSet(brokers, undefined);
}
