import { setTimeout as wait } from "node:timers/promises";
import { Crowd } from "../measure/crowd.ts";
import { nameOfOurs } from "../measure/entrants.ts";
import type { Contestant } from "../measure/processes.ts";
import { ranged, type Session } from "../measure/session.ts";

const count = 300;
/** So large that nobody is closed. */
const queueBytes = 4_194_304;
const levelBytes = 50_000;
/** The kernel takes about what comes before the first of these levels. */
const levels = [4, 5, 6, 7, 8];
const settleMs = 400;
/** With less the rest of the process would drown it. */
const waitingBytesMin = 10_000_000;

/** Bytes resident for each byte that waits in send queues, garbage collected: of most levels. */
async function residentOfQueued(crowd: Crowd, messageBytes: number): Promise<number[]> {
  const rounds = Math.round(levelBytes / messageBytes);
  await crowd.send(crowd.readers, { rounds: rounds * 4, messageBytes });
  await crowd.collectedBytes();
  await wait(settleMs);
  const restBytes = await crowd.collectedBytes();
  const restSent = await crowd.counter(/^wss_message_bytes_sent_total (\d+)/m);
  const ratios: number[] = [];
  let level = 0;
  for (const next of levels) {
    await crowd.send(crowd.deaf, { rounds: rounds * (next - level), messageBytes });
    level = next;
    await wait(settleMs);
    await crowd.collectedBytes();
    await wait(settleMs);
    const resident = (await crowd.collectedBytes()) - restBytes;
    const sent = (await crowd.counter(/^wss_message_bytes_sent_total (\d+)/m)) - restSent;
    const waiting = sent - crowd.kernelBytes();
    if (waiting >= waitingBytesMin) ratios.push(resident / waiting);
  }
  return ratios;
}

/** What a byte costs that waits in a send queue: the runtime's buffers and our own. */
export async function queuedBench(
  contestants: readonly Contestant[],
  session: Session,
): Promise<void> {
  session.rounds(1);
  const sizes = [10_000, 200] as const;
  const rows: string[][] = [];
  for (const contestant of contestants) {
    const cells: string[] = [];
    for (const messageBytes of sizes) {
      await using crowd = await Crowd.open(contestant, { count, queueBytes });
      cells.push(ranged(await residentOfQueued(crowd, messageBytes)));
    }
    rows.push([nameOfOurs(contestant), ...cells]);
  }
  session.say(
    "Bytes resident for each byte that waits in a send queue, after garbage collection, while " +
      "ever more messages of one size wait.",
  );
  session.table(["", ...sizes.map((bytes) => `${bytes.toLocaleString("en")} bytes`)], rows);
}
