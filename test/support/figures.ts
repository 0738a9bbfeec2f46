import { createHash } from "node:crypto";

/** The page that `npm run bench -- NAMES --write` writes, and what it says before the figures. */
export const figuresPage = "docs/figures.md";

const head = `# Figures

Written by \`npm run bench -- NAMES --write\` and by nothing else: a test checks the sum of each
section. A figure holds for the machine, the load and the day that stand above it. Ratios travel
further than absolute figures, because both sides were measured in turns in one run; the spread
beside each says how far to trust it. Of an even number of rounds the median is the upper one of
the two in the middle. Gateway, origin, broker and load generator are processes on one machine and
share its cores.
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
