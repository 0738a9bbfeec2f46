import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A fenced block of a page: what stands behind the fence, and what in it. */
export interface Block {
  readonly page: string;
  /** Line of the fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** What follows the language: `command` in ```` ```json command ````. */
  readonly subject: string;
  readonly body: string;
}

export function readPage(page: string): string {
  return readFileSync(page, "utf8");
}

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: string; subject: string; lines: string[] } | undefined;
  for (const [index, text] of readPage(page).split("\n").entries()) {
    const fence = /^```(\S*) *(.*)$/.exec(text);
    if (fence === null) open?.lines.push(text);
    else if (open === undefined) {
      open = { line: index + 1, language: fence[1] ?? "", subject: fence[2] ?? "", lines: [] };
    } else {
      const { line, language, subject, lines } = open;
      blocks.push({ page, line, language, subject, body: lines.join("\n") });
      open = undefined;
    }
  }
  return blocks;
}

/** The rows of the tables whose first column has this heading, as cells without their spaces. */
export function tableRows(page: string, heading: string): string[][] {
  const rows: string[][] = [];
  let columns: string | undefined;
  for (const line of readPage(page).split("\n")) {
    if (!line.startsWith("|")) {
      columns = undefined;
      continue;
    }
    const cells = line.slice(1, -1).split("|");
    const [first = "", ...more] = cells.map((cell) => cell.trim());
    if (columns === undefined) columns = first;
    else if (columns === heading && !/^-+$/.test(first)) rows.push([first, ...more]);
  }
  return rows;
}

/** `value` of `` `value` ``. */
export function unquoted(cell: string): string {
  return cell.replace(/^`(.*)`$/, "$1");
}

/** GitHub's anchors of a page's headings. */
export function anchorsOf(page: string): Set<string> {
  const headings = readPage(page).matchAll(/^#+ (.*)$/gm);
  return new Set(
    Array.from(headings, ([, text = ""]) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** Links within the repository that lead nowhere. */
export function deadLinks(page: string): string[] {
  const text = readPage(page).replace(/^```[\s\S]*?^```/gm, "");
  const dead: string[] = [];
  for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(link)) continue;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : join(dirname(page), path);
    if (!existsSync(target)) dead.push(link);
    else if (anchor !== undefined && !anchorsOf(target).has(anchor)) dead.push(link);
  }
  return dead;
}
