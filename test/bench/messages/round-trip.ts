import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { echo } from "../measure/echo.ts";
import { bunNative, bunWasm, entrantOf, nodeWasm, peersOf } from "../measure/entrants.ts";
import { onBun } from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { ranged, ratios, type Session } from "../measure/session.ts";
import type { Entrant } from "../measure/stage.ts";

const seconds = 3;
const alone = { connections: 1, inFlight: 1, seconds } as const;

/** One row: its name, and the median of its round trips in microseconds. */
interface Row {
  readonly name: string;
  readonly measure: () => Promise<number>;
}

/** A publish → subscribe → publish → subscribe loop through mosquitto, without a gateway. */
async function bareLoop(broker: Mosquitto, kind: "raw" | "mqtt"): Promise<number> {
  await using answering = onBun("bare-loop", "answer", kind, broker.url());
  await answering.event("started");
  await using asking = onBun("bare-loop", "ask", kind, broker.url(), String(seconds));
  return (JSON.parse(await asking.line("{")) as { p50: number }).p50;
}

async function echoAlone(entrant: Entrant): Promise<number> {
  await using stage = await entrant.start();
  return (await echo(stage, alone)).roundTripMicroseconds.p50;
}

/** One message on its way, through everything and through each part alone. */
export async function roundTripBench(session: Session): Promise<void> {
  await using broker = await Mosquitto.start();
  const rowOf = (entrant: Entrant): Row => ({
    name: entrant.name,
    measure: () => echoAlone(entrant),
  });
  const parts: readonly Row[] = [
    rowOf(peersOf("echo")[0]!),
    { name: "mosquitto, QoS 0, on the socket", measure: () => bareLoop(broker, "raw") },
  ];
  const rows: readonly Row[] = [
    ...parts,
    { name: "mosquitto, QoS 1, MQTT.js", measure: () => bareLoop(broker, "mqtt") },
    ...[bunNative, bunWasm, nodeWasm].map((ours) => rowOf(entrantOf(ours))),
    rowOf(entrantOf({ ...bunNative, mode: "open" })),
  ];
  session.say(
    "One connection with one message on its way: the median of its round trips in µs, and its " +
      "ratio to the sum of the first two rows, which nobody can save. Goal: 1.5 on Bun, native.",
  );
  const results = await inTurns(rows, session.turns(), ({ measure }) => measure());
  const [inProcess, loop] = results as [number[], number[]];
  const least = inProcess.map((figure, round) => figure + (loop[round] ?? Number.NaN));
  session.table(
    ["", "µs", "ratio"],
    rows.map(({ name }, index) => [
      name,
      ranged(results[index]!),
      index < parts.length + 1 ? "–" : ranged(ratios(results[index]!, least)),
    ]),
  );
  for (const [index, { name }] of rows.entries()) session.keep(name, results[index]!);
}
