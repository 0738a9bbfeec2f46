/** A peer of the benches: Deno's own server, nothing else. Argument: `echo` or `count`. */
import process from "node:process";
import { deno } from "../../../../runtimes/deno/deno-api.ts";
import { counter, started } from "../parts/counts.ts";

const [, , role = "echo"] = process.argv;
const count = role === "count" ? counter() : undefined;
const { signal } = new AbortController();
const server = deno.serve(
  {
    hostname: "127.0.0.1",
    port: 0,
    reusePort: false,
    signal,
    onListen: () => {},
    onError: (error) => new Response(String(error), { status: 500 }),
  },
  (request) => {
    const { socket, response } = deno.upgradeWebSocket(request, { idleTimeout: 0 });
    socket.onmessage = count ?? (({ data }) => socket.send(data));
    return response;
  },
);
started(server.addr.port);
