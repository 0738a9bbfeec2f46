// Does the jobs of one zone's queue. It sends commands and receives no events of clients.
// Arguments: the zone, the broker's URL, the queue's URL.
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { connectOrigin } from "websocket-service/origin";
import { answerMs, type Job } from "./job.ts";

const [zone = "a", broker = "mqtt://127.0.0.1:1883", queue = ""] = process.argv.slice(2);
const jobsAtOnce = 8;
const retryMs = 500;

// In open mode an origin announces nothing, so the nodes give it no connections.
const origin = await connectOrigin({ broker, name: `worker-${zone}`, mode: "open" });
origin.on("error", ({ error }) => console.error(error.message));

async function work({ kind, connection: id, text }: Job): Promise<void> {
  const connection = origin.connection(id);
  if (kind === "open") {
    connection.send(`you are ${id}`);
    return;
  }
  const [word, target = "", ...rest] = text.split(" ");
  if (word === "/who") {
    const { count, missing } = await origin.everyone().count({ timeoutMs: 1_000 });
    const silent = missing.map((node) => `, no answer from ${node}`);
    connection.send([`${count} connected`, ...silent.sort()].join(""));
  } else if (word === "/tell") {
    const message = `${zone} tells you: ${rest.join(" ")}`;
    const told = origin.connection(target).sendWithReply(message, { timeoutMs: answerMs });
    connection.send(await told);
  } else {
    origin.everyone().publish(`${zone}: ${text}`);
  }
}

async function takeJobs(): Promise<never> {
  for (;;) {
    const job = await takeJob();
    if (job === undefined) continue;
    // A job that fails is done too: it would fail again.
    await work(job).catch((error) => console.error(String(error)));
    await origin.flushed();
    await fetch(`${queue}/job/${job.id}`, { method: "DELETE" }).catch(() => {});
  }
}

async function takeJob(): Promise<Job | undefined> {
  try {
    const answer = await fetch(`${queue}/job`);
    return answer.status === 200 ? ((await answer.json()) as Job) : undefined;
  } catch {
    await setTimeout(retryMs);
    return undefined;
  }
}

process.once("SIGTERM", async () => {
  await origin.close();
  process.exit(0);
});

console.log("ready");
await Promise.all(Array.from({ length: jobsAtOnce }, takeJobs));
