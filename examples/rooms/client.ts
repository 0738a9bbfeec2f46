// Talks in a room: npx bun examples/rooms/client.ts ada tea. It sends each line that you type.
import process from "node:process";
import { createInterface } from "node:readline";

const [user = "ada", room = "lobby", server = "ws://127.0.0.1:8080"] = process.argv.slice(2);
const socket = new WebSocket(`${server}/${room}?token=${user}`);
const lines = createInterface({ input: process.stdin });

socket.onopen = () => {
  console.log(`You are ${user} in ${room}. Try /who, /tell bob hello, /move lobby, /kick bob.`);
  lines.on("line", (line) => socket.send(line));
};
socket.onmessage = ({ data }) => console.log(data);
socket.onclose = ({ code, reason }) => {
  console.log(`Closed: ${code} ${reason}`.trim());
  lines.close();
};
lines.once("close", () => socket.close());
