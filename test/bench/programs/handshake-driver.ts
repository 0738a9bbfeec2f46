/**
 * The load of the handshake bench: clients that connect, wait for the 101 and leave. Arguments:
 * port, clients at once, seconds. Prints one JSON line: handshakes and the seconds they took.
 */
import { connect } from "node:net";
import process from "node:process";

const [port, atOnce, seconds] = process.argv.slice(2).map(Number) as [number, number, number];
const warmUpMs = 1_000;
const request =
  "GET / HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

function fail(reason: string): never {
  process.stderr.write(`handshakes: ${reason}\n`);
  process.exit(1);
}

let start = performance.now();
let counting = false;
let handshakes = 0;

function upgraded(): void {
  const now = performance.now();
  handshakes++;
  if (!counting && now - start > warmUpMs) {
    counting = true;
    start = now;
    handshakes = 0;
    process.stdout.write(`${JSON.stringify({ event: "counting" })}\n`);
  } else if (counting && now - start > seconds * 1_000) {
    const event = "counted";
    const line = JSON.stringify({ event, handshakes, seconds: (now - start) / 1_000 });
    process.stdout.write(`${line}\n`, () => process.exit(0));
  }
}

function client(): void {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let head = "";
  socket.on("connect", () => socket.write(request));
  socket.on("error", (error) => fail(error.message));
  socket.on("data", (chunk) => {
    head += chunk.toString("latin1");
    if (!head.includes("\r\n\r\n")) return;
    if (!head.startsWith("HTTP/1.1 101")) fail(head.slice(0, 200));
    upgraded();
    // With a reset: ports that wait after a close would soon be used up.
    socket.resetAndDestroy();
    client();
  });
}

for (let index = 0; index < atOnce; index++) client();
