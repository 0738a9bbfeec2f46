import { writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { limits } from "../../../core/base/mod.ts";
import { within } from "../../support/process/wait.ts";
import { Crowd } from "../measure/crowd.ts";
import { nameOfOurs } from "../measure/entrants.ts";
import { type Line, linePlot } from "../measure/plots/line-plot.ts";
import type { Contestant } from "../measure/processes.ts";
import type { Session } from "../measure/session.ts";

const clients = 1_000;
const queueBytes = 65_536;
const messageBytes = 10_000;
const rounds = 20;
const sampleMs = 20;
/** Long enough that the close frames that nobody reads are given up too. */
const afterMs = 6_000;
const runMsMax = 40_000;
/** From the root, and from the page. */
const picture = { written: "docs/unread-clients.svg", shown: "unread-clients.svg" };
const mebibyte = 1_048_576;

interface Run {
  readonly name: string;
  readonly points: [number, number][];
  readonly boundBytes: number;
  /** Of the table. */
  readonly cells: readonly string[];
}

/**
 * What a queue's buffers may take beside the bytes in them: `npm run bench -- queued` shows it.
 * Those of Bun's own server double when they are full. With engine wasm they are ours: a block
 * that fills, and what the stream has under way, cut from a slab.
 */
function slackBytes({ engine }: Contestant): number {
  return engine === "native" ? queueBytes : limits.backlogBlockBytes + limits.slabBytes;
}

async function measure(contestant: Contestant, crowd: Crowd, session: Session): Promise<Run> {
  const { server } = crowd;
  const points: [number, number][] = [];
  const beganAt = performance.now();
  const now = (): number => (performance.now() - beganAt) / 1_000;
  const sampling = setInterval(() => points.push([now(), server.residentBytes()]), sampleMs);
  /** The most that is resident while something is done. */
  const most = async (done: Promise<unknown>): Promise<number> => {
    const from = points.length;
    await done;
    return Math.max(...points.slice(from).map(([, bytes]) => bytes));
  };
  const rest = await most(wait(500));
  // The same traffic to clients that read: what it costs when nothing waits, garbage included.
  const load = { rounds, messageBytes };
  let work = await most(crowd.send(crowd.readers, load));
  work = Math.max(work, await most(crowd.send(crowd.readers, load)));
  const deafAt = now();
  const peak = await most(crowd.send(crowd.deaf, load).then(() => wait(afterMs)));
  clearInterval(sampling);
  const slow = await crowd.counter(/^wss_errors_total\{code="send-queue-full"\} (\d+)/m);
  const parts = [rest, work - rest, clients * queueBytes, clients * slackBytes(contestant)];
  const boundBytes = parts.reduce((sum, part) => sum + part, 0);
  const name = nameOfOurs(contestant);
  const cells = [name, ...[peak, boundBytes, ...parts].map(inMiB), String(slow)];
  const runtimeName = contestant.runtime === "bun" ? "Bun" : "Node.js";
  session.keep(`${runtimeName}: most`, [peak / mebibyte]);
  session.keep(`${runtimeName}: bound`, [boundBytes / mebibyte]);
  const shown = points.map(([at, bytes]): [number, number] => [at - deafAt, bytes / mebibyte]);
  return { name, points: shown.filter(([at]) => at >= 0), boundBytes, cells };
}

function inMiB(bytes: number): string {
  return (bytes / mebibyte).toFixed(0);
}

function draw(runs: readonly Run[]): void {
  const colours = ["#0b62a4", "#c2571a"];
  const lines: Line[] = runs.flatMap(({ name, points, boundBytes }, index) => {
    const colour = colours[index] ?? "#444";
    const bound = boundBytes / mebibyte;
    const ends = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
    const dashed = ends.map((at): [number, number] => [at, bound]);
    return [
      { name, colour, points },
      { name: `${name}, bound`, colour, dashed: true, points: dashed },
    ];
  });
  const title = "Gateway memory: 1,000 clients that never read are sent 200 MB";
  const texts = { title, x: "seconds since the first message", y: "resident memory, MiB" };
  writeFileSync(picture.written, linePlot(lines, texts));
}

/** Memory of a gateway whose clients read nothing while they are sent 200 MB; draws it too. */
export async function unreadBench(
  contestants: readonly Contestant[],
  session: Session,
): Promise<void> {
  session.rounds(1);
  const runs: Run[] = [];
  for (const contestant of contestants) {
    await using crowd = await Crowd.open(contestant, { count: clients, queueBytes });
    const run = measure(contestant, crowd, session);
    runs.push(await within(run, { deadline: runMsMax, what: "the unread bench" }));
  }
  session.say(
    `MiB resident in a node whose ${clients.toLocaleString("en")} clients read nothing while ` +
      "they are sent 200 MB, and the parts of its bound; the clients are closed as slow.",
  );
  const parts = ["at rest", "at work", "queues", "slack"];
  session.table(
    ["", "most", "bound", ...parts, "closed"],
    runs.map(({ cells }) => cells),
  );
  draw(runs);
  session.say(`![Lines: memory while nobody reads](${picture.shown})`);
}
