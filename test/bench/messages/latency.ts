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
import { digits, middle, type Session } from "../measure/session.ts";
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
    `An echo over ${connections} connections at a fixed rate a second: µs from the moment ` +
      "at which a message was due, so that what a slow answer holds up is counted. The load " +
      "polls, and keeps a processor busy.",
  );
  const results = await inTurns(entrants, session.turns(), (entrant) =>
    allRates(entrant, session),
  );
  const shown = session.effort.quick ? [drawnRate] : rates;
  const figuresAt = (at: number): PacedFigure[][] =>
    results.map((rounds) => rounds.map((figure) => figure[at]!));
  const columns = shown.flatMap((rate) => [`${rate.toLocaleString("en")}: 50 %`, ...later]);
  session.table(
    ["", ...columns],
    entrants.map(({ name }, index) => [
      name,
      ...shown.flatMap((_, at) => cells(figuresAt(at)[index]!)),
    ]),
  );
  const late = shown.map((_, at) => {
    const measured = figuresAt(at).filter((rounds) => rounds.length > 0);
    return Math.max(...measured.map((rounds) => median(rounds.map(({ late99 }) => late99))));
  });
  session.say(
    `The load was late itself: in the worst row 99 % were sent within ` +
      `${late.map(digits).join(" and ")} µs.`,
  );
  const missed = results.flat(2).reduce((sum, figure) => sum + figure.unanswered, 0);
  if (missed > 0) session.say(`${missed} messages were not answered within 5 s.`);
  for (const [at, rate] of shown.entries()) {
    for (const [index, { name }] of entrants.entries()) {
      keep(session, `${rate}: ${name}`, figuresAt(at)[index]!);
    }
  }
  const alternative = "Lines: latency by percentile";
  session.draw("latency", alternative, curves(entrants, figuresAt(shown.indexOf(drawnRate))));
}

/** The columns of one rate, behind that of the median. */
const later = ["99 %", "99.9 %"];

function cells(rounds: readonly PacedFigure[]): string[] {
  const at = (percentile: number): number[] =>
    rounds.map((figure) => latencyAt(figure, percentile));
  return [50, 99, 99.9].map((percentile) => middle(at(percentile)));
}

/** CPU of those parts that there are. */
function keep(session: Session, name: string, rounds: readonly PacedFigure[]): void {
  for (const role of ["server", "broker", "origin"] as const) {
    const costs = rounds.map(({ cost }) => cost[role] ?? Number.NaN);
    if (costs.every(Number.isFinite)) session.keep(`${name}: ${role}`, costs);
  }
}
