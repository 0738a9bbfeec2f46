/** POSTs with 64 requests in flight, by several ways. Words: rounds, URL. */
import http from "node:http";
import process from "node:process";
import { HttpClient } from "../../../../adapters/http-client/mod.ts";
import { SystemClock } from "../../../../adapters/system/mod.ts";
import { contest } from "../contest.ts";

const [rounds, url = ""] = process.argv.slice(2);
const inFlight = 64;
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
const client = new HttpClient({}, { clock: new SystemClock() });
const agent = new http.Agent({ keepAlive: true, maxSockets: inFlight });

function check(bytes: number): void {
  if (bytes === 0) throw new Error("an empty answer");
}

const ways = {
  "adapters/http-client": async () =>
    check((await client.post(url, { headers, body })).body.length),
  fetch: async () => {
    const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual" });
    check((await answer.arrayBuffer()).byteLength);
  },
  "node:http, Agent": () =>
    new Promise<void>((resolve, reject) => {
      const request = http.request(url, { method: "POST", agent, headers }, (answer) => {
        let length = 0;
        answer.on("data", (piece: Uint8Array) => {
          length += piece.length;
        });
        answer.on("end", () => resolve(check(length)));
      });
      request.on("error", reject);
      request.end(body);
    }),
};

await contest(ways, { rounds: Number(rounds), inFlight, warmUps: 10_000 });
client.close();
agent.destroy();
