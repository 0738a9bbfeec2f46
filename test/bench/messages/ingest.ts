import { type Cost, spend } from "../measure/costs.ts";
import { bunNative, denoWasm, nameOfOurs, nodeWasm, peersOf } from "../measure/entrants.ts";
import { type BenchProcess, onNode } from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { middle, ratios, type Session } from "../measure/session.ts";
import {
  type Entrant,
  nchanMissing,
  type Ours,
  type Stage,
  startNchanStage,
  startOurs,
} from "../measure/stage.ts";
import type { IngestLoad } from "../programs/load/ingest-load.ts";

const connections = 64;

interface Figure {
  readonly messagesPerSecond: number;
  readonly cost: Cost;
}

const ours: readonly Ours[] = [
  bunNative,
  { ...bunNative, mode: "open" },
  { ...bunNative, qos: 1 },
  { ...bunNative, brokers: "embedded" },
  denoWasm,
  nodeWasm,
];

function entrants(isQuick: boolean): Entrant[] {
  const own = ours.map((one): Entrant => {
    const start = (): Promise<Stage> => startOurs({ ...one, origin: "count-origin" });
    return { name: nameOfOurs(one), start, quick: one === bunNative };
  });
  const nchan = { name: "nchan, to one subscriber", start: startCollecting, quick: true };
  const all = [...peersOf("count"), ...(nchanMissing() === undefined ? [nchan] : []), ...own];
  return isQuick ? all.filter(({ quick }) => quick === true) : all;
}

/** A subscriber on Node.js gets all that clients send. */
async function startCollecting(): Promise<Stage> {
  const stage = await startNchanStage("/send");
  const collector = onNode("load/collect-load", String(stage.ports[0]));
  await collector.event("started");
  return Object.assign(stage, { origins: [collector] });
}

interface Count {
  readonly at: number;
  readonly messages: number;
}

/** The first line of whoever counts that is no older than this. */
async function countAfter(counter: BenchProcess, at: number): Promise<Count> {
  for (;;) {
    const count = (await counter.event("count")) as unknown as Count;
    if (count.at >= at) return count;
  }
}

async function measure(entrant: Entrant, { effort }: Session): Promise<Figure> {
  await using stage = await entrant.start();
  // Longer than it takes on a busy machine: it is ended when all has been counted.
  const seconds = 4 * (effort.seconds + effort.warmUpMs / 1_000) + 10;
  const { protocol, path } = stage;
  const target = { port: stage.ports[0]!, protocol, ...(path !== undefined && { path }) };
  const load: IngestLoad = { ...target, connections, seconds };
  await using driver = onNode("load/ingest-load", JSON.stringify(load));
  await driver.event("sending");
  const counter = stage.origins[0] ?? stage.servers[0]!;
  const sendingAt = performance.timeOrigin + performance.now();
  const first = await countAfter(counter, sendingAt + effort.warmUpMs);
  const before = driver.cpuSeconds();
  const spent = spend(stage);
  const last = await countAfter(counter, first.at + effort.seconds * 1_000);
  const messages = last.messages - first.messages;
  const cost = spent(messages, driver.cpuSeconds() - before);
  return { messagesPerSecond: (messages * 1_000) / (last.at - first.at), cost };
}

/** Messages of clients, as many as somebody takes, in turns. */
export async function ingestBench(session: Session): Promise<void> {
  const all = entrants(session.effort.quick);
  session.say(
    `${connections} clients send 64-byte texts as fast as they are read: the servers of the ` +
      "first rows count them, in ours an origin does, behind mosquitto.",
  );
  const missing = nchanMissing();
  if (missing !== undefined) session.say(`Without nchan: ${missing}.`);
  const figures = await inTurns(all, session.turns(2), (entrant) => measure(entrant, session));
  const rates = figures.map((rounds) => rounds.map((one) => one.messagesPerSecond));
  session.table(
    ["", "messages/s", "to `ws`", "CPU: server"],
    all.map(({ name }, index) => [
      name,
      middle(rates[index]!),
      middle(ratios(rates[index]!, rates[0]!)),
      middle(figures[index]!.map(({ cost }) => cost.server ?? Number.NaN)),
    ]),
  );
  const bars = all.map(({ name }, index) => ({ name, rounds: rates[index]! }));
  session.bars("ingest", `Messages a second from ${connections} clients`, bars);
}
