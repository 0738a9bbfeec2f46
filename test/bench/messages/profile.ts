import { generate } from "../measure/echo.ts";
import { bunNative, entrantOf, nodeWasm, peersOf } from "../measure/entrants.ts";
import { inTurns } from "../measure/rounds.ts";
import { middle, type Session } from "../measure/session.ts";
import type { Entrant } from "../measure/stage.ts";
import {
  type CallKind,
  canCountCalls,
  countCalls,
  kernelSeconds,
} from "../measure/system-calls.ts";

const loads = [
  { connections: 64, inFlight: 1 },
  { connections: 1, inFlight: 1 },
] as const;
const seconds = 3;
/** Of those: `perf` takes a moment to begin. */
const countedSeconds = 2;

const entrants: readonly Entrant[] = [
  ...peersOf("echo").slice(0, 2),
  ...[bunNative, nodeWasm].map((ours) => entrantOf(ours)),
];

const columns = ["kernelShare", "sends", "receives", "polls"] as const;
type Figure = Record<(typeof columns)[number] | "microseconds", number>;

/** What one message costs the process that holds the connections. */
async function measure(entrant: Entrant, { effort }: Session): Promise<Figure[]> {
  await using stage = await entrant.start();
  const pid = stage.servers[0]!.pid!;
  const figures: Figure[] = [];
  for (const size of loads) {
    let before = kernelSeconds(pid);
    let calls: Promise<Record<CallKind, number>> | undefined;
    const load = { ...size, seconds, warmUpMs: effort.warmUpMs * 2, port: stage.ports[0]! };
    const { messages, seconds: took } = await generate(load, () => {
      before = kernelSeconds(pid);
      calls = countCalls(pid, countedSeconds);
    });
    const after = kernelSeconds(pid);
    const rates = (await calls)!;
    const each = took / messages;
    const spent = after.all - before.all;
    figures.push({
      microseconds: (spent * 1e6) / messages,
      kernelShare: (after.kernel - before.kernel) / spent,
      sends: rates.sends * each,
      receives: rates.receives * each,
      polls: rates.polls * each,
    });
  }
  return figures;
}

/** Why a message costs what it does: system calls and turns of the event loop. */
export async function profileBench(session: Session): Promise<void> {
  if (!canCountCalls()) {
    session.say("Not measured: `perf` is missing, or may not count system calls here.");
    return;
  }
  session.say(
    "What an echo costs the process that holds the connections: CPU, the kernel's share, and " +
      "system calls (`perf stat`); a poll is a turn of the event loop. " +
      "64 × 1; alone is 1 × 1.",
  );
  const results = await inTurns(entrants, session.turns(), (entrant) => measure(entrant, session));
  const rows = loads.flatMap(({ connections }, at) =>
    entrants.map(({ name }, index) => {
      const of = (column: keyof Figure): number[] =>
        results[index]!.map((round) => round[at]![column]);
      return [
        connections === 1 ? `${name}, alone` : name,
        middle(of("microseconds")),
        ...columns.map((column) => middle(of(column))),
      ];
    }),
  );
  session.table(["", "CPU", "in the kernel", "sends", "receives", "polls"], rows);
}
