import {
  bunNative,
  bunWasm,
  denoWasm,
  entrantOf,
  nodeWasm,
  peersOf,
} from "../measure/entrants.ts";
import { latencyAt, type PacedFigure, paced } from "../measure/paced.ts";
import { type Line, linePlot } from "../measure/plots/line-plot.ts";
import { median } from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { ranged, type Session } from "../measure/session.ts";
import type { Entrant } from "../measure/stage.ts";

const connections = 64;
const rates = [5_000, 20_000] as const;
/** The one whose curves are drawn. */
const drawnRate = 5_000;
const columns = [50, 90, 99, 99.9] as const;

const ours: readonly Entrant[] = [
  entrantOf(bunNative, true),
  entrantOf(bunWasm),
  entrantOf(denoWasm),
  entrantOf(nodeWasm, true),
  entrantOf({ ...bunNative, qos: 1 }),
  entrantOf({ ...bunNative, brokers: "embedded" }),
];

/** All rates on the same processes, slow to fast. */
async function allRates(entrant: Entrant, { effort }: Session): Promise<PacedFigure[]> {
  await using stage = await entrant.start();
  const { seconds, warmUpMs, quick } = effort;
  const figures: PacedFigure[] = [];
  for (const rate of quick ? [drawnRate] : rates) {
    figures.push(await paced(stage, { connections, rate, seconds, warmUpMs }));
  }
  return figures;
}

/** Milliseconds as a percentile goes from half to nearly all, one line for each entrant. */
function curves(entrants: readonly Entrant[], figures: readonly PacedFigure[][]): string {
  const colours = [
    ...["#888", "#111", "#b8860b", "#c2571a", "#0b62a4"],
    ...["#5fa8dd", "#2e8b57", "#7b3fa0", "#d63384", "#7a5230"],
  ];
  const lines = entrants.flatMap(({ name }, index): Line[] => {
    const rounds = figures[index]!;
    if (rounds[0] === undefined) return [];
    const points = rounds[0].curve
      .filter(([percentile]) => percentile <= 99.9)
      .map(([percentile]): [number, number] => [
        -Math.log10(1 - percentile / 100),
        median(rounds.map((one) => latencyAt(one, percentile))) / 1_000,
      ]);
    const colour = colours[index % colours.length]!;
    return [{ name: name.replaceAll("`", ""), colour, points }];
  });
  const title = `Latency of an echo at ${drawnRate.toLocaleString("en")} messages a second`;
  const xTicks: [number, string][] = columns.map((percentile) => [
    -Math.log10(1 - percentile / 100),
    `${percentile} %`,
  ]);
  return linePlot(lines, {
    title,
    x: "percentile",
    y: "ms from when it was due",
    xTicks,
    yLog: true,
  });
}

/** Latencies at fixed rates, in turns. */
export async function latencyBench(session: Session): Promise<void> {
  const all = [...peersOf("echo"), ...ours];
  const entrants = session.effort.quick ? all.filter(({ quick }) => quick === true) : all;
  session.say(
    `64-byte texts over ${connections} connections at a fixed rate. A latency counts from the ` +
      "moment at which the message was due, not from when it was sent: what a slow answer " +
      "holds up is counted (no coordinated omission). Figures are in µs, from an HdrHistogram. " +
      "The load polls, so it keeps one of the processors busy. CPU is in µs a message, of " +
      "server, broker and origin.",
  );
  const results = await inTurns(entrants, session.turns(), (entrant) =>
    allRates(entrant, session),
  );
  const shown = session.effort.quick ? [drawnRate] : rates;
  for (const [at, rate] of shown.entries()) {
    const figures = results.map((rounds) => rounds.map((figure) => figure[at]!));
    session.say(`${rate.toLocaleString("en")} messages a second:`);
    session.table(
      ["", ...columns.map((one) => `${one} %`), "most", "sent late, 99 %", "CPU"],
      entrants.map(({ name }, index) => {
        const rounds = figures[index]!;
        return [
          name,
          ...columns.map((one) => ranged(rounds.map((figure) => latencyAt(figure, one)))),
          ranged(rounds.map(({ max }) => max)),
          ranged(rounds.map(({ late99 }) => late99)),
          costsOf(rounds),
        ];
      }),
    );
    const unanswered = figures.flat().reduce((sum, figure) => sum + figure.unanswered, 0);
    if (unanswered > 0) session.say(`${unanswered} messages were not answered within 5 s.`);
    for (const [index, { name }] of entrants.entries()) {
      for (const role of ["server", "broker", "origin"] as const) {
        const costs = figures[index]!.map(({ cost }) => cost[role] ?? Number.NaN);
        if (costs.every(Number.isFinite)) session.keep(`${rate}: ${name}: ${role}`, costs);
      }
    }
    if (rate !== drawnRate) continue;
    const alternative = "Lines: latency by percentile, each of the rows above";
    session.draw("latency", alternative, curves(entrants, figures));
  }
}

/** Medians of CPU, of those parts that there are. */
function costsOf(rounds: readonly PacedFigure[]): string {
  return (["server", "broker", "origin"] as const)
    .map((role) => median(rounds.map(({ cost }) => cost[role] ?? Number.NaN)))
    .map((cost) => (Number.isFinite(cost) ? cost.toFixed(1) : "–"))
    .join(", ");
}
