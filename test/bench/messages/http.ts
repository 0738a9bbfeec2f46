import { generate, throughEverything } from "../measure/echo.ts";
import {
  type BenchProcess,
  type Contestant,
  gateway,
  onBun,
  onNode,
  spread,
} from "../measure/processes.ts";
import { ratios } from "../measure/session.ts";

/** Before figures count, a runtime has compiled what is hot. */
const load = { connections: 64, inFlight: 1, seconds: 3, warmUpMessages: 40_000 } as const;
const idleConnections = 10_000;
const keepAlives = 5;

const bunNative: Contestant = { runtime: "bun", engine: "native" };

interface Figure {
  readonly messagesPerSecond: number;
  /** CPU of the serving process (not of broker, origin or load). */
  readonly cpuMicrosecondsPerMessage: number;
  /** CPU of the serving process, the origin and the load. */
  readonly allCpuMicrosecondsPerMessage: number;
}

async function measure(server: BenchProcess, port: number, origin: BenchProcess): Promise<Figure> {
  let before: readonly number[] = [];
  const cpu = (): number[] => [server, origin].map((one) => one.cpuSeconds());
  const counted = await generate({ ...load, port }, () => {
    before = cpu();
  });
  const [own = 0, rest = 0] = cpu().map((now, index) => now - before[index]!);
  const { messages, seconds, cpuSeconds } = counted;
  return {
    messagesPerSecond: messages / seconds,
    cpuMicrosecondsPerMessage: (own * 1e6) / messages,
    allCpuMicrosecondsPerMessage: ((own + rest + cpuSeconds) * 1e6) / messages,
  };
}

async function overMosquitto(): Promise<Figure> {
  const { messagesPerSecond, cost } = await throughEverything(bunNative, load);
  const { server = 0, origin = 0, load: loadCost = 0 } = cost;
  return {
    messagesPerSecond,
    cpuMicrosecondsPerMessage: server,
    allCpuMicrosecondsPerMessage: server + origin + loadCost,
  };
}

interface Started {
  readonly process: BenchProcess;
  readonly port: number;
  readonly url: string;
}

async function started(process: BenchProcess): Promise<Started & AsyncDisposable> {
  const port = Number((await process.event("started")).port);
  const url = `http://127.0.0.1:${port}/`;
  return { process, port, url, [Symbol.asyncDispose]: () => process.end() };
}

/** An HTTP origin on Bun, with the echo in its answers, and what forwards messages to it. */
async function overHttp(
  form: "plain" | "original" | "batch" | "aws",
  forward: (url: string) => BenchProcess = (url) =>
    gateway(bunNative, "none", "--origin", url, "--origin-format", form),
): Promise<Figure> {
  await using origin = await started(onBun("http/echo-origin", form));
  await using server = await started(forward(origin.url));
  return await measure(server.process, server.port, origin.process);
}

const contestants: Readonly<Record<string, () => Promise<Figure>>> = {
  "a POST a message by fetch, answer by a POST": () =>
    overHttp("plain", (url) => onBun("http/plain-gateway", url)),
  "a bare loop: a POST a message, nothing else": () =>
    overHttp("original", (url) => onBun("http/bare-gateway", url)),
  "original form": () => overHttp("original"),
  "batch form": () => overHttp("batch"),
  "aws form": () => overHttp("aws"),
  "mosquitto, assigned origin": overMosquitto,
};

/** Requests that an origin gets while 10,000 connections are silent. */
async function requestsWhileIdle(print: (line: string) => void): Promise<void> {
  await using origin = await started(onBun("http/echo-origin", "count"));
  const flags = ["--origin", origin.url, "--keep-alive-interval", `${keepAlives}s`];
  await using server = await started(gateway(bunNative, "none", ...flags));
  const words = { port: server.port, connections: idleConnections, atOnce: 100 };
  await using clients = onNode("load/connect-load", JSON.stringify(words));
  await clients.event("opened");
  const alive = async (): Promise<number> =>
    Number((await origin.process.event("alive")).connections);
  // Those that came while connections still opened do not count.
  while ((await alive()) !== idleConnections);
  const since = performance.now();
  const named = [await alive(), await alive(), await alive()];
  const seconds = (performance.now() - since) / 1_000;
  const what = `${named.length} requests in ${seconds.toFixed(0)} s, of ${named.join(", ")} ids`;
  print(`${idleConnections} idle connections, an interval of ${keepAlives} s: ${what}`);
}

/** Echo over HTTP origins on Bun beside what one writes first, and beside the broker's path. */
export async function httpBench(rounds: number, print: (line: string) => void): Promise<void> {
  const names = Object.keys(contestants);
  const figures = new Map<string, Figure[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      figures.get(name)!.push(await contestants[name]!());
    }
  }
  print(
    `echo over HTTP, bun native, 64 connections, 1 in flight, 64-byte text, ${rounds} rounds:`,
  );
  const rates = (name: string | undefined): number[] =>
    (figures.get(name ?? "") ?? []).map(({ messagesPerSecond }) => messagesPerSecond);
  for (const name of names) {
    const cpu = spread(
      figures.get(name)!.map((one) => one.cpuMicrosecondsPerMessage),
      1,
    );
    const perSecond = spread(rates(name), 0);
    print(`  ${name.padEnd(44)} ${perSecond} messages/s, ${cpu} µs CPU a message`);
  }
  const [plain, bare, original, batch, , mqtt] = names;
  const ratio = (one: readonly number[], other: readonly number[]): string =>
    spread(ratios(one, other), 2);
  print(`  original / a POST a message: ${ratio(rates(original), rates(plain))} (goal: 3)`);
  print(`  bare loop / a POST a message: ${ratio(rates(bare), rates(plain))}`);
  const all = (name: string | undefined): number[] =>
    figures.get(name!)!.map((one) => one.allCpuMicrosecondsPerMessage);
  print(
    "  CPU of gateway, origin and generator together, which limits the messages on two cores:",
  );
  const alls = [plain, bare, original].map((name) => spread(all(name), 0)).join(", ");
  print(`    ${alls} µs a message (a POST a message, bare loop, original)`);
  print(`    a POST a message / original: ${ratio(all(plain), all(original))}`);
  print(`    a POST a message / bare loop: ${ratio(all(plain), all(bare))}`);
  print(`  batch / mosquitto: ${ratio(rates(batch), rates(mqtt))} (goal: 0.8)`);
  print("  goals of CPU in the gateway: 60 µs original, 12 µs batch");
  await requestsWhileIdle(print);
}
