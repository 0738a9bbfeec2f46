import { allOf, type Cost } from "../measure/costs.ts";
import { bunNative } from "../measure/entrants.ts";
import { paced } from "../measure/paced.ts";
import type { Bar } from "../measure/plots/bar-plot.ts";
import { inTurns } from "../measure/rounds.ts";
import { middle, ranged, ratios, type Session } from "../measure/session.ts";
import { type Ours, startOurs } from "../measure/stage.ts";

/** For each node and each origin. */
const rateOfOne = 2_000;

interface Size {
  readonly connections: number;
  readonly origins: number;
  readonly nodes: number;
  /** Messages a second. */
  readonly rate: number;
}

const usual: Size = { connections: 1_000, origins: 1, nodes: 1, rate: rateOfOne };

/** The same messages for more origins: in smaller batches. */
const spread: [string, Size] = ["8 origins, no more messages", { ...usual, origins: 8 }];

interface Series {
  readonly sizes: readonly (readonly [name: string, size: Size])[];
}

function seriesOf(quick: boolean): Series[] {
  const connections = quick ? [100, 1_000] : [100, 1_000, 10_000];
  const origins = quick ? [1, 4] : [1, 2, 4, 8];
  const nodes = quick ? [1, 2] : [1, 2, 4];
  const named = (count: number, what: string): string =>
    `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
  return [
    {
      sizes: connections.map((count) => [
        named(count, "connection"),
        { ...usual, connections: count },
      ]),
    },
    {
      sizes: [
        ...origins.map((count): [string, Size] => [
          named(count, "origin"),
          { ...usual, origins: count, rate: rateOfOne * count },
        ]),
        ...(quick ? [] : [spread]),
      ],
    },
    {
      sizes: nodes.map((count) => [
        named(count, "node"),
        { ...usual, nodes: count, connections: 1_000 * count, rate: rateOfOne * count },
      ]),
    },
  ];
}

async function measure(size: Size, { effort }: Session): Promise<Cost> {
  const { nodes, origins, connections, rate } = size;
  const ours: Ours = { ...bunNative, nodes, origins };
  await using stage = await startOurs(ours);
  const { seconds, warmUpMs } = effort;
  return (await paced(stage, { connections, rate, seconds, warmUpMs })).cost;
}

/** What a message costs as a deployment grows; one thing grows at a time. */
export async function growthBench(session: Session): Promise<void> {
  session.say(
    "CPU of an echo on Bun over mosquitto with 1,000 connections, one origin and one node where " +
      `nothing else is said, ${rateOfOne.toLocaleString("en")} messages a second for each node ` +
      "and each origin; the ratio is that of all processes to 100 connections, one origin or " +
      "one node. Goal: at most 1.15.",
  );
  const all = seriesOf(session.effort.quick);
  // What all series have in common is measured once a round.
  const keyOf = (size: Size): string => JSON.stringify(size);
  const named = all.flatMap((one) => one.sizes).map(([name, size]) => ({ name, size }));
  const sizes = [...new Map(named.map((one) => [keyOf(one.size), one])).values()];
  const costs = await inTurns(sizes, session.turns(), ({ size }) => measure(size, session));
  const costOf = new Map(sizes.map(({ size }, index) => [keyOf(size), costs[index]!]));
  const bars: Bar[] = [];
  const shown = new Map<string, string[]>();
  for (const { sizes: own } of all) {
    const [, firstSize] = own[0]!;
    const first = costOf.get(keyOf(firstSize))!;
    for (const [name, size] of own) {
      const rounds = costOf.get(keyOf(size))!;
      bars.push({ name, rounds: rounds.map(allOf) });
      session.keep(name, rounds.map(allOf));
      // What several series have in common is in the table once.
      if (shown.has(keyOf(size))) continue;
      const parts = (["server", "broker", "origin"] as const).map((role) =>
        middle(rounds.map((cost) => cost[role] ?? Number.NaN)),
      );
      const ratio = ranged(ratios(rounds.map(allOf), first.map(allOf)));
      shown.set(keyOf(size), [name, ...parts, ratio]);
    }
  }
  session.table(["", "gateway", "broker", "origin", "ratio"], [...shown.values()]);
  session.bars("growth", "CPU of a message in µs: gateway, broker and origin", bars);
}
