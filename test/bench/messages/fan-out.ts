import { onNode } from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { middle, ratios, type Session } from "../measure/session.ts";
import {
  nchanMissing,
  type Stage,
  startNchanStage,
  startOurs,
  startPeerAt,
} from "../measure/stage.ts";
import type { FanOutLoad, FanOutStep, FanOutWay } from "../programs/load/fan-out-load.ts";

/** One line of the table. */
interface Step extends FanOutStep {
  readonly name: string;
  /** Name of the step that it is held against. */
  readonly against?: string;
}

/** Who delivers, to how many, and in which ways one after the other. */
interface Contender {
  readonly start: () => Promise<Stage>;
  readonly connections: number;
  readonly steps: readonly Step[];
  readonly quick?: boolean;
}

interface Figure {
  readonly perSecond: number;
  /** CPU of the process that delivers, for one delivery. */
  readonly cpu: number;
}

/** The same way with one message to everybody under way, and with four. */
function oneAndFour(name: string, way: FanOutWay, against?: string): Step[] {
  return [1, 4].map((roundsInFlight) => {
    const more = against === undefined ? {} : { against: `${against}, ${roundsInFlight} at once` };
    const step = { name: `${name}, ${roundsInFlight} at once`, way, groups: 1, roundsInFlight };
    return { ...step, ...more };
  });
}

const bare = {
  bun: "Bun: loop over `send`, 5,000",
  node: "Node.js: loop over `send` of `ws`, 5,000",
};

function ours(runtime: "bun" | "node"): Contender[] {
  const of = runtime === "bun" ? "Bun: " : "Node.js: ";
  const engine = runtime === "bun" ? "native" : "wasm";
  const start = (): Promise<Stage> => startOurs({ runtime, engine, mode: "open", origin: null });
  const few = { groups: 1, roundsInFlight: 4 };
  const against = `${of}group of 5,000, 4 at once`;
  const many = { groups: 1_000, roundsInFlight: 4, against: `${of}group of 10,000, 4 at once` };
  return [
    {
      start,
      quick: runtime === "bun",
      connections: 5_000,
      steps: [
        ...oneAndFour(`${of}group of 5,000`, "group", bare[runtime]),
        { ...few, name: `${of}send to 5,000 ids, 4 at once`, way: "ids", against },
      ],
    },
    {
      start,
      connections: 10_000,
      steps: [
        { ...few, name: `${of}group of 10,000, 4 at once`, way: "group" },
        { ...many, name: `${of}1,000 groups of 10, one batch`, way: "groups" },
        { ...many, name: `${of}1,000 groups of 10, own topics`, way: "group-topics" },
      ],
    },
  ];
}

function contenders(isQuick: boolean): Contender[] {
  const five = { connections: 5_000 };
  const publish = "Bun: its own `publish`, 5,000";
  const nchan: Contender = {
    ...five,
    start: () => startNchanStage("/receive"),
    quick: true,
    steps: oneAndFour("nchan: channel of 5,000", "post"),
  };
  const all: Contender[] = [
    { ...five, start: () => startPeerAt("bun"), quick: true, steps: oneAndFour(bare.bun, "bare") },
    {
      ...five,
      start: () => startPeerAt("bun", "publish"),
      steps: oneAndFour(publish, "bare", bare.bun),
    },
    ...ours("bun"),
    { ...five, start: () => startPeerAt("ws"), steps: oneAndFour(bare.node, "bare") },
    ...ours("node"),
    {
      ...five,
      start: () => startPeerAt("socket-io"),
      quick: true,
      steps: oneAndFour("Socket.IO: room of 5,000", "bare", bare.node),
    },
    ...(nchanMissing() === undefined ? [nchan] : []),
  ];
  if (!isQuick) return all;
  const some = all.filter(({ quick }) => quick === true);
  return some.map((one) => ({ ...one, steps: one.steps.slice(0, 1) }));
}

async function measure(one: Contender, { effort }: Session): Promise<Figure[]> {
  await using stage = await one.start();
  const { broker, path, protocol, ports, servers } = stage;
  const { seconds, warmUpMs } = effort;
  const load: FanOutLoad = {
    port: ports[0]!,
    protocol,
    ...(path !== undefined && { path }),
    ...(broker !== "" && { broker }),
    connections: one.connections,
    steps: one.steps,
    seconds,
    warmUpMs,
  };
  await using driver = onNode("load/fan-out-load", JSON.stringify(load));
  const figures: Figure[] = [];
  for (const _ of one.steps) {
    await driver.event("counting");
    const before = servers[0]!.cpuSeconds();
    const counted = await driver.event("counted");
    const used = servers[0]!.cpuSeconds() - before;
    const { deliveries, seconds: took } = counted as { deliveries: number; seconds: number };
    figures.push({ perSecond: deliveries / took, cpu: (used * 1e6) / deliveries });
  }
  return figures;
}

interface Row extends Step {
  /** Deliveries a second. */
  readonly rounds: readonly number[];
  readonly cpu: readonly number[];
}

/** What is measured with one message under way and with four in one table, the rest in another. */
function tables(session: Session, rows: readonly Row[]): void {
  const cells = ({ against, rounds, cpu }: Row): string[] => {
    const other = rows.find((row) => row.name === against);
    const rate = middle(rounds.map((perSecond) => perSecond / 1_000));
    return [rate, middle(ratios(rounds, other?.rounds)), middle(cpu)];
  };
  const baseOf = (name: string): string => name.replace(/, [14] at once$/, "");
  const ones = rows.filter(({ name }) => name.endsWith(", 1 at once"));
  session.table(
    ["", "1 at once: thousand/s", "ratio", "CPU", "4 at once: thousand/s", "ratio", "CPU"],
    ones.map((row) => {
      const name = baseOf(row.name);
      const four = rows.find((other) => other.name === `${name}, 4 at once`);
      return [name, ...cells(row), ...(four === undefined ? ["–", "–", "–"] : cells(four))];
    }),
  );
  const bases = new Set(ones.map(({ name }) => baseOf(name)));
  const others = rows.filter(({ name }) => !bases.has(baseOf(name)));
  if (others.length === 0) return;
  session.say("4 at once; ids to the group of 5,000, groups of 10 to the group of 10,000:");
  session.table(
    ["", "thousand/s", "ratio"],
    others.map((row) => [baseOf(row.name), ...cells(row).slice(0, 2)]),
  );
}

/** Deliveries a second: groups, beside a bare loop and beside those who do the same, in turns. */
export async function fanOutBench(session: Session): Promise<void> {
  const all = contenders(session.effort.quick);
  session.say(
    "Deliveries of 62-byte texts to 5,000 clients with one or four messages to everybody under " +
      "way, and the CPU of the process that delivers, for each; ratios are to the loop on the " +
      "same runtime. Goal with one under way: 0.98 for a group on Bun.",
  );
  const missing = nchanMissing();
  if (missing !== undefined) session.say(`Without nchan: ${missing}.`);
  const named = all.map((one) => ({ ...one, name: one.steps.map(({ name }) => name).join(", ") }));
  const results = await inTurns(named, session.turns(2), (one) => measure(one, session));
  const rows: readonly Row[] = all.flatMap(({ steps }, index) =>
    steps.map((step, at) => {
      const figures = results[index]!.map((round) => round[at]!);
      const rounds = figures.map(({ perSecond }) => perSecond);
      return { ...step, rounds, cpu: figures.map((figure) => figure.cpu) };
    }),
  );
  tables(session, rows);
  session.bars("fan-out", "Deliveries a second", rows);
  for (const { name, rounds, cpu } of rows) {
    session.keep(name, rounds);
    session.keep(`${name}: cpu`, cpu);
  }
}
