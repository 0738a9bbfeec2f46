/**
 * `npm run bench [-- NAMES…] [--rounds N]`: every figure beside the one it is held against, in one
 * run. Names: codec, echo, modes, deno, round-trip, fan-out, groups, handshakes, idle, queued,
 * unread.
 * It fails on no time but that of `unread`, which draws docs/unread-clients.svg.
 */
import { cpus, loadavg } from "node:os";
import process from "node:process";
import { runCodecBench } from "./codec.ts";
import { echoBench } from "./echo.ts";
import { fanOutBench } from "./fan-out.ts";
import { groupsBench } from "./groups.ts";
import { handshakeBench } from "./handshakes.ts";
import { idleBench } from "./idle.ts";
import type { Contestant } from "./processes.ts";
import { queuedBench } from "./queued.ts";
import { roundTripBench } from "./round-trip.ts";
import { unreadBench } from "./unread.ts";

const words = process.argv.slice(2);
const at = words.indexOf("--rounds");
const rounds = at < 0 ? 3 : Number(words.splice(at, 2)[1]);
const usual = ["codec", "round-trip", "echo", "fan-out", "groups", "handshakes", "idle"];
const chosen = words.length === 0 ? usual : words;

const bunOpen: Contestant = { runtime: "bun", engine: "native", mode: "open" };
const bunNative: Contestant = { runtime: "bun", engine: "native" };
const bunWasm: Contestant = { runtime: "bun", engine: "wasm" };
const denoNative: Contestant = { runtime: "deno", engine: "native" };
const denoWasm: Contestant = { runtime: "deno", engine: "wasm" };
const nodeWasm: Contestant = { runtime: "node", engine: "wasm" };

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const benches: Readonly<Record<string, () => Promise<unknown>>> = {
  codec: () => runCodecBench(print),
  "round-trip": () => roundTripBench([bunOpen, bunNative, bunWasm], rounds, print),
  echo: () => echoBench([bunOpen, bunNative, bunWasm, nodeWasm], rounds, print),
  deno: () => echoBench([denoNative, denoWasm], rounds, print),
  modes: () => echoBench([bunOpen, bunNative], rounds, print),
  "fan-out": () => fanOutBench(rounds, print),
  groups: () => groupsBench(print),
  handshakes: () => handshakeBench([bunNative, nodeWasm], rounds, print),
  queued: () => queuedBench([bunNative, bunWasm, nodeWasm], print),
  unread: () => unreadBench([bunNative, nodeWasm], print),
  idle: () => idleBench([bunNative, bunWasm, nodeWasm], print),
};

print(`${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(2)} before the run`);
print("gateway, origin, mosquitto and generator are processes of their own on this machine;");
print("figures are medians (smallest–largest); generator and ws on Node, origin on Bun");
for (const name of chosen) {
  const bench = benches[name];
  if (bench === undefined) throw new Error(`no bench ${name}; there are ${Object.keys(benches)}`);
  print("");
  await bench();
}
