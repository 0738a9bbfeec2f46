import process from "node:process";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { bunNative, denoWasm, nameOfOurs, nodeWasm } from "../measure/entrants.ts";
import { packaged } from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { digits, ranged, type Session } from "../measure/session.ts";
import type { Ours } from "../measure/stage.ts";

/** Milliseconds from the death of a worker until another one takes connections in its place. */
async function measure(ours: Ours, broker: string): Promise<number> {
  await using server = packaged(ours, "--broker", broker, "--workers", "2");
  await server.event("started");
  const [victim] = server.children();
  if (victim === undefined) throw new Error("the gateway has no workers");
  const from = performance.now();
  process.kill(victim, "SIGKILL");
  await server.event("worker-started");
  return performance.now() - from;
}

/** How long the place of a worker stays empty that was killed. */
export async function workerDeathBench(session: Session): Promise<void> {
  const all = [bunNative, denoWasm, nodeWasm].map((ours) => ({ ours, name: nameOfOurs(ours) }));
  session.say(
    "One of two workers is killed: milliseconds until another one takes connections in its " +
      "place. Goal: 1,000.",
  );
  await using broker = await Mosquitto.start();
  const figures = await inTurns(all, session.turns(), ({ ours }) => measure(ours, broker.url()));
  session.table(
    ["", "ms"],
    all.map(({ name }, index) => [name, ranged(figures[index]!, digits)]),
  );
  for (const [index, { name }] of all.entries()) session.keep(name, figures[index]!);
}
