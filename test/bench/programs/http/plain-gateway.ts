/**
 * What one writes first: a WebSocket server that POSTs each message to the origin by `fetch`, and
 * is sent the answer by another POST. Argument: the URL of the origin.
 */
import process from "node:process";

const [origin = ""] = process.argv.slice(2);
const sockets = new Map<string, { send(data: string | Uint8Array): unknown }>();

const server = Bun.serve<{ id: string }>({
  hostname: "127.0.0.1",
  port: 0,
  fetch: async (request, self) => {
    const id = request.headers.get("x-connection");
    if (request.method === "POST" && id !== null) {
      sockets.get(id)?.send(await request.text());
      return new Response();
    }
    if (self.upgrade(request, { data: { id: crypto.randomUUID() } })) return undefined;
    return new Response("no WebSocket", { status: 426 });
  },
  websocket: {
    open: (socket) => void sockets.set(socket.data.id, socket),
    close: (socket) => void sockets.delete(socket.data.id),
    message: async (socket, data) => {
      const headers = {
        "x-connection": socket.data.id,
        "x-answer": `http://127.0.0.1:${server.port}/`,
      };
      const answer = await fetch(origin, { method: "POST", body: data, headers });
      await answer.arrayBuffer();
    },
  },
});
process.stdout.write(`${JSON.stringify({ event: "started", port: server.port })}\n`);
