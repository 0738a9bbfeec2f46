import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";

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

/**
 * The pages of a subject that has a folder, in the order in which their examples happen. The byte
 * examples of the protocol only repeat those of its other pages.
 */
const folders: Readonly<Record<string, readonly string[]>> = {
  "docs/protocol": [
    "overview",
    "events",
    "handshakes",
    "clients",
    "commands",
    "assigned",
    "presence",
    "brokers",
    "guarantees",
  ],
  "docs/operating": [
    "starting",
    "terminal",
    "settings",
    "origins",
    "authorisation",
    "brokers",
    "zones",
    "clusters",
    "http-origins",
    "http-batches",
    "clients",
    "monitoring",
    "workers",
    "sizing",
  ],
};

function pagesOf(page: string): readonly string[] {
  return folders[page]?.map((name) => `${page}/${name}.md`) ?? [page];
}

/** Every page of the repository's own, README first. */
export function everyPage(): string[] {
  const found = readdirSync("docs", { recursive: true, encoding: "utf8" });
  const names = found.filter((name) => name.endsWith(".md")).sort();
  return ["README.md", ...names.map((name) => `docs/${name.replaceAll("\\", "/")}`)];
}

/** The text of a page, or of all the pages of a subject such as `docs/protocol`. */
export function readPage(page: string): string {
  return pagesOf(page)
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
}

/** The blocks of a page, or of all the pages of a subject. */
export function blocksOf(page: string): Block[] {
  return pagesOf(page).flatMap(blocksOfFile);
}

function blocksOfFile(page: string): Block[] {
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
  const headings = withoutBlocks(page).matchAll(/^#+ (.*)$/gm);
  return new Set(
    Array.from(headings, ([, text = ""]) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** The text of a page without its fenced blocks. */
export function withoutBlocks(page: string): string {
  return readPage(page).replace(/^```[\s\S]*?^```/gm, "");
}

/** A link within the repository. */
interface Link {
  readonly text: string;
  readonly target: string;
  readonly anchor?: string;
}

function linksOf(page: string): Link[] {
  const links = Array.from(withoutBlocks(page).matchAll(/\]\(([^)\s]+)\)/g), ([, to = ""]) => to);
  return links
    .filter((text) => !/^https?:/.test(text))
    .map((text) => {
      const [path = "", anchor] = text.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      return anchor === undefined ? { text, target } : { text, target, anchor };
    });
}

/** Links within the repository that lead nowhere. */
export function deadLinks(page: string): string[] {
  return linksOf(page)
    .filter(
      ({ target, anchor }) =>
        !existsSync(target) || (anchor !== undefined && !anchorsOf(target).has(anchor)),
    )
    .map(({ text }) => text);
}

/** What links lead to from a page, over any number of pages. */
export function reachableFrom(page: string): Set<string> {
  const reached = new Set([page]);
  // A set that grows is walked to its new end.
  for (const one of reached) {
    if (!one.endsWith(".md")) continue;
    for (const { target } of linksOf(one)) if (existsSync(target)) reached.add(target);
  }
  return reached;
}

/** Paths of source files that the text names in backticks. */
export function filesNamedIn(page: string): string[] {
  const named = withoutBlocks(page).matchAll(
    /`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|js|py|mjs|json|html))`/g,
  );
  return Array.from(named, ([, path = ""]) => path);
}
