import { createHash } from "node:crypto";

/** The page that `npm run bench -- --write` writes, and what it says before the figures. */
export const figuresPage = "docs/performance.md";

const head = `# Performance

\`npm run bench -- --write\` measures and writes this page in about 20 minutes, and nothing else
writes it: a test checks the sum of each section. \`npm run bench -- --quick\` writes nothing, and
takes less than two minutes on any machine: its benches share that time, and each says what it
leaves out. \`npm run bench -- idle\`, with any name of the headings, runs one bench alone.

A figure holds for the machine, the load, the versions and the day above it. Servers, brokers,
origins and load are processes on one machine and share its processors: more than one processor's
work shows as a lower rate. So compare CPU, and ratios, rather than rates: all rows of a table were
measured in turns in one run. Figures are medians of the rounds, with the smallest and the largest
in brackets. With an even number of rounds the median is the upper one of the two in the middle.
Where a round is long, a bench does fewer rounds than the command asks for, and says how many.
[Scaling](scaling.md) computes from them what a large deployment needs.
`;

/** What one bench said, and the circumstances. */
export interface FigureSection {
  readonly name: string;
  /** One line: command, commit, machine, load, date, versions. */
  readonly circumstances: string;
  /** Markdown without headings. */
  readonly body: string;
  /** Medians by name, for other pages. */
  readonly figures: Readonly<Record<string, number>>;
}

function sumOf({ name, circumstances, body, figures }: FigureSection): string {
  const parts = [name, circumstances, body, JSON.stringify(figures)];
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);
}

function render(section: FigureSection): string {
  const { name, circumstances, body, figures } = section;
  const notes = [
    `<!-- figures: ${JSON.stringify(figures)} -->`,
    `<!-- sum: ${sumOf(section)} -->`,
  ];
  return `\n## ${name}\n\n${circumstances}\n\n${body}\n\n${notes.join("\n")}\n`;
}

const pattern =
  /\n## (.+)\n\n(.+)\n\n([\s\S]*?)\n\n<!-- figures: (.+) -->\n<!-- sum: ([0-9a-f]{16}) -->\n/g;

/** The page with these sections, in order of their names. */
export function renderFigures(sections: readonly FigureSection[]): string {
  const sorted = [...sections].sort((a, b) => (a.name < b.name ? -1 : 1));
  return head + sorted.map(render).join("");
}

/** The sections of a page. Throws where somebody else than a bench has written in it. */
export function readFigures(page: string): FigureSection[] {
  const sections: FigureSection[] = [];
  for (const match of page.matchAll(pattern)) {
    const [, name = "", circumstances = "", body = "", figures = "{}", sum] = match;
    const section = { name, circumstances, body, figures: JSON.parse(figures) };
    if (sumOf(section) !== sum) throw new Error(`the figures of "${name}" were not written by it`);
    sections.push(section);
  }
  if (renderFigures(sections) !== page) throw new Error("the page has more than benches wrote");
  return sections;
}

/** A figure that the README shows, and the one beside it. */
interface Headline {
  readonly bench: string;
  readonly what: string;
  /** Names of what the bench kept. */
  readonly ours: string;
  readonly beside: string;
  readonly theirs: string;
}

const headlines: readonly Headline[] = [
  {
    bench: "echo",
    what: "echoes a second over mosquitto and an origin, 64 clients with 1 message in flight",
    ours: "1: Bun, native",
    beside: "`ws` in one process, without a broker",
    theirs: "1: `ws` on Node.js",
  },
  {
    bench: "echo",
    what: "the same with 32 messages in flight on each connection",
    ours: "32: Bun, native",
    beside: "`ws` in one process, without a broker",
    theirs: "32: `ws` on Node.js",
  },
  {
    bench: "fan-out",
    what: "deliveries a second to a group of 5,000 on Bun",
    ours: "Bun: group of 5,000, 4 at once",
    beside: "a loop over Bun's `send`",
    theirs: "Bun: loop over `send`, 5,000, 4 at once",
  },
  {
    bench: "storm",
    what: "connects a second, each accepted by an origin, on Bun",
    ours: "Bun, native, the origin accepts",
    beside: "without asking an origin",
    theirs: "Bun, native",
  },
  {
    bench: "unread",
    what: "MiB of memory of a node on Bun that sends 200 MB to 1,000 clients which read nothing",
    ours: "Bun: most",
    beside: "the bound from its settings",
    theirs: "Bun: bound",
  },
];

const marks = {
  begin: "<!-- Written by `npm run bench -- --write`. -->",
  end: "<!-- end -->",
};

/** A page with this text between its marks. */
export function withWritten(page: string, text: string): string {
  const [begin, end] = [page.indexOf(marks.begin), page.indexOf(marks.end)];
  if (begin < 0 || end < begin) throw new Error("the page has no place for figures");
  return page.slice(0, begin) + marks.begin + text + page.slice(end);
}

/** Those of one bench. Throws where it was not written. */
function sectionOf(sections: readonly FigureSection[], bench: string): FigureSection {
  const found = sections.find(({ name }) => name === bench);
  if (found === undefined) throw new Error(`the bench "${bench}" has no section`);
  return found;
}

/** A figure that a bench kept. Throws where it did not. */
export function figureOf(sections: readonly FigureSection[], bench: string, name: string): number {
  const figure = sectionOf(sections, bench).figures[name];
  if (figure === undefined) throw new Error(`the bench "${bench}" kept no figure "${name}"`);
  return figure;
}

/** A page with the headlines between its marks, from what the benches wrote. */
export function withHeadlines(page: string, sections: readonly FigureSection[]): string {
  const rows = headlines.map(({ bench, what, ours, beside, theirs }) => {
    const [mine, other] = [ours, theirs].map((name) => figureOf(sections, bench, name));
    const figures = `${shown(mine!)} | ${beside}: ${shown(other!)}`;
    return `| ${what} | ${figures} | \`npm run bench -- ${bench}\` |\n`;
  });
  const head = "\n| what | figure | compared with | command |\n|---|---|---|---|\n";
  return withWritten(page, head + rows.join(""));
}

const shown = (figure: number): string => Math.round(figure).toLocaleString("en");

/** The page that shows what each transport costs. */
export const transportsPage = "docs/transports.md";

/** Names of contestants of the bench `http`, and what the page calls them. */
const transports: readonly (readonly [name: string, title: string])[] = [
  ["mosquitto, assigned origin", "MQTT, assigned mode, with mosquitto"],
  ["batch form", "`batch`"],
  ["original form", "`original`"],
  ["aws form", "`aws`"],
  [
    "a bare loop: a POST a message, nothing else",
    "a bare loop: a POST for each message, nothing else",
  ],
  [
    "a POST a message by fetch, answer by a POST",
    "a POST for each message by `fetch`, and one for the answer",
  ],
];

/** A page with the costs of transports between its marks, from what the bench `http` wrote. */
export function withTransportCosts(page: string, sections: readonly FigureSection[]): string {
  const lines = sectionOf(sections, "http").body.split("\n");
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
