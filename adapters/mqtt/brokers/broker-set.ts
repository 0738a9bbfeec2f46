import { assert, LatestMap } from "../../../core/base/mod.ts";
import {
  type Brokers,
  type BusPorts,
  type Link,
  type LinkOptions,
  type LinkPorts,
  type OpenLink,
  Topics,
} from "../../topics/mod.ts";
import { brokerOf } from "./broker-hash.ts";
import { brokerKey } from "./broker-key.ts";
import { brokersLimits } from "./brokers-limits.ts";
import { BrokersLink } from "./brokers-link.ts";

/** One of several brokers. */
export interface NamedBroker {
  /** `HOST:PORT`: what the hash knows it by. */
  readonly name: string;
  readonly open: OpenLink;
}

/** Several brokers, none of which knows of another, and which of them carries what. */
export class BrokerSet implements Brokers {
  readonly names: readonly string[];
  readonly topics: Topics;
  readonly #brokers: readonly NamedBroker[];
  readonly #owners: LatestMap<string, number> = new LatestMap(brokersLimits.topicsMax);

  /** `root` is the first level of every topic. */
  constructor(brokers: readonly NamedBroker[], root: string | undefined) {
    assert(brokers.length <= brokersLimits.brokersMax, "a list of brokers is checked before");
    this.#brokers = brokers;
    this.names = brokers.map(({ name }) => name);
    this.topics = new Topics(root);
  }

  get size(): number {
    return this.names.length;
  }

  open(broker: number, options: LinkOptions): Link {
    return this.#brokers[broker]!.open(options);
  }

  ownerOf(topic: string, isUp?: (broker: number) => boolean): number {
    const owner = this.#owners.get(topic) ?? this.#learn(topic);
    if (isUp === undefined || isUp(owner)) return owner;
    return brokerOf(brokerKey(this.topics, topic), this.names, isUp);
  }

  /** Ports whose links go to all of them. */
  ports(ports: LinkPorts): BusPorts {
    const openLink: OpenLink = (options) => new BrokersLink(options, this, ports);
    return { ...ports, openLink, brokers: this };
  }

  #learn(topic: string): number {
    const owner = brokerOf(brokerKey(this.topics, topic), this.names);
    this.#owners.set(topic, owner);
    return owner;
  }
}
