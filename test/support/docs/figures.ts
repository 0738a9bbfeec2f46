import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The page that `npm run bench -- --write` writes, and what it keeps for other pages. */
export const figuresPage = "docs/performance.md";
export const figuresFile = "docs/performance/figures.json";

const head = `# Performance

\`npm run bench -- --write\` measures and writes this page in about 20 minutes, and nothing else
writes it: a test checks the sum of each section. \`npm run bench -- --quick\` takes two minutes
and writes nothing; \`npm run bench -- idle\`, with any name of the headings, runs one bench.

Servers, brokers, origins and load share the processors of one machine, so compare CPU and ratios,
rather than rates. Figures are medians of the rounds (of an even number the upper one in the
middle), with the least and the most in brackets, or in the plot below. \`64 × 32\` is 64
connections with 32 messages in flight on each. CPU is in µs; the load is that before the run.
[Scaling](scaling.md) computes from these figures what a large deployment needs.
`;

/** The circumstances of a run of one bench. */
export interface Run {
  readonly rounds: number;
  readonly commit?: string;
  readonly load: string;
  readonly day: string;
  readonly machine: string;
  readonly versions?: string;
}

/** What one bench said, and the circumstances. */
export interface FigureSection {
  readonly name: string;
  readonly run: Run;
  /** Markdown without headings. */
  readonly body: string;
  /** Medians by name, for other pages. */
  readonly figures: Readonly<Record<string, number>>;
}

/** The page, and the file beside it. */
export interface Written {
  readonly page: string;
  readonly data: string;
}

interface Kept extends Pick<FigureSection, "run" | "figures"> {
  readonly sum: string;
}

function sumOf({ name, run, body, figures }: FigureSection): string {
  const parts = [name, JSON.stringify(run), body, JSON.stringify(figures)];
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);
}

const placeOf = ({ machine, versions }: Run): string =>
  versions === undefined ? machine : `${machine}; ${versions}`;

/** Where most sections were measured: the page says it once. */
function usualPlace(sections: readonly FigureSection[]): string {
  const places = sections.map(({ run }) => placeOf(run));
  const count = (place: string): number => places.filter((one) => one === place).length;
  return places.reduce((most, one) => (count(one) > count(most) ? one : most), places[0] ?? "");
}

function render({ name, run, body }: FigureSection, usual: string): string {
  const { rounds, commit, load, day } = run;
  const place = placeOf(run);
  const parts = [
    rounds === 1 ? "1 round" : `${rounds} rounds`,
    ...(commit === undefined ? [] : [commit]),
    load,
    day,
    ...(place === usual ? [] : [place]),
  ];
  return `\n## ${name}\n\n${parts.join(", ")}.\n\n${body}\n`;
}

/** The page with these sections, in order of their names, and the file beside it. */
export function renderFigures(sections: readonly FigureSection[]): Written {
  const sorted = [...sections].sort((a, b) => (a.name < b.name ? -1 : 1));
  const usual = usualPlace(sorted);
  const place = `\nWhere a section says nothing else: ${usual}.\n`;
  const page = head + place + sorted.map((section) => render(section, usual)).join("");
  const kept = sorted.map((section): [string, Kept] => {
    const { name, run, figures } = section;
    return [name, { run, figures, sum: sumOf(section) }];
  });
  return { page, data: `${JSON.stringify(Object.fromEntries(kept), undefined, 2)}\n` };
}

/** The sections of a page. Throws where somebody else than a bench has written in it. */
export function readFigures({ page, data }: Written): FigureSection[] {
  const bodies = new Map<string, string>();
  for (const part of page.split("\n## ").slice(1)) {
    const [name = "", , , ...lines] = part.split("\n");
    bodies.set(name, lines.join("\n").trim());
  }
  const sections: FigureSection[] = [];
  for (const [name, { run, figures, sum }] of Object.entries<Kept>(JSON.parse(data))) {
    const section = { name, run, body: bodies.get(name) ?? "", figures };
    if (sumOf(section) !== sum) throw new Error(`the figures of "${name}" were not written by it`);
    sections.push(section);
  }
  if (renderFigures(sections).page !== page) {
    throw new Error("the page has more than benches wrote");
  }
  return sections;
}

/** Those of the page as it stands. */
export function writtenFigures(): FigureSection[] {
  const [page = "", data = ""] = [figuresPage, figuresFile].map((path) =>
    readFileSync(path, "utf8"),
  );
  return readFigures({ page, data });
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
  ["mosquitto, assigned", "MQTT, assigned mode, with mosquitto"],
  ["`batch`", "`batch`"],
  ["`original`", "`original`"],
  ["`aws`", "`aws`"],
  ["bare loop", "a bare loop: a POST for each message, nothing else"],
  ["plain gateway", "a POST for each message by `fetch`, and one for the answer"],
];

/** A page with the costs of transports between its marks, from what the bench `http` wrote. */
export function withTransportCosts(page: string, sections: readonly FigureSection[]): string {
  const rows = transports.map(([name, title]) => {
    const rate = shown(figureOf(sections, "http", name));
    const cpu = figureOf(sections, "http", `${name}: cpu`).toFixed(1);
    return `| ${title} | ${rate} | ${cpu} µs |\n`;
  });
  const head =
    "\n| transport | echoes a second | processor of the gateway for each |\n|---|---|---|\n";
  return withWritten(page, head + rows.join(""));
}
