/**
 * `node --expose-gc dist/js/test/bench/programs/groups-subscribe.js [groups]`: what groups cost a
 * gateway's bus over mosquitto: time and memory of joins, and of a reconnect.
 */
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { MqttCommandBus } from "../../../adapters/mqtt/mod.ts";
import { brokerPorts } from "../../support/broker/broker-rigs.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

const groups = Number(process.argv[2] ?? 10_000);
const app = "default";
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Resident bytes of this process, from the kernel. */
function residentBytes(): number {
  const [, pages = "0"] = readFileSync("/proc/self/statm", "utf8").split(" ");
  return Number(pages) * 4_096;
}

function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

const broker = await Mosquitto.start();
const proxy = await TcpProxy.start(broker.port);
const connected: boolean[] = [];
const bus = new MqttCommandBus({ apps: [app], node: "a" }, brokerPorts({ url: proxy.url }));
await bus.start({
  commands: () => {},
  message: () => {},
  refused: () => {},
  lost: () => {},
  connected: (now) => connected.push(now),
});

/** Made before, because the core holds the names anyway. */
function names(of: string): string[] {
  return Array.from({ length: groups }, (_, index) => `${of}/${index}`);
}

function joined(group: string): Promise<void> {
  return new Promise((resolve, reject) =>
    bus.joinGroup(app, group, (error) => (error === undefined ? resolve() : reject(error))),
  );
}

async function measured(what: string, run: () => Promise<unknown>): Promise<void> {
  const [at, cpu] = [performance.now(), process.cpuUsage()];
  await run();
  const ms = performance.now() - at;
  const { user, system } = process.cpuUsage(cpu);
  print(`${what}: ${ms.toFixed(0)} ms, processor ${((user + system) / 1_000).toFixed(0)} ms here`);
}

/** The wait before the first attempt, 100–200 ms, is part of it. */
async function reconnect(): Promise<void> {
  const before = connected.length;
  proxy.cut();
  await waitFor(() => connected.length >= before + 2, { what: "connected again" });
}

await measured("reconnect without groups", reconnect);
const first = names("warm");
await measured(`${groups} joins, cold`, () => Promise.all(first.map(joined)));
await measured(`reconnect with ${groups} groups`, reconnect);
for (const group of first) bus.leaveGroup(app, group);
// The broker forgets what was left too, so that nothing of it is measured below.
await reconnect();

const rooms = names("room");
const [heap, resident] = [heapBytes(), residentBytes()];
await measured(`${groups} joins, warm`, () => Promise.all(rooms.map(joined)));
const perGroup = (bytes: number): string => `${(bytes / groups).toFixed(0)} bytes a group`;
print(`heap after collection: ${perGroup(heapBytes() - heap)}`);
print(`resident: ${perGroup(residentBytes() - resident)}`);

await bus.stop();
await proxy.close();
await broker[Symbol.asyncDispose]();
