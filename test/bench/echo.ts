import { Mosquitto } from "../support/broker/mosquitto.ts";
import {
  type BenchProcess,
  type Contestant,
  gateway,
  median,
  nameOf,
  onBun,
  onNode,
  spread,
} from "./measure/processes.ts";

const seconds = 3;

export interface Figure {
  readonly messagesPerSecond: number;
  /** CPU of the serving process (not of broker, origin or generator). */
  readonly cpuMicrosecondsPerMessage: number;
  /** CPU of the processes that `measure` was given, and of the generator. */
  readonly allCpuMicrosecondsPerMessage: number;
}

interface Generated {
  readonly messages: number;
  readonly seconds: number;
  /** Of the generator itself. */
  readonly cpuSeconds: number;
  readonly roundTripMicroseconds: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
  };
}

/** What the generator sends: the messages of the warm-up come before those that count. */
export type Load = readonly [
  connections: number,
  inFlight: number,
  warmUpMessages?: number,
  messageBytes?: number,
  kind?: "text" | "binary",
];

/** Loads a port with echo traffic, from a process of its own. */
export async function generate(
  port: unknown,
  [connections, inFlight, warmUpMessages = 0, messageBytes = 64, kind = "text"]: Load,
  counting: () => void = () => {},
): Promise<Generated> {
  const numbers = [port, connections, inFlight, seconds, warmUpMessages, messageBytes];
  const generator = onNode("generator", ...numbers.map(String), kind);
  try {
    await generator.line("counting");
    counting();
    return JSON.parse(await generator.line("{")) as Generated;
  } finally {
    await generator.end();
  }
}

/** Loads `server`. CPU of `others` counts for all processes together. */
export async function measure(
  server: BenchProcess,
  port: unknown,
  load: Load,
  others: readonly BenchProcess[] = [],
): Promise<Figure> {
  const processes = [server, ...others];
  let before: readonly number[] = [];
  const result = await generate(port, load, () => {
    before = processes.map((one) => one.cpuSeconds());
  });
  const [own = 0, ...rest] = processes.map((one, index) => one.cpuSeconds() - before[index]!);
  const all = rest.reduce((sum, cpu) => sum + cpu, own + result.cpuSeconds);
  return {
    messagesPerSecond: result.messages / result.seconds,
    cpuMicrosecondsPerMessage: (own * 1e6) / result.messages,
    allCpuMicrosecondsPerMessage: (all * 1e6) / result.messages,
  };
}

export async function wsEcho(load: Load): Promise<Figure> {
  const server = onNode("ws-echo");
  try {
    return await measure(server, (await server.event("started")).port, load);
  } finally {
    await server.end();
  }
}

export async function throughEverything(contestant: Contestant, load: Load): Promise<Figure> {
  await using broker = await Mosquitto.start();
  return await throughBroker(contestant, broker.url(), load);
}

/** An echo by an origin that the gateway reaches over a broker. */
export async function throughBroker(
  contestant: Contestant,
  broker: string,
  load: Load,
): Promise<Figure> {
  const origin = onBun("echo-origin", broker, contestant.mode ?? "assigned");
  const server = gateway(contestant, broker);
  try {
    await origin.event("started");
    return await measure(server, (await server.event("started")).port, load);
  } finally {
    await origin.end();
    await server.end();
  }
}

/**
 * Echo through everything (client → gateway → mosquitto, QoS 1 → origin → mosquitto → gateway →
 * client) against an in-process echo on Node with `ws`, in turns.
 */
export async function echoBench(
  contestants: readonly Contestant[],
  rounds: number,
  print: (line: string) => void,
): Promise<void> {
  for (const inFlight of [1, 32]) {
    const load = [64, inFlight] as const;
    const baseline: Figure[] = [];
    const figures = contestants.map((): Figure[] => []);
    for (let round = 0; round < rounds; round++) {
      baseline.push(await wsEcho(load));
      // Forth and back, so that what slows the machine down for a while favours nobody.
      const turns = [...contestants.entries()];
      if (round % 2 === 1) turns.reverse();
      for (const [index, contestant] of turns) {
        figures[index]?.push(await throughEverything(contestant, load));
      }
    }
    print(`echo, 64 connections, ${inFlight} in flight each, 64-byte text, ${rounds} rounds:`);
    print(row("ws on node, in-process", baseline, baseline));
    for (const [index, contestant] of contestants.entries()) {
      print(row(nameOf(contestant), figures[index] ?? [], baseline));
    }
    for (const line of assignedAgainstOpen(contestants, figures)) print(line);
  }
}

/** What assigned mode costs: rounds of the same runtime and engine, one beside the other. */
function assignedAgainstOpen(
  contestants: readonly Contestant[],
  figures: readonly (readonly Figure[])[],
): string[] {
  const lines: string[] = [];
  contestants.forEach((open, index) => {
    if (open.mode !== "open") return;
    const { runtime, engine } = open;
    const other = contestants.findIndex(
      (one) => one.runtime === runtime && one.engine === engine && one.mode !== "open",
    );
    const ratios = (figures[other] ?? []).map(
      ({ messagesPerSecond }, round) =>
        messagesPerSecond / (figures[index]?.[round]?.messagesPerSecond ?? Number.NaN),
    );
    if (ratios.length === 0) return;
    lines.push(`  assigned / open, ${runtime} ${engine}: ${spread(ratios, 2)} (goal: 0.85)`);
  });
  return lines;
}

function row(name: string, figures: readonly Figure[], baseline: readonly Figure[]): string {
  const rates = figures.map((figure) => figure.messagesPerSecond);
  const ratios = rates.map((rate, index) => rate / (baseline[index]?.messagesPerSecond ?? 1));
  const cpu = median(figures.map((figure) => figure.cpuMicrosecondsPerMessage));
  return (
    `  ${name.padEnd(42)} ${spread(rates, 0)} messages/s, ratio ${spread(ratios, 2)}, ` +
    `${cpu.toFixed(1)} µs CPU a message in the serving process`
  );
}
