import { ServiceError } from "../../../core/base/mod.ts";
import type { BusPorts, Link, LinkPorts, OpenLink } from "../../topics/mod.ts";
import { brokerName, type MqttBroker, mqttLinks, redactUrl } from "../link/mod.ts";
import { BrokerSet } from "./broker-set.ts";
import { brokersLimits } from "./brokers-limits.ts";

/** The brokers of one deployment, and how to talk to each of them. */
export interface MqttBrokers extends Omit<MqttBroker, "url"> {
  /** One URL, or several with commas between them. */
  readonly urls: string;
  /** First level of every topic, `wss` by default. */
  readonly root?: string | undefined;
}

/** The URLs of a list. A password has no `/`, so each URL begins behind a comma. */
export function brokerUrls(list: string): string[] {
  return list.split(/,(?=[a-z]{1,8}:\/\/)/);
}

/** The list for the log: without passwords. */
export function redactUrls(list: string): string {
  return brokerUrls(list).map(redactUrl).join(",");
}

/**
 * The brokers' names. Throws `setting-invalid` if a URL is none, one is there twice, or there
 * are more than `brokersLimits.brokersMax`.
 */
export function brokerNames(list: string): string[] {
  const names = brokerUrls(list).map(brokerName);
  const { brokersMax } = brokersLimits;
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) refuse(`${twice} is there twice`);
  if (names.length > brokersMax) refuse(`there may be ${brokersMax} of them at most`);
  return names;
}

function refuse(what: string): never {
  throw new ServiceError("setting-invalid", `broker, a list of brokers: ${what}`);
}

/** Told of each link that is made: the broker's name, and what the link is for. */
export type LinkOpened = (link: Link, broker: string, role: string) => void;

/** Links to the broker, or to all of several. Throws as `brokerNames` does. */
export function openBrokers(
  { urls, root, ...broker }: MqttBrokers,
  ports: LinkPorts,
  opened: LinkOpened = () => {},
): BusPorts {
  const [url = "", ...others] = brokerUrls(urls);
  const linksOf = (each: string): OpenLink => {
    const open = mqttLinks({ ...broker, url: each }, ports);
    return (options) => {
      const link = open(options);
      opened(link, brokerName(each), options.role);
      return link;
    };
  };
  if (others.length === 0) return { ...ports, openLink: linksOf(url) };
  const names = brokerNames(urls);
  const named = [url, ...others].map((each, index) => ({
    name: names[index]!,
    open: linksOf(each),
  }));
  return new BrokerSet(named, root).ports(ports);
}
