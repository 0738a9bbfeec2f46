import { roles, roleTitles } from "../measure/costs.ts";
import { type EchoFigure, echo } from "../measure/echo.ts";
import {
  bunNative,
  engines,
  entrantOf,
  nameOfOurs,
  nodeWasm,
  peersOf,
} from "../measure/entrants.ts";
import { median } from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { digits, ranged, ratios, type Session } from "../measure/session.ts";
import type { Entrant } from "../measure/stage.ts";

const connections = 64;
const loads = [1, 32] as const;

/** One thing differs from Bun with its own engine, or from Node.js, in each. */
const ours: readonly Entrant[] = [
  ...engines.map((one) => entrantOf(one, one === bunNative || one === nodeWasm)),
  entrantOf({ ...bunNative, mode: "open" }),
  entrantOf({ ...bunNative, qos: 1 }),
  entrantOf({ ...nodeWasm, qos: 1 }),
  entrantOf({ ...bunNative, workers: 2 }),
  entrantOf({ ...bunNative, workers: 4 }),
  entrantOf({ ...bunNative, brokers: 2 }),
  entrantOf({ ...bunNative, brokers: 3 }),
  entrantOf({ ...bunNative, brokers: "embedded" }, true),
  entrantOf({ ...nodeWasm, brokers: "embedded" }),
];

/** Both loads on the same processes: what they start for costs more than to be loaded. */
async function both(entrant: Entrant, session: Session): Promise<EchoFigure[]> {
  await using stage = await entrant.start();
  const { seconds, warmUpMs } = session.effort;
  const figures: EchoFigure[] = [];
  for (const inFlight of loads) {
    figures.push(await echo(stage, { connections, inFlight, seconds, warmUpMs }));
  }
  return figures;
}

/** CPU of all processes for a message, medians of the rounds; the brokers and origins with it. */
const allOf = (rounds: readonly EchoFigure[]): number =>
  median(rounds.map(({ cost }) => roles.reduce((sum, role) => sum + (cost[role] ?? 0), 0)));

/** What the processors of one machine allow at most, where all of them are busy. */
function shareOf(entrants: readonly Entrant[], figures: readonly EchoFigure[][]): string {
  const at = entrants.findIndex(({ name }) => name === nameOfOurs(bunNative));
  const [peer, gateway] = [allOf(figures[0]!), allOf(figures[at]!)];
  return (
    `All processes together, the load among them, take ${digits(peer)} µs a message with \`ws\` ` +
    `and ${digits(gateway)} µs with Bun, native. So where every processor is busy, ` +
    `${digits(peer / gateway)} of \`ws\` is the most that can be measured on one machine.`
  );
}

/** The same echo by everybody, in turns. */
export async function echoBench(session: Session): Promise<void> {
  const all = [...peersOf("echo"), ...ours];
  const entrants = session.effort.quick ? all.filter(({ quick }) => quick === true) : all;
  session.say(
    "64-byte texts that come back. The first rows are servers in one process that answer by " +
      "themselves. Ours are a gateway, mosquitto and an origin with the library: assigned mode, " +
      "QoS 0, one worker and one broker where nothing else is said. CPU is in µs a message. " +
      "Goals for Bun, native: 0.6 of `ws` with 1.1 of its CPU at 1 in flight, 1.4 with 0.4 of " +
      "it at 32. Four processes share the processors of the machine; `ws` and its load are two.",
  );
  const results = await inTurns(entrants, session.turns(), (entrant) => both(entrant, session));
  for (const [at, inFlight] of loads.entries()) {
    const figures = results.map((rounds) => rounds.map((figure) => figure[at]!));
    const rates = figures.map((rounds) => rounds.map((one) => one.messagesPerSecond));
    const [first = []] = rates;
    session.say(`${connections} connections with ${inFlight} in flight each:`);
    const costs = figures.map((rounds) => rounds.map(({ cost }) => cost.server ?? Number.NaN));
    const [firstCosts = []] = costs;
    session.table(
      ["", "messages/s", "to `ws`", "CPU to `ws`", ...roleTitles],
      entrants.map(({ name }, index) => [
        name,
        ranged(rates[index]!),
        ranged(ratios(rates[index]!, first)),
        ranged(ratios(costs[index]!, firstCosts)),
        ...roles.map((role) =>
          ranged(figures[index]!.map(({ cost }) => cost[role] ?? Number.NaN)),
        ),
      ]),
    );
    session.say(shareOf(entrants, figures));
    const title = `Echoes a second, ${connections} connections, ${inFlight} in flight each`;
    const bars = entrants.map(({ name }, index) => ({ name, rounds: rates[index]! }));
    session.bars(`echo-${inFlight}`, title, bars);
    for (const [index, { name }] of entrants.entries()) {
      session.keep(`${inFlight}: ${name}`, rates[index]!);
    }
  }
}
