/**
 * Clients that connect and stay, or that connect, wait for the 101 and leave. Argument: a
 * `ConnectLoad` as JSON. Prints one line of JSON: `opened` with the seconds that it took, when all
 * have connected, and then waits for its end; or `counting` and then `counted`.
 */
import { connect } from "node:net";
import process from "node:process";
import { answerPing, fail, open, openMany, requestOf, say, type Target } from "./wire.ts";

export interface ConnectLoad extends Target {
  /** Connections that stay. */
  readonly connections?: number;
  /** Connections before them that do not count, for the code to be compiled. They stay too. */
  readonly warmUp?: number;
  readonly atOnce: number;
  /** Where no connection stays: how long to go on. */
  readonly seconds?: number;
  /** Addresses of 127.0.0.0/8 that they come from, in turns, from the one with this number on. */
  readonly addresses?: readonly [first: number, count: number];
}

const load = JSON.parse(process.argv[2] as string) as ConnectLoad;
/** Whoever started it may have died. */
const stayMsMax = 600_000;

/** Undefined where the kernel may choose: a bound address makes it search for a port, for long. */
function addressOf(index: number): string | undefined {
  if (load.addresses === undefined) return undefined;
  const [first, count] = load.addresses;
  return `127.0.0.${first + (index % count)}`;
}

async function stay(): Promise<void> {
  const one = (index: number) => open({ ...load, from: addressOf(index) }, answerPing);
  await openMany(load.warmUp ?? 0, load.atOnce, one);
  say("counting");
  const start = performance.now();
  await openMany(load.connections ?? 0, load.atOnce, one);
  say("opened", { seconds: (performance.now() - start) / 1_000 });
  setTimeout(() => process.exit(0), stayMsMax);
}

const warmUpMs = 1_000;
const request = requestOf({});
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
    say("counting");
  } else if (counting && now - start > (load.seconds ?? 0) * 1_000) {
    say("counted", { handshakes, seconds: (now - start) / 1_000 }, () => process.exit(0));
  }
}

function comeAndGo(): void {
  const socket = connect({ port: load.port, host: "127.0.0.1", noDelay: true });
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
    comeAndGo();
  });
}

if (load.seconds === undefined) await stay();
else for (let index = 0; index < load.atOnce; index++) comeAndGo();
