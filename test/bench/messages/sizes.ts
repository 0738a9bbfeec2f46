import { type EchoFigure, type EchoSize, throughEverything, wsEcho } from "../measure/echo.ts";
import { type Contestant, median, nameOf, spread } from "../measure/processes.ts";
import { ratios, type Session } from "../measure/session.ts";

const kinds = ["text", "binary"] as const;

type Load = Pick<EchoSize, "connections" | "inFlight" | "messageBytes" | "warmUpMessages">;

/** Messages of several sizes. */
export const sizes: readonly Load[] = [
  { connections: 16, inFlight: 4, messageBytes: 64, warmUpMessages: 20_000 },
  { connections: 16, inFlight: 4, messageBytes: 4_096, warmUpMessages: 20_000 },
  { connections: 16, inFlight: 4, messageBytes: 65_536, warmUpMessages: 2_000 },
];

/** Small messages, one under way and many: what tells engines apart. */
export const small: readonly Load[] = [
  { connections: 64, inFlight: 1, messageBytes: 64, warmUpMessages: 30_000 },
  { connections: 64, inFlight: 32, messageBytes: 64, warmUpMessages: 100_000 },
];

/**
 * The echo with text and with binary messages, against an in-process echo on Node with `ws`, in
 * turns. Figures begin when the runtimes have compiled what is hot.
 */
export async function sizesBench(
  contestants: readonly Contestant[],
  loads: readonly Load[],
  { effort: { rounds }, print }: Session,
): Promise<void> {
  for (const size of loads) {
    const { connections, inFlight, messageBytes } = size;
    for (const kind of kinds) {
      const load = { ...size, seconds: 3, kind };
      const baseline: EchoFigure[] = [];
      const figures = contestants.map((): EchoFigure[] => []);
      for (let round = 0; round < rounds; round++) {
        baseline.push(await wsEcho(load));
        for (const [index, contestant] of contestants.entries()) {
          figures[index]?.push(await throughEverything(contestant, load));
        }
      }
      const what = `${connections} connections, ${inFlight} in flight each`;
      print(`echo, ${what}, ${messageBytes}-byte ${kind}, ${rounds} rounds:`);
      print(row("ws on node, in-process", baseline, baseline));
      for (const [index, contestant] of contestants.entries()) {
        print(row(nameOf(contestant), figures[index] ?? [], baseline));
      }
    }
  }
}

const cpuOf = ({ cost }: EchoFigure): number => cost.server ?? Number.NaN;

function row(
  name: string,
  figures: readonly EchoFigure[],
  baseline: readonly EchoFigure[],
): string {
  const ratio = (read: (figure: EchoFigure) => number): string =>
    spread(ratios(figures.map(read), baseline.map(read)), 2);
  const own = median(figures.map(cpuOf));
  return (
    `  ${name.padEnd(42)} ratio of messages/s ${ratio((one) => one.messagesPerSecond)}, ` +
    `of CPU ${ratio(cpuOf)}, ${own.toFixed(1)} µs`
  );
}
