import { table, visible } from "../command/mod.ts";
import type { AdminClient } from "./admin-client.ts";
import { originsTable, shownBytes, shownRate, shownTime } from "./format.ts";
import type { BrokerLink, Destination, Overview } from "./views.ts";

/** What a gateway does at one moment. */
export interface Reading {
  readonly overview: Overview;
  readonly origins: readonly Destination[];
  readonly brokers: readonly BrokerLink[];
}

export async function readAll(client: AdminClient): Promise<Reading> {
  const [overview, origins, brokers] = await Promise.all([
    client.get<Overview>("/admin/overview"),
    client.get<{ readonly origins: Destination[] }>("/admin/origins"),
    client.get<{ readonly brokers: BrokerLink[] }>("/admin/brokers"),
  ]);
  return { overview, origins: origins.origins, brokers: brokers.brokers };
}

/** Of each counter how much a second, between two readings; empty where the gateway restarted. */
export function ratesOf(before: Overview, now: Overview): Record<string, number> {
  const seconds = (now.at - before.at) / 1_000;
  if (seconds <= 0 || before.startedAt !== now.startedAt) return {};
  const rates = Object.entries(now.totals).map(([name, total]): [string, number] => [
    name,
    Math.max(0, total - (before.totals[name] ?? 0)) / seconds,
  ]);
  return Object.fromEntries(rates);
}

/** The screen of `top`, from top to bottom by what matters first. */
export function topLines(reading: Reading, rates: Readonly<Record<string, number>>): string[] {
  const { overview, origins, brokers } = reading;
  const { node, version, runtime, engine, at, startedAt } = overview;
  const rate = (name: string): string => shownRate(rates[name] ?? 0);
  const bytes = (name: string): string => `${shownBytes(rates[name] ?? 0)}/s`;
  const away = brokers.filter(({ up }) => !up);
  return [
    `websocket-service ${version}  ${node}  ${runtime} ${engine}  up ${shownTime(at - startedAt)}`,
    overview.ready ? "ready" : `NOT READY: ${visible(overview.reasons.join(", "))}`,
    "",
    `connections ${overview.connections.toLocaleString("en")}  opened ${rate("opened")}/s  ` +
      `closed ${rate("closed")}/s  errors ${rate("errors")}/s`,
    `in ${rate("messagesIn")}/s ${bytes("bytesIn")}  out ${rate("messagesOut")}/s ` +
      `${bytes("bytesOut")}  commands ${rate("commands")}/s`,
    `broker connections ${brokers.length - away.length} of ${brokers.length} up`,
    ...away.map(({ broker, role, node: of }) => visible(`  AWAY ${broker} ${role} of ${of}`)),
    "",
    ...table([
      ["NODE", "CONNECTIONS", "HANDSHAKES", "READY"],
      ...overview.nodes.map((one) => [
        one.node,
        String(one.connections),
        String(one.handshakesWaiting),
        one.ready ? "yes" : visible(one.reasons.join(", ")),
      ]),
    ]),
    "",
    ...(origins.length === 0 ? ["no events go anywhere yet"] : originsTable(origins)),
  ];
}
