import { echo } from "../measure/echo.ts";
import { bunNative, nodeWasm } from "../measure/entrants.ts";
import { digits, type Rounds, ranged, type Session } from "../measure/session.ts";
import { type Ours, type Stage, startOurs } from "../measure/stage.ts";

const connections = 64;
const loads = [1, 32] as const;

/** Each runs as it is and without what is measured, both at the same time. */
const gateways: readonly (readonly [name: string, Ours])[] = [
  ["Bun, native", bunNative],
  ["Node.js, wasm", nodeWasm],
];

/**
 * Slices of each gateway in one round. A machine's speed drifts by more within a minute than what
 * is looked for here; between one slice and the next it hardly does.
 */
const slices = { quick: 2, full: 8 } as const;
const sliceSeconds = 1;

/** µs of CPU a message, of the two gateways of one round. */
interface Costs {
  readonly asItIs: number;
  readonly without: number;
}

/** Adds up slices of one gateway. */
class Spent {
  #cpu = 0;
  #messages = 0;

  async slice(stage: Stage, inFlight: number, warmUpMs: number): Promise<void> {
    const figure = await echo(stage, { connections, inFlight, seconds: sliceSeconds, warmUpMs });
    const messages = figure.messagesPerSecond * sliceSeconds;
    this.#messages += messages;
    this.#cpu += (figure.cost.server ?? Number.NaN) * messages;
  }

  get cost(): number {
    return this.#cpu / this.#messages;
  }
}

/** Both gateways are up all the time, and one of them has the load. */
async function round(ours: Ours, { effort }: Session): Promise<readonly Costs[]> {
  await using asItIs = await startOurs(ours);
  await using without = await startOurs({ ...ours, measured: false });
  const costs: Costs[] = [];
  for (const inFlight of loads) {
    const spent = [new Spent(), new Spent()] as const;
    for (const stage of [asItIs, without]) {
      await new Spent().slice(stage, inFlight, effort.warmUpMs);
    }
    for (let slice = 0; slice < slices[effort.quick ? "quick" : "full"]; slice++) {
      // A B, B A, A B, …: a drift in one direction costs both the same.
      const turn = [0, 1] as const;
      for (const which of slice % 2 === 0 ? turn : turn.toReversed()) {
        await spent[which]!.slice([asItIs, without][which]!, inFlight, 100);
      }
    }
    costs.push({ asItIs: spent[0].cost, without: spent[1].cost });
  }
  return costs;
}

/** Mean, and the standard error of it where there are several rounds. */
function meanOf(figures: Rounds): string {
  const mean = figures.reduce((sum, one) => sum + one, 0) / figures.length;
  if (figures.length < 2) return mean.toFixed(3);
  const squares = figures.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const error = Math.sqrt(squares / (figures.length - 1) / figures.length);
  return `${mean.toFixed(3)} ± ${error.toFixed(3)}`;
}

/** What the histograms cost, by the same gateway with and without them. */
export async function overheadBench(session: Session): Promise<void> {
  session.say(
    "What the metrics cost: CPU of the gateway in µs a message of the echo, as it is and " +
      "without histograms, event-loop lag and garbage collections. Nobody scrapes, no console " +
      "is open, and traces are off. Two gateways are up in each round and have the load in " +
      `turns, ${sliceSeconds} s each. The last column is the mean ratio of the rounds and its ` +
      "standard error.",
  );
  const rounds = session.rounds();
  const rows: string[][] = [];
  for (const [name, ours] of gateways) {
    const costs: (readonly Costs[])[] = [];
    for (let index = 0; index < rounds; index++) costs.push(await round(ours, session));
    for (const [load, inFlight] of loads.entries()) {
      const ofLoad = costs.map((ofRound) => ofRound[load]!);
      const ratios = ofLoad.map(({ asItIs, without }) => asItIs / without);
      const row = `${name}, ${connections} × ${inFlight}`;
      session.keep(row, ratios);
      const all = [ofLoad.map((one) => one.asItIs), ofLoad.map((one) => one.without), ratios];
      rows.push([row, ...all.map((figures) => ranged(figures, digits)), meanOf(ratios)]);
    }
  }
  session.table(["", "as it is", "without", "ratio", "mean"], rows);
}
