import { type EchoFigure, type EchoSize, throughEverything, wsEcho } from "../measure/echo.ts";
import { nameOfOurs } from "../measure/entrants.ts";
import type { Contestant } from "../measure/processes.ts";
import { middle, ranged, ratios, type Session } from "../measure/session.ts";

const kinds = ["text", "binary"] as const;

type Load = Pick<EchoSize, "connections" | "inFlight" | "messageBytes" | "warmUpMessages">;

/** Messages of several sizes. */
export const sizes: readonly Load[] = [
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
  session: Session,
): Promise<void> {
  const rounds = session.rounds();
  const rows: string[][] = [];
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
      const what =
        loads === small
          ? `${connections} × ${inFlight}`
          : `${messageBytes?.toLocaleString("en")} bytes`;
      rows.push([`${what}, ${kind}`, ...figures.flatMap((one) => held(one, baseline))]);
    }
  }
  const { connections, inFlight } = loads[0]!;
  const what = loads === small ? "messages of 64 bytes" : `${connections} × ${inFlight}`;
  session.say(
    `Echoes, ${what}, and the CPU of the gateway, as ratios to \`ws\` in one process on ` +
      "Node.js; ours over mosquitto with an assigned origin.",
  );
  const columns = contestants.flatMap((one) => [`${nameOfOurs(one)}: messages/s`, "CPU"]);
  session.table(["", ...columns], rows);
}

const cpuOf = ({ cost }: EchoFigure): number => cost.server ?? Number.NaN;

/** Messages a second, and CPU, to those of the baseline. */
function held(figures: readonly EchoFigure[], baseline: readonly EchoFigure[]): string[] {
  const ratio = (read: (figure: EchoFigure) => number): number[] =>
    ratios(figures.map(read), baseline.map(read));
  return [ranged(ratio((one) => one.messagesPerSecond)), middle(ratio(cpuOf))];
}
