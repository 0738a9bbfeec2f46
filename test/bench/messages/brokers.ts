import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { type BrokerCluster, urlOf } from "../../support/brokers/broker-server.ts";
import { Ejabberd } from "../../support/brokers/ejabberd.ts";
import { Nats } from "../../support/brokers/nats.ts";
import { RabbitMq } from "../../support/brokers/rabbitmq.ts";
import { type EchoFigure, echo } from "../measure/echo.ts";
import { nameOfOurs } from "../measure/entrants.ts";
import { middle, type Session } from "../measure/session.ts";
import { type Ours, startOurs } from "../measure/stage.ts";

interface Server extends AsyncDisposable {
  readonly url: `mqtt://${string}`;
}

const mqtt = (url: string): `mqtt://${string}` => url as `mqtt://${string}`;

async function first(starting: Promise<BrokerCluster>): Promise<Server> {
  const cluster = await starting;
  const url = mqtt(urlOf(cluster.nodes[0]!));
  return { url, [Symbol.asyncDispose]: () => cluster.end() };
}

const kinds: Readonly<Record<string, () => Promise<Server>>> = {
  mosquitto: async () => {
    const broker = await Mosquitto.start();
    return { url: mqtt(broker.url()), [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
  },
  RabbitMQ: () => first(RabbitMq.cluster(1)),
  NATS: () => first(Nats.cluster(1)),
  ejabberd: () => first(Ejabberd.cluster()),
};

const contestant: Ours = { runtime: "bun", engine: "native" };

/** The same echo over each kind of broker, one server of it, in turns. */
export async function brokersBench(session: Session): Promise<void> {
  const loads = [1, 32] as const;
  const rounds = session.rounds();
  const figures = new Map<string, EchoFigure[][]>();
  for (const name of Object.keys(kinds)) figures.set(name, [[], []]);
  for (let round = 0; round < rounds; round++) {
    for (const [name, start] of Object.entries(kinds)) {
      await using server = await start();
      for (const [index, inFlight] of loads.entries()) {
        await using stage = await startOurs({ ...contestant, brokers: server.url });
        const size = { connections: 64, inFlight, seconds: 3 };
        figures.get(name)?.[index]?.push(await echo(stage, size));
      }
    }
  }
  session.say(
    `An echo over one server of each broker (${nameOfOurs(contestant)}, assigned), and the CPU ` +
      "of the gateway.",
  );
  const columns = loads.flatMap((inFlight) => [`64 × ${inFlight}: messages/s`, "CPU"]);
  session.table(
    ["", ...columns],
    Array.from(figures, ([name, both]) => [
      name,
      ...both.flatMap((rounds) => [
        middle(rounds.map(({ messagesPerSecond }) => messagesPerSecond)),
        middle(rounds.map(({ cost }) => cost.server ?? Number.NaN)),
      ]),
    ]),
  );
}
