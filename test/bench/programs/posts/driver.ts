/**
 * POSTs with 64 requests in flight, for some seconds after a warm-up, and prints CPU and wall time
 * of each. Words: way (`own`, `fetch`, `node`), URL, seconds.
 */
import http from "node:http";
import process from "node:process";
import { HttpClient } from "../../../../adapters/http-client/mod.ts";
import { SystemClock } from "../../../../adapters/system/mod.ts";

const [way = "own", url = "", seconds = "3"] = process.argv.slice(2);
const inFlight = 64;
/** Until the runtime has compiled what is hot, however busy the machine is. */
const warmUpPosts = 20_000;
/** A server that hangs ends the bench. */
const warmUpMsMax = 60_000;
const body = JSON.stringify({
  WebSocketEvent: {
    ConnectionId: "bi4wMTIzNDU2Nzg5YWJjZGVm",
    ConnectionEstablished: null,
    ConnectionClosed: null,
    MessageReceived: { Binary: null, Text: "a message of twenty bytes" },
  },
  WebSocketKeepAlives: null,
});
const headers = { "content-type": "application/json" };

/** One POST, until its answer has been read. */
type Post = () => Promise<number>;

const client = new HttpClient({}, { clock: new SystemClock() });
const agent = new http.Agent({ keepAlive: true, maxSockets: inFlight });

const ways: Readonly<Record<string, Post>> = {
  own: async () => (await client.post(url, { headers, body })).body.length,
  fetch: async () => {
    const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual" });
    return (await answer.arrayBuffer()).byteLength;
  },
  node: () =>
    new Promise((resolve, reject) => {
      const request = http.request(url, { method: "POST", agent, headers }, (answer) => {
        let length = 0;
        answer.on("data", (piece: Uint8Array) => {
          length += piece.length;
        });
        answer.on("end", () => resolve(length));
      });
      request.on("error", reject);
      request.end(body);
    }),
};

const post = ways[way];
if (post === undefined) throw new Error(`no way ${way}`);
let count = 0;
let running = true;

async function loop(send: Post): Promise<void> {
  while (running) {
    if ((await send()) === 0) throw new Error("an empty answer");
    count++;
  }
}

const loops = Array.from({ length: inFlight }, () => loop(post));
const warmUpEnd = performance.now() + warmUpMsMax;
while (count < warmUpPosts) {
  if (performance.now() > warmUpEnd) throw new Error(`only ${count} posts were answered`);
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const [before, startedAt, cpu] = [count, performance.now(), process.cpuUsage()];
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000));
const { user, system } = process.cpuUsage(cpu);
const posts = count - before;
const wallMicros = ((performance.now() - startedAt) * 1_000) / posts;
running = false;
await Promise.all(loops);
client.close();
agent.destroy();
const cpuMicros = (user + system) / posts;
process.stdout.write(`${JSON.stringify({ event: "posted", cpuMicros, wallMicros, posts })}\n`);
