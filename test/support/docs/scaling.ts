import { type FigureSection, figureOf, withWritten } from "./figures.ts";

/** The page that says what a large deployment needs. */
export const scalingPage = "docs/scaling.md";

/** What is supposed; the page says so. */
const supposed = {
  connections: 1_000_000,
  /** Each client sends one, and gets one back. */
  secondsBetweenMessages: 10,
  secondsBetweenBroadcasts: 60,
  /** Of a processor's time that work may take: the rest is for bursts and restarts. */
  busyMost: 0.5,
} as const;

const gibibyte = 2 ** 30;

type Row = readonly [what: string, from: string, needs: string];

const whole = (figure: number): string => Math.ceil(figure).toLocaleString("en");
const precise = (figure: number): string => Number(figure.toPrecision(3)).toLocaleString("en");

/** Processors that work of these microseconds keeps busy, so often a second. */
const processors = (timesPerSecond: number, microseconds: number): number =>
  (timesPerSecond * microseconds) / 1e6;

interface Costs {
  readonly server: number;
  readonly broker: number;
  readonly origin: number;
}

/** CPU of a message of an echo on Bun, in µs, at a rate that one node may well have. */
function messageCosts(sections: readonly FigureSection[]): Costs {
  const of = (role: keyof Costs): number =>
    figureOf(sections, "latency", `20000: Bun, native: ${role}`);
  return { server: of("server"), broker: of("broker"), origin: of("origin") };
}

function memoryRows(sections: readonly FigureSection[]): Row[] {
  const { connections } = supposed;
  const server = figureOf(sections, "many", "serverBytes");
  // Half of it is the clients', which are elsewhere.
  const kernel =
    (figureOf(sections, "many", "slabBytes") + figureOf(sections, "many", "bufferBytes")) / 2;
  return [
    [
      "memory of the workers",
      `${precise(server)} bytes a connection`,
      `${precise((connections * server) / gibibyte)} GiB`,
    ],
    [
      "memory of the kernel",
      `${precise(kernel)} bytes for one end of a connection`,
      `${precise((connections * kernel) / gibibyte)} GiB`,
    ],
  ];
}

/** What the page shows, in order. */
function rowsOf(sections: readonly FigureSection[]): Row[] {
  const { connections, secondsBetweenMessages, secondsBetweenBroadcasts, busyMost } = supposed;
  const idle = figureOf(sections, "many", "cpu");
  const delivery = figureOf(sections, "fan-out", "Bun: group of 5,000, 1 at once: cpu");
  const connect = figureOf(sections, "storm", "Bun, native: server");
  const asked = figureOf(sections, "storm", "Bun, native, the origin accepts: server");
  const each = messageCosts(sections);
  const messages = connections / secondsBetweenMessages;
  const deliveries = connections / secondsBetweenBroadcasts;
  const parts = [
    processors(connections, idle),
    processors(messages, each.server),
    processors(deliveries, delivery),
  ];
  const gateways = parts.reduce((sum, part) => sum + part, 0);
  const workers = Math.ceil(gateways / busyMost);
  const brokers = Math.ceil(processors(messages, each.broker) / busyMost);
  const origins = Math.ceil(processors(messages, each.origin) / busyMost);
  const [silent, echoes, broadcasts] = parts.map((part) => `${precise(part)} processors`);
  const half = `at most ${busyMost * 100} % busy`;
  const storm = (microseconds: number): string =>
    `${whole(processors(connections, microseconds) / workers)} s`;
  return [
    ...memoryRows(sections),
    ["gateways, for silent connections", `${precise(idle)} µs a second`, silent!],
    ["gateways, for messages", `${whole(messages)} a second, ${precise(each.server)} µs`, echoes!],
    [
      "gateways, for messages to everybody",
      `${whole(deliveries)} deliveries a second, ${precise(delivery)} µs`,
      broadcasts!,
    ],
    [
      "**workers**",
      `${precise(gateways)} processors, ${half}`,
      `**${workers}**, ${whole(connections / workers)} connections each`,
    ],
    ["**brokers**", `${precise(each.broker)} µs a message, ${half}`, `**${brokers}**`],
    [
      "**origins** of one processor",
      `${precise(each.origin)} µs a message in the library, ${half}`,
      `**${origins}**, and what the handlers take`,
    ],
    ["all connect again", `${precise(connect)} µs, all workers busy`, storm(connect)],
    [
      "all connect again, and an origin is asked",
      `${precise(asked)} µs, all workers busy`,
      storm(asked),
    ],
  ];
}

/** The page with the table between its marks, computed from what the benches kept. */
export function withScaling(page: string, sections: readonly FigureSection[]): string {
  const { connections, secondsBetweenMessages, secondsBetweenBroadcasts } = supposed;
  const words =
    `\n${whole(connections)} connections on Bun with its own engine, an assigned origin for ` +
    `each. Each client sends 64 bytes every ${secondsBetweenMessages} s and gets 64 bytes back; ` +
    `every ${secondsBetweenBroadcasts} s a message goes to everybody.\n\n`;
  const head = "| what | from | needs |\n|---|---|---|\n";
  const rows = rowsOf(sections).map((row) => `| ${row.join(" | ")} |\n`);
  return withWritten(page, words + head + rows.join(""));
}
