import { createHash } from "node:crypto";

/** The page that `npm run bench -- NAMES --write` writes, and what it says before the figures. */
export const figuresPage = "docs/figures.md";

const head = `# Figures

\`npm run bench -- NAMES --write\` writes this page, and nothing else does: a test checks the
sum of each section. A figure holds for the machine, the load and the day above it. Ratios are more
reliable than absolute figures, because both sides were measured in turns in one run. The spread is
in brackets. With an even number of rounds the median is the upper one of the two in the middle.
Gateway, origin, broker and load generator are processes on one machine and share its cores.
`;

/** What one bench printed, and the circumstances. */
export interface FigureSection {
  readonly name: string;
  /** One line: command, machine, load, date. */
  readonly circumstances: string;
  /** Without a fence in it. */
  readonly text: string;
}

function sumOf({ name, circumstances, text }: FigureSection): string {
  const hash = createHash("sha256").update([name, circumstances, text].join("\0"));
  return hash.digest("hex").slice(0, 16);
}

function render(section: FigureSection): string {
  const { name, circumstances, text } = section;
  const fence = "```";
  return `
## ${name}

${circumstances}

${fence}text
${text}
${fence}

<!-- sum: ${sumOf(section)} -->
`;
}

const pattern = /\n## (.+)\n\n(.+)\n\n```text\n([^`]*)\n```\n\n<!-- sum: ([0-9a-f]{16}) -->\n/g;

/** The page with these sections, in order of their names. */
export function renderFigures(sections: readonly FigureSection[]): string {
  const sorted = [...sections].sort((a, b) => (a.name < b.name ? -1 : 1));
  return head + sorted.map(render).join("");
}

/** The sections of a page. Throws where somebody else than a bench has written in it. */
export function readFigures(page: string): FigureSection[] {
  const sections: FigureSection[] = [];
  for (const [, name = "", circumstances = "", text = "", sum] of page.matchAll(pattern)) {
    const section = { name, circumstances, text };
    if (sumOf(section) !== sum) throw new Error(`the figures of "${name}" were not written by it`);
    sections.push(section);
  }
  if (renderFigures(sections) !== page) throw new Error("the page has more than benches wrote");
  return sections;
}

/** A figure that the README shows, and where it stands in what a bench printed. */
interface Headline {
  readonly bench: string;
  readonly what: string;
  readonly ours: RegExp;
  readonly beside: string;
  readonly theirs: RegExp;
  /** What the printed figures count. */
  readonly unit: number;
}

const headlines: readonly Headline[] = [
  {
    bench: "modes",
    what: "echoes a second over mosquitto and an origin, 64 clients with 1 message in flight",
    ours: /, 1 in flight each.*?assigned origin +(\d+)/s,
    beside: "`ws` in one process, without a broker",
    theirs: /, 1 in flight each.*?in-process +(\d+)/s,
    unit: 1,
  },
  {
    bench: "modes",
    what: "the same with 32 messages in flight on each connection",
    ours: /, 32 in flight each.*?assigned origin +(\d+)/s,
    beside: "`ws` in one process, without a broker",
    theirs: /, 32 in flight each.*?in-process +(\d+)/s,
    unit: 1,
  },
  {
    bench: "fan-out",
    what: "deliveries a second to a group of 5,000 on Bun",
    ours: /bun: group of 5,000 +(\d+)/,
    beside: "a loop over Bun's `send`",
    theirs: /bun: bare loop over Bun's ws\.send, 5,000 +(\d+)/,
    unit: 1_000,
  },
  {
    bench: "handshakes",
    what: "handshakes a second that an origin accepts, on Bun",
    ours: /bun native +the origin accepts +(\d+)/,
    beside: "nobody is asked",
    theirs: /bun native +asked nobody +(\d+)/,
    unit: 1,
  },
  {
    bench: "unread",
    what: "MiB of memory of a node on Bun, with 1,000 clients that read nothing of 200 MB",
    ours: /bun native: at most (\d+)/,
    beside: "the bound from its settings",
    theirs: /bun native: at most \d+ MiB; bound (\d+)/,
    unit: 1,
  },
];

const marks = {
  begin: "<!-- Written by `npm run bench -- NAMES --write`. -->",
  end: "<!-- end -->",
};

/** A page with this text between its marks. */
function withWritten(page: string, text: string): string {
  const [begin, end] = [page.indexOf(marks.begin), page.indexOf(marks.end)];
  if (begin < 0 || end < begin) throw new Error("the page has no place for figures");
  return page.slice(0, begin) + marks.begin + text + page.slice(end);
}

function textOf(sections: readonly FigureSection[], bench: string): string {
  return sections.find(({ name }) => name === bench)?.text ?? "";
}

/** A page with the headlines between its marks, from what the benches wrote. */
export function withHeadlines(page: string, sections: readonly FigureSection[]): string {
  const rows = headlines.map(({ bench, what, ours, beside, theirs, unit }) => {
    const text = textOf(sections, bench);
    const [mine, other] = [ours, theirs].map((pattern) => Number(pattern.exec(text)?.[1]) * unit);
    if (!mine || !other) throw new Error(`the bench "${bench}" did not print: ${what}`);
    const figures = `${mine.toLocaleString("en")} | ${beside}: ${other.toLocaleString("en")}`;
    return `| ${what} | ${figures} | \`npm run bench -- ${bench}\` |\n`;
  });
  const head = "\n| what | figure | compared with | command |\n|---|---|---|---|\n";
  return withWritten(page, head + rows.join(""));
}

/** The page that shows what each transport costs. */
export const transportsPage = "docs/transports.md";

/** Names of contestants of the bench `http`, and what the page calls them. */
const transports: readonly (readonly [name: string, title: string])[] = [
  ["mosquitto, assigned origin", "MQTT, assigned mode, with mosquitto"],
  ["batch form", "`batch`"],
  ["original form", "`original`"],
  ["aws form", "`aws`"],
  ["a bare loop: a POST a message, nothing else", "a bare loop: a POST a message, nothing else"],
  ["a POST a message by fetch, answer by a POST", "a POST a message by `fetch`, answer by a POST"],
];

/** A page with the costs of transports between its marks, from what the bench `http` wrote. */
export function withTransportCosts(page: string, sections: readonly FigureSection[]): string {
  const lines = textOf(sections, "http").split("\n");
  const rows = transports.map(([name, title]) => {
    const line = lines.find((one) => one.trimStart().startsWith(`${name} `)) ?? "";
    const found = /(\d+) \(\d+–\d+\) messages\/s, ([\d.]+) \([\d.]+–[\d.]+\) µs/.exec(line);
    if (found === null) throw new Error(`the bench "http" did not print: ${name}`);
    return `| ${title} | ${Number(found[1]).toLocaleString("en")} | ${found[2]} µs |\n`;
  });
  const head =
    "\n| transport | echoes a second | processor of the gateway for each |\n|---|---|---|\n";
  return withWritten(page, head + rows.join(""));
}
