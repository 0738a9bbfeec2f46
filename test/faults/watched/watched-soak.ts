import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import type { BrowserContext, CDPSession } from "playwright-core";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { withBrowser } from "../../support/clients/browser.ts";
import { GatewayProcess, type Started, spawnGateway } from "../../support/gateway/gateway.ts";
import { bunProgram, Program } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";
import type { Combination } from "../cluster/cluster.ts";
import { type Growth, growthOf, growthTable } from "./growth.ts";
import { SoakLoad } from "./load.ts";

/** As Prometheus does it by default, but oftener. */
const scrapeMs = 5_000;
const mebibyte = 1_048_576;

/** A line of the gateway that has collected its garbage. */
const done = '"collected"';

/** What the console shows all the time, in a tab each. */
const views = ["#/overview", "#/connections?q=", "#/groups?app=default&group=@all", "#/origins"];

/** What is watched, and by how many units each may grow beside its share. */
const slacks = {
  "gateway: resident bytes": 4 * mebibyte,
  "gateway: bytes of the WASM heap": mebibyte,
  "gateway: open descriptors": 4,
  "gateway: series of a scrape": 0,
  "gateway: connections": 8,
  "console: bytes of the JavaScript heap": mebibyte,
  "console: nodes": 200,
  "console: listeners": 50,
} as const;

type Name = keyof typeof slacks;

/**
 * A gateway under a steady load while Prometheus scrapes and the console is open, for some
 * minutes. Says every quantity's growth, and returns what is wrong; empty if nothing is.
 */
export async function watchedSoak(
  { runtime, engine }: Combination,
  minutes: number,
): Promise<string[]> {
  await using broker = await Mosquitto.start();
  const echo = ["test/bench/programs/echo-origin.ts", broker.url(), "assigned"];
  await using origin = new Program(bunProgram, echo);
  await origin.line((line) => line.includes("started") || undefined, "the origin");
  const flags = ["--broker", broker.url(), "--engine", engine, "--origin-mode", "assigned"];
  flags.push("--host", "127.0.0.1", "--max-handshake-rate-per-ip", "0", "--drain-period", "0ms");
  await using gateway = spawn(runtime, flags);
  const started = await gateway.started;
  await gateway.event("origin-joined");
  const load = new SoakLoad(started.port);
  await load.start();
  const samples = new Map<Name, number[]>(Object.keys(slacks).map((name) => [name as Name, []]));
  const problems: string[] = [];
  try {
    await withBrowser(async (browser) => {
      const tabs = await openConsole(browser, started, problems);
      const end = Date.now() + minutes * 60_000;
      for (let scrapes = 0; Date.now() < end; scrapes += 1) {
        if (runtime !== "deno") await collect(gateway);
        note(samples, await gatewayFigures(gateway, started));
        if (scrapes % 2 === 1) note(samples, await consoleFigures(tabs));
        await wait(scrapeMs);
      }
    });
  } finally {
    load.stop();
  }
  const growths = [...samples].map(([name, all]) =>
    growthOf({ name, samples: all, slack: slacks[name] }),
  );
  console.log(growthTable(growths));
  const { sent, echoed, lost } = load;
  console.log(`${sent} messages, ${echoed} echoes, ${lost} connections lost`);
  return [...problems, ...wrongOf(growths, load), ...complaintsOf(gateway)];
}

/** With a signal that makes it collect its garbage, where the runtime can be told to. */
function spawn(runtime: Combination["runtime"], flags: readonly string[]): GatewayProcess {
  if (runtime === "deno") return spawnGateway({ runtime, flags: [...flags], kept: true });
  const words = ["serve", "--port", "0", "--admin-port", "0", "--log-format", "json", ...flags];
  const [program, ...first] =
    runtime === "bun"
      ? [bunProgram, "test/bench/programs/gateway-bun.ts"]
      : [process.execPath, "--expose-gc", "dist/js/test/bench/programs/gateway-node.js"];
  return new GatewayProcess(program, [...first, ...words], {});
}

/** What is resident then is held. */
async function collect(gateway: GatewayProcess): Promise<void> {
  const collected = (): number => gateway.lines.filter((line) => line.includes(done)).length;
  const before = collected();
  gateway.kill("SIGUSR2");
  await waitFor(() => collected() > before, { what: "a collection of garbage" });
}

function wrongOf(growths: readonly Growth[], { sent, echoed, lost }: SoakLoad): string[] {
  const grown = growths.filter(({ grows }) => grows).map(({ name }) => `${name} grows`);
  if (lost > 0) grown.push(`${lost} connections were lost or refused`);
  // What was under way when the load stopped has no echo.
  if (echoed < sent - 1_000) grown.push(`${sent - echoed} messages have no echo`);
  return grown;
}

const complaintsOf = (gateway: GatewayProcess): string[] =>
  gateway.log.filter(({ level }) => level === "error").map((line) => JSON.stringify(line));

function note(samples: Map<Name, number[]>, figures: Partial<Record<Name, number>>): void {
  for (const [name, figure] of Object.entries(figures)) samples.get(name as Name)?.push(figure);
}

async function gatewayFigures(
  { pid }: GatewayProcess,
  { adminPort }: Started,
): Promise<Partial<Record<Name, number>>> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const value = (name: string): number =>
    Number(lines.find((line) => line.startsWith(`${name} `))?.split(" ")[1] ?? Number.NaN);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    "gateway: resident bytes": 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]),
    "gateway: bytes of the WASM heap": value("wss_wasm_heap_bytes"),
    "gateway: open descriptors": value("process_open_fds"),
    "gateway: series of a scrape": lines.length,
    "gateway: connections": value("wss_connections"),
  };
}

async function openConsole(
  browser: BrowserContext,
  { adminPort }: Started,
  problems: string[],
): Promise<CDPSession[]> {
  const tabs: CDPSession[] = [];
  for (const view of views) {
    const page = await browser.newPage();
    page.on("pageerror", ({ message }) => problems.push(`console: ${message}`));
    await page.goto(`http://127.0.0.1:${adminPort}/${view}`);
    await page.locator("#state[data-state=ready]").waitFor();
    const tab = await browser.newCDPSession(page);
    await tab.send("Performance.enable");
    tabs.push(tab);
  }
  return tabs;
}

/** Of all tabs, after their garbage was collected. */
async function consoleFigures(
  tabs: readonly CDPSession[],
): Promise<Partial<Record<Name, number>>> {
  let [heap, nodes, listeners] = [0, 0, 0];
  for (const tab of tabs) {
    await tab.send("HeapProfiler.collectGarbage");
    const { metrics } = await tab.send("Performance.getMetrics");
    const value = (name: string): number =>
      metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
    heap += value("JSHeapUsedSize");
    nodes += value("Nodes");
    listeners += value("JSEventListeners");
  }
  return {
    "console: bytes of the JavaScript heap": heap,
    "console: nodes": nodes,
    "console: listeners": listeners,
  };
}
