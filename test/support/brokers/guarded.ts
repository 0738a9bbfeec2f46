import assert from "node:assert/strict";
import process from "node:process";
import { memberNames, printedRules, startGuardedBroker } from "../broker/access-rules.ts";
import { outputOf } from "../deploy/output-of.ts";
import type { BrokerCluster } from "./broker-server.ts";
import { Ejabberd } from "./ejabberd.ts";
import { Nats } from "./nats.ts";
import { RabbitMq } from "./rabbitmq.ts";

/** Everybody's password: NATS would take it for a number and a list, if it had no quotes. */
const word = "5e3,word";

/** A broker with the rules that `acl` prints for it. `admin` may do everything. */
export interface Guarded {
  url(user: string): string;
  end(): Promise<void>;
}

export type GuardedBroker = "mosquitto" | "rabbitmq" | "nats" | "ejabberd";

export async function startGuarded(broker: GuardedBroker): Promise<Guarded> {
  return starters[broker](await printedRules(broker));
}

const starters: Readonly<Record<GuardedBroker, (rules: string) => Promise<Guarded>>> = {
  mosquitto: () => startGuardedBroker(false),
  rabbitmq: async (rules) => {
    const cluster = await RabbitMq.cluster(1);
    const [node] = cluster.nodes;
    assert.ok(node instanceof RabbitMq);
    await outputOf("sh", ["-c", rules], { env: { ...passwords(), ...node.controlEnv } });
    return over(cluster, (user) => (user === "admin" ? "guest:guest" : `${user}:${word}`));
  },
  nats: async (rules) => {
    const admin = `users: [\n    { user: "admin", password: "${word}" }`;
    // The server reads passwords from its environment, which is this one's, as configuration.
    Object.assign(process.env, passwords(`"${word}"`));
    const cluster = await Nats.cluster(1, rules.replace("users: [", admin));
    return over(cluster, (user) => `${user}:${word}`);
  },
  ejabberd: async (rules) => {
    const open = '    $1:\n      "#": [{ allow: mqtt-admin }]';
    const all = rules
      .replaceAll(/^ {4}(access_\w+):$/gm, open)
      .replace("acl:\n", 'acl:\n  mqtt-admin: { user: ["admin@mq.example"] }\n');
    return over(await Ejabberd.cluster(all), (user) => `${user}%40mq.example:${word}`);
  },
};

function over(cluster: BrokerCluster, login: (user: string) => string): Guarded {
  const port = cluster.nodes[0]?.port;
  const url = (user: string): string => `mqtt://${login(user)}@127.0.0.1:${port}`;
  return { url, end: () => cluster.end() };
}

/** The variables that the printed rules name. */
function passwords(value: string = word): Record<string, string> {
  const entries = memberNames.map((name) => [
    `PASSWORD_${name.toUpperCase().replace("-", "_")}`,
    value,
  ]);
  return Object.fromEntries(entries);
}
