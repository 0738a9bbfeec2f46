import { type EchoFigure, echo } from "../measure/echo.ts";
import { bunNative, nodeWasm } from "../measure/entrants.ts";
import { inTurns } from "../measure/rounds.ts";
import { ranged, type Session } from "../measure/session.ts";
import { type Ours, startOurs } from "../measure/stage.ts";

const connections = 64;
const loads = [1, 32] as const;

/** Each with and without, side by side. */
const pairs: readonly (readonly [name: string, Ours])[] = [
  ["Bun, native", bunNative],
  ["Node.js, wasm", nodeWasm],
];

async function both(ours: Ours, { effort }: Session): Promise<EchoFigure[]> {
  await using stage = await startOurs(ours);
  const { seconds, warmUpMs } = effort;
  const figures: EchoFigure[] = [];
  for (const inFlight of loads) {
    figures.push(await echo(stage, { connections, inFlight, seconds, warmUpMs }));
  }
  return figures;
}

/** What the histograms cost, by the same gateway with and without them. */
export async function overheadBench(session: Session): Promise<void> {
  session.say(
    "What the metrics cost: CPU of the gateway in µs a message of the echo, as it is and " +
      "without histograms, event-loop lag and garbage collections. Nobody scrapes, no console " +
      "is open, and traces are off. The ratio is of neighbours in time.",
  );
  const entrants = pairs.flatMap(([, ours]) => [ours, { ...ours, measured: false }]);
  const results = await inTurns(entrants, session.rounds(), (ours) => both(ours, session));
  const rows = pairs.flatMap(([name], pair) =>
    loads.map((inFlight, load) => {
      const costs = [results[pair * 2]!, results[pair * 2 + 1]!].map((rounds) =>
        rounds.map((figures) => figures[load]!.cost.server ?? Number.NaN),
      );
      const [as, without] = [costs[0]!, costs[1]!];
      const ratios = as.map((cost, round) => cost / without[round]!);
      const row = `${name}, ${connections} × ${inFlight}`;
      session.keep(row, ratios);
      return [row, ranged(as), ranged(without), ranged(ratios)];
    }),
  );
  session.table(["", "as it is", "without", "ratio"], rows);
}
