import { type Figure, throughEverything, wsEcho } from "./echo.ts";
import { type Contestant, median, nameOf, spread } from "./measure/processes.ts";

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
      const load = [16, 4, 0, size, kind] as const;
      const baseline: Figure[] = [];
      const figures = contestants.map((): Figure[] => []);
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

function row(name: string, figures: readonly Figure[], baseline: readonly Figure[]): string {
  const ratio = (read: (figure: Figure) => number): string =>
    spread(
      figures.map((figure, round) => read(figure) / read(baseline[round] ?? figure)),
      2,
    );
  const own = median(figures.map((figure) => figure.cpuMicrosecondsPerMessage));
  return (
    `  ${name.padEnd(42)} ratio of messages/s ${ratio((one) => one.messagesPerSecond)}, ` +
    `of CPU ${ratio((one) => one.cpuMicrosecondsPerMessage)}, ${own.toFixed(1)} µs`
  );
}
