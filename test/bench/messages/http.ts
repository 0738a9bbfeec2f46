import { generate, throughEverything } from "../measure/echo.ts";
import {
  type BenchProcess,
  type Contestant,
  gateway,
  onBun,
  onNode,
} from "../measure/processes.ts";
import { inTurns } from "../measure/rounds.ts";
import { middle, ranged, ratios, type Session } from "../measure/session.ts";

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

interface Entrant {
  readonly name: string;
  readonly run: () => Promise<Figure>;
  /** Name of the one that it is held against. */
  readonly against?: string;
}

const plain = "plain gateway";
const mosquitto = "mosquitto, assigned";
const entrants: readonly Entrant[] = [
  { name: plain, run: () => overHttp("plain", (url) => onBun("http/plain-gateway", url)) },
  {
    name: "bare loop",
    run: () => overHttp("original", (url) => onBun("http/bare-gateway", url)),
    against: plain,
  },
  { name: "`original`", run: () => overHttp("original"), against: plain },
  { name: "`batch`", run: () => overHttp("batch"), against: mosquitto },
  { name: "`aws`", run: () => overHttp("aws"), against: plain },
  { name: mosquitto, run: overMosquitto },
];

/** Requests that an origin gets while 10,000 connections are silent. */
async function requestsWhileIdle(session: Session): Promise<void> {
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
  session.say(
    `While ${idleConnections.toLocaleString("en")} connections are idle, with an interval of ` +
      `${keepAlives} s: ${named.length} requests in ${seconds.toFixed(0)} s, each with ` +
      `${Math.min(...named).toLocaleString("en")} ids.`,
  );
}

/** Echo over HTTP origins on Bun beside what one writes first, and beside the broker's path. */
export async function httpBench(session: Session): Promise<void> {
  const figures = await inTurns(entrants, session.turns(), ({ run }) => run());
  const rates = figures.map((rounds) => rounds.map((one) => one.messagesPerSecond));
  const own = figures.map((rounds) => rounds.map((one) => one.cpuMicrosecondsPerMessage));
  session.say(
    "An echo on Bun, native, 64 × 1, with the CPU of the gateway and of gateway, origin and " +
      "load. A plain gateway sends and gets each message by a POST of `fetch`; a bare loop " +
      "POSTs over raw TCP and does nothing else. Ratios are to the plain gateway, of `batch` to " +
      "mosquitto. Goals: 3 and 60 µs with `original`, 0.8 and 12 µs with `batch`.",
  );
  session.table(
    ["", "messages/s", "ratio", "CPU: gateway", "all"],
    entrants.map(({ name, against }, index) => {
      const others = rates[entrants.findIndex((one) => one.name === against)];
      return [
        name,
        middle(rates[index]!),
        ranged(ratios(rates[index]!, others)),
        middle(own[index]!),
        middle(figures[index]!.map((one) => one.allCpuMicrosecondsPerMessage)),
      ];
    }),
  );
  for (const [index, { name }] of entrants.entries()) {
    session.keep(name, rates[index]!);
    session.keep(`${name}: cpu`, own[index]!);
  }
  await requestsWhileIdle(session);
}
