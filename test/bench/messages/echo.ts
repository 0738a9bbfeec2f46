import { allOfMedians } from "../measure/costs.ts";
import { type EchoFigure, echo } from "../measure/echo.ts";
import { bunNative, engines, entrantOf, nodeWasm, peersOf } from "../measure/entrants.ts";
import { inTurns } from "../measure/rounds.ts";
import { digits, middle, ratios, type Session } from "../measure/session.ts";
import type { Entrant } from "../measure/stage.ts";

const connections = 64;
const loads = [1, 32] as const;

/** One thing differs from Bun with its own engine, or from Node.js, in each. */
const ours: readonly Entrant[] = [
  ...engines.map((one) => entrantOf(one, one === bunNative || one === nodeWasm)),
  entrantOf({ ...bunNative, mode: "open" }),
  entrantOf({ ...bunNative, qos: 1 }),
  entrantOf({ ...bunNative, workers: 2 }),
  entrantOf({ ...bunNative, brokers: 2 }),
  entrantOf({ ...bunNative, brokers: "embedded" }, true),
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

/** The cells of one load: messages a second, as a ratio to the first row too, and CPU. */
function cells(rounds: readonly EchoFigure[], first: readonly EchoFigure[]): string[] {
  const rates = rounds.map((one) => one.messagesPerSecond);
  return [
    middle(rates),
    middle(
      ratios(
        rates,
        first.map((one) => one.messagesPerSecond),
      ),
    ),
    middle(rounds.map(({ cost }) => cost.server ?? Number.NaN)),
    digits(allOfMedians(rounds.map(({ cost }) => cost))),
  ];
}

/** The same echo by everybody, in turns. */
export async function echoBench(session: Session): Promise<void> {
  const all = [...peersOf("echo"), ...ours];
  const entrants = session.effort.quick ? all.filter(({ quick }) => quick === true) : all;
  session.say(
    "64-byte texts that come back, from one process or from gateway, mosquitto and origin " +
      "(assigned, QoS 0, one worker, one broker where nothing else is said), and the CPU of the " +
      "server and of all with the load. Goals for Bun, native: 0.6 of `ws` with 1.1 of its CPU " +
      "at 64 × 1, 1.4 with 0.4 of it at 64 × 32.",
  );
  const results = await inTurns(entrants, session.turns(), (entrant) => both(entrant, session));
  const at = (index: number, load: number): EchoFigure[] =>
    results[index]!.map((figures) => figures[load]!);
  session.table(
    [
      "",
      ...loads.flatMap((inFlight) => [
        `${connections} × ${inFlight}: messages/s`,
        "to `ws`",
        "CPU: server",
        "all",
      ]),
    ],
    entrants.map(({ name }, index) => [
      name,
      ...loads.flatMap((_, load) => cells(at(index, load), at(0, load))),
    ]),
  );
  for (const [load, inFlight] of loads.entries()) {
    const title = `Echoes a second, ${connections} connections, ${inFlight} in flight each`;
    const bars = entrants.map(({ name }, index) => ({
      name,
      rounds: at(index, load).map((one) => one.messagesPerSecond),
    }));
    session.bars(`echo-${inFlight}`, title, bars);
    for (const { name, rounds } of bars) session.keep(`${inFlight}: ${name}`, rounds);
  }
}
