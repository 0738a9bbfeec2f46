/** An origin over HTTP that answers each POST with a small JSON document. Words: none. */
import process from "node:process";

const answer = JSON.stringify([["send", "n.0123456789abcdef", "a message of twenty bytes"]]);
const headers = { "content-type": "application/json" };

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    await request.text();
    return new Response(answer, { headers });
  },
});
process.stdout.write(`${JSON.stringify({ event: "started", port: server.port })}\n`);
