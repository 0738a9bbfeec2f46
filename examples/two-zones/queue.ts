// The queue of one zone: what clients do becomes jobs, which workers take over HTTP.
// `GET /job` takes one, or waits for one; `DELETE /job/ID` says that it is done.
// Arguments: the zone, the broker's URL, a port.
import { randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import process from "node:process";
import { connectOrigin } from "websocket-service/origin";
import { type Job, visibilityMs } from "./job.ts";

const [zone = "a", broker = "mqtt://127.0.0.1:1883", port = "0"] = process.argv.slice(2);

/** A worker that asks waits this long at most. */
const askMs = 10_000;

const waiting: Job[] = [];
const idle: ServerResponse[] = [];
const unfinished = new Map<string, () => void>();

/** Resolves when the job is done. */
function put(job: Omit<Job, "id">): Promise<void> {
  const id = randomUUID();
  return new Promise((resolve) => {
    unfinished.set(id, resolve);
    waiting.push({ id, ...job });
    give();
  });
}

function give(): void {
  while (waiting.length > 0 && idle.length > 0) {
    const job = waiting.shift() as Job;
    (idle.shift() as ServerResponse).end(JSON.stringify(job));
    setTimeout(() => {
      if (!unfinished.has(job.id)) return;
      waiting.unshift(job);
      give();
    }, visibilityMs);
  }
}

function ask(worker: ServerResponse): void {
  idle.push(worker);
  const leave = (): void => {
    const at = idle.indexOf(worker);
    if (at >= 0) idle.splice(at, 1);
  };
  const timer = setTimeout(() => {
    leave();
    worker.writeHead(204).end();
  }, askMs);
  worker.once("close", () => {
    clearTimeout(timer);
    leave();
  });
  give();
}

const server = createServer((request, response) => {
  const [, path, id = ""] = (request.url ?? "").split("/");
  if (path !== "job") response.writeHead(404).end();
  else if (request.method === "GET") ask(response);
  else {
    unfinished.get(id)?.();
    unfinished.delete(id);
    response.writeHead(204).end();
  }
});
await new Promise<void>((resolve) => server.listen(Number(port), "127.0.0.1", resolve));

// A node keeps an event until it is confirmed, so nothing is lost with this process. Past `window`
// unfinished jobs a node stops reading its sockets, so the queue stays small.
const origin = await connectOrigin({ broker, name: `queue-${zone}`, window: 1_000 });
origin.on("error", ({ error }) => console.error(error.message));
origin.on("open", ({ connection: { id } }) => put({ kind: "open", connection: id, text: "" }));
origin.on("message", ({ connection: { id }, data }) =>
  put({ kind: "message", connection: id, text: String(data) }),
);
console.log("ready");

// The workers finish what it has; what comes after that stays with the nodes.
process.once("SIGTERM", async () => {
  await origin.close();
  process.exit(0);
});
