import { type Figure, measure, throughEverything } from "./echo.ts";
import { openIdle } from "./idle.ts";
import { type Contestant, gateway, median, onBun, spread } from "./measure/processes.ts";

/** Before figures count, a runtime has compiled what is hot. */
const load = [64, 1, 20_000] as const;
const idleConnections = 10_000;
const keepAlives = 5;

const bunNative: Contestant = { runtime: "bun", engine: "native" };

/** An HTTP origin on Bun, with the echo in its answers. */
async function overHttp(format: "original" | "batch"): Promise<Figure> {
  const origin = onBun("http-echo-origin", format);
  try {
    const url = `http://127.0.0.1:${(await origin.event("started")).port}/`;
    const server = gateway(bunNative, "none", "--origin", url, "--origin-format", format);
    try {
      return await measure(server, (await server.event("started")).port, load);
    } finally {
      await server.end();
    }
  } finally {
    await origin.end();
  }
}

/** A gateway that POSTs each message by `fetch`, and is sent each answer by a POST. */
async function plainPosts(): Promise<Figure> {
  const origin = onBun("http-echo-origin", "plain");
  try {
    const url = `http://127.0.0.1:${(await origin.event("started")).port}/`;
    const server = onBun("plain-gateway", url);
    try {
      return await measure(server, (await server.event("started")).port, load);
    } finally {
      await server.end();
    }
  } finally {
    await origin.end();
  }
}

const contestants: Readonly<Record<string, () => Promise<Figure>>> = {
  "a POST a message by fetch, answer by a POST": plainPosts,
  "original form": () => overHttp("original"),
  "batch form": () => overHttp("batch"),
  "mosquitto, assigned origin": () => throughEverything(bunNative, load),
};

/** Requests that an origin gets while 10,000 connections are silent. */
async function requestsWhileIdle(print: (line: string) => void): Promise<void> {
  const origin = onBun("http-echo-origin", "count");
  const sockets = [];
  try {
    const url = `http://127.0.0.1:${(await origin.event("started")).port}/`;
    const flags = ["--origin", url, "--keep-alive-interval", `${keepAlives}s`];
    const server = gateway(bunNative, "none", ...flags);
    try {
      sockets.push(...(await openIdle(Number((await server.event("started")).port))));
      // The first may name those that were there before the others.
      await origin.event("alive");
      const named: number[] = [];
      const since = performance.now();
      for (let request = 0; request < 3; request++) {
        named.push(Number((await origin.event("alive")).connections));
      }
      const seconds = (performance.now() - since) / 1_000;
      const ids = named.join(", ");
      const what = `${named.length} requests in ${seconds.toFixed(0)} s, of ${ids} ids`;
      print(`${idleConnections} idle connections, an interval of ${keepAlives} s: ${what}`);
    } finally {
      for (const socket of sockets) socket.destroy();
      await server.end();
    }
  } finally {
    await origin.end();
  }
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
    const cpu = median(figures.get(name)!.map((one) => one.cpuMicrosecondsPerMessage));
    const perSecond = spread(rates(name), 0);
    print(`  ${name.padEnd(44)} ${perSecond} messages/s, ${cpu.toFixed(1)} µs CPU a message`);
  }
  const [plain, original, batch, mqtt] = names;
  const ratio = (one: string | undefined, other: string | undefined): string => {
    const others = rates(other);
    return spread(
      rates(one).map((rate, round) => rate / (others[round] ?? Number.NaN)),
      2,
    );
  };
  print(`  original / a POST a message: ${ratio(original, plain)} (goal: 3)`);
  print(`  batch / mosquitto: ${ratio(batch, mqtt)} (goal: 0.8)`);
  print("  goals of CPU in the gateway: 60 µs original, 12 µs batch");
  await requestsWhileIdle(print);
}
