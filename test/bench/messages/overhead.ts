import { echo } from "../measure/echo.ts";
import { bunNative, nodeWasm } from "../measure/entrants.ts";
import { median, onBun, onNode } from "../measure/processes.ts";
import { digits, middle, type Rounds, type Session } from "../measure/session.ts";
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
  await using without = await startOurs({ ...ours, program: "unmeasured" });
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

/** What one message makes the metrics do. */
interface Done {
  readonly observations: number;
  readonly additions: number;
}

/** What the metrics of a counted gateway have done so far, and the messages of its clients. */
async function doneBy(stage: Stage): Promise<Done & { readonly messages: number }> {
  const [port] = stage.adminPorts;
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = (name: string): number => {
    const [, digits] = new RegExp(`^${name} (\\S+)$`, "m").exec(text) ?? [];
    return Number(digits);
  };
  return {
    observations: value("bench_observations_total"),
    additions: value("bench_additions_total"),
    messages: value("wss_messages_received_total"),
  };
}

async function doneForOne(ours: Ours, inFlight: number, { effort }: Session): Promise<Done> {
  await using stage = await startOurs({ ...ours, program: "counted" });
  const before = await doneBy(stage);
  await new Spent().slice(stage, inFlight, effort.warmUpMs);
  const after = await doneBy(stage);
  const messages = after.messages - before.messages;
  return {
    observations: (after.observations - before.observations) / messages,
    additions: (after.additions - before.additions) / messages,
  };
}

/** Nanoseconds of each in a loop of its own, on the runtime of a gateway. */
interface Times {
  readonly observation: number;
  readonly addition: number;
  readonly look: number;
}

async function timed({ runtime }: Ours): Promise<Times> {
  await using program = (runtime === "bun" ? onBun : onNode)("measures");
  return (await program.event("timed")) as unknown as Times;
}

/**
 * Fields that a message is looked at for when no console follows it and it is not traced: its
 * connection's `observed`, its batch's `tap`, and those of the batch that answers.
 */
const looks = 4;

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
    "CPU of the gateway for an echo as it is and without histograms, event-loop lag and garbage " +
      "collections: the mean ratio and its standard error. `counted` is what an echo makes the " +
      "metrics do, times the nanoseconds of each, as a share of the CPU.",
  );
  const rounds = session.rounds();
  const rows: string[][] = [];
  for (const [name, ours] of gateways) {
    const costs: (readonly Costs[])[] = [];
    for (let index = 0; index < rounds; index++) costs.push(await round(ours, session));
    const times = await timed(ours);
    for (const [load, inFlight] of loads.entries()) {
      const ofLoad = costs.map((ofRound) => ofRound[load]!);
      const ratios = ofLoad.map(({ asItIs, without }) => asItIs / without);
      const row = `${name}, ${connections} × ${inFlight}`;
      session.keep(row, ratios);
      const { observations, additions } = await doneForOne(ours, inFlight, session);
      const nanoseconds =
        observations * times.observation + additions * times.addition + looks * times.look;
      const asItIs = ofLoad.map((one) => one.asItIs);
      rows.push([
        row,
        middle(asItIs),
        meanOf(ratios),
        `${digits(nanoseconds / (median(asItIs) * 10))} %`,
      ]);
    }
  }
  session.table(["", "as it is", "to without", "counted"], rows);
}
