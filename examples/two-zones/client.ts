// Talks to one node: npx bun examples/two-zones/client.ts ws://127.0.0.1:PORT. It sends each line
// that you type.
import process from "node:process";
import { createInterface } from "node:readline";

const socket = new WebSocket(process.argv[2] ?? "ws://127.0.0.1:8080");

socket.onopen = () => {
  console.log("Say something to both zones, or try /who and /tell ID hello.");
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => socket.send(line));
  lines.once("close", () => socket.close());
};
socket.onmessage = ({ data }) => console.log(data);
socket.onclose = ({ code, reason }) => {
  console.log(`Closed: ${code} ${reason}`.trim());
  process.exit(0);
};
