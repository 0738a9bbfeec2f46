import { type EchoFigure, throughEverything, wsEcho } from "../measure/echo.ts";
import { type Contestant, median, nameOf, spread } from "../measure/processes.ts";

const sizes = [64, 4_096, 65_536] as const;
const kinds = ["text", "binary"] as const;

/**
 * The echo with messages of several sizes, 16 connections with 4 in flight each, against an
 * in-process echo on Node with `ws`, in turns.
 */
export async function sizesBench(
  contestants: readonly Contestant[],
  rounds: number,
  print: (line: string) => void,
): Promise<void> {
  for (const size of sizes) {
    for (const kind of kinds) {
      const load = { connections: 16, inFlight: 4, seconds: 3, messageBytes: size, kind };
      const baseline: EchoFigure[] = [];
      const figures = contestants.map((): EchoFigure[] => []);
      for (let round = 0; round < rounds; round++) {
        baseline.push(await wsEcho(load));
        for (const [index, contestant] of contestants.entries()) {
          figures[index]?.push(await throughEverything(contestant, load));
        }
      }
      print(`echo, 16 connections, 4 in flight each, ${size}-byte ${kind}, ${rounds} rounds:`);
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
    spread(
      figures.map((figure, round) => read(figure) / read(baseline[round] ?? figure)),
      2,
    );
  const own = median(figures.map(cpuOf));
  return (
    `  ${name.padEnd(42)} ratio of messages/s ${ratio((one) => one.messagesPerSecond)}, ` +
    `of CPU ${ratio(cpuOf)}, ${own.toFixed(1)} µs`
  );
}
