/**
 * `npm run bench [-- NAMES…] [--rounds N] [--write]`: every figure beside the one it is held
 * against, in one run. `--write` puts what is printed into docs/figures.md, and figures of that
 * page into the README and docs/transports.md. Names: brokers, codec, echo, modes, deno,
 * round-trip, fan-out, groups, handshakes, http, idle, posts, queued, sizes, unread,
 * workers.
 * It fails on no time but that of `unread`, which draws docs/unread-clients.svg.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import {
  figuresPage,
  readFigures,
  renderFigures,
  transportsPage,
  withHeadlines,
  withTransportCosts,
} from "../support/docs/figures.ts";
import { brokersBench } from "./brokers.ts";
import { runCodecBench } from "./codec/codec.ts";
import { echoBench } from "./echo.ts";
import { fanOutBench } from "./fan-out.ts";
import { groupsBench } from "./groups.ts";
import { handshakeBench } from "./handshakes.ts";
import { httpBench } from "./http.ts";
import { idleBench } from "./idle.ts";
import type { Contestant } from "./measure/processes.ts";
import { postsBench } from "./posts.ts";
import { queuedBench } from "./queued.ts";
import { roundTripBench } from "./round-trip.ts";
import { sizesBench } from "./sizes.ts";
import { unreadBench } from "./unread.ts";
import { workersBench } from "./workers.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    write: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const usual = ["codec", "round-trip", "echo", "fan-out", "groups", "handshakes", "http", "idle"];
const chosen = positionals.length === 0 ? usual : positionals;

const bunOpen: Contestant = { runtime: "bun", engine: "native", mode: "open" };
const bunNative: Contestant = { runtime: "bun", engine: "native" };
const bunWasm: Contestant = { runtime: "bun", engine: "wasm" };
const denoNative: Contestant = { runtime: "deno", engine: "native" };
const denoWasm: Contestant = { runtime: "deno", engine: "wasm" };
const nodeWasm: Contestant = { runtime: "node", engine: "wasm" };

let printed: string[] = [];
const print = (line: string): void => {
  printed.push(line);
  process.stdout.write(`${line}\n`);
};
const load = (): string => `load ${loadavg()[0]?.toFixed(2)} before the run`;

/** Replaces the section of one bench; a run that is broken off keeps what was written before. */
function write(name: string, circumstances: string): void {
  const others = readFigures(readFileSync(figuresPage, "utf8")).filter((one) => one.name !== name);
  const section = { name, circumstances, text: printed.join("\n").trim() };
  const sections = [...others, section];
  writeFileSync(figuresPage, renderFigures(sections));
  writeFileSync("README.md", withHeadlines(readFileSync("README.md", "utf8"), sections));
  const transports = readFileSync(transportsPage, "utf8");
  writeFileSync(transportsPage, withTransportCosts(transports, sections));
}

const benches: Readonly<Record<string, () => Promise<unknown>>> = {
  brokers: () => brokersBench(rounds, print),
  codec: () => runCodecBench(print),
  "round-trip": () => roundTripBench([bunOpen, bunNative, bunWasm], rounds, print),
  echo: () => echoBench([bunOpen, bunNative, bunWasm, nodeWasm], rounds, print),
  deno: () => echoBench([denoNative, denoWasm], rounds, print),
  modes: () => echoBench([bunOpen, bunNative], rounds, print),
  "fan-out": () => fanOutBench(rounds, print),
  groups: () => groupsBench(print),
  http: () => httpBench(rounds, print),
  handshakes: () => handshakeBench([bunNative, nodeWasm], rounds, print),
  posts: () => postsBench(rounds, print),
  queued: () => queuedBench([bunNative, bunWasm, nodeWasm], print),
  sizes: () => sizesBench([bunNative, bunWasm], rounds, print),
  unread: () => unreadBench([bunNative, nodeWasm], print),
  workers: () => workersBench([bunNative, nodeWasm], rounds, print),
  idle: () => idleBench([bunNative, bunWasm, nodeWasm], print),
};

const machine = `${cpus().length} × ${cpus()[0]?.model}`;
print(`${machine}, ${load()}`);
print("gateway, origin, mosquitto and generator are processes of their own on this machine;");
print("figures are medians (smallest–largest); generator and ws on Node, origin on Bun");
for (const name of chosen) {
  const bench = benches[name];
  if (bench === undefined) throw new Error(`no bench ${name}; there are ${Object.keys(benches)}`);
  print("");
  printed = [];
  const command = `\`npm run bench -- ${name} --rounds ${rounds}\``;
  const day = new Date().toISOString().slice(0, 10);
  const circumstances = `${command}, ${machine}, ${load()}, ${day}`;
  await bench();
  if (values.write) write(name, circumstances);
}
