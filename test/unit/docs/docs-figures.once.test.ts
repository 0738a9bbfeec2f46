import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type FigureSection,
  figureOf,
  figuresPage,
  readFigures,
  renderFigures,
  transportsPage,
  withHeadlines,
  withTransportCosts,
} from "../../support/docs/figures.ts";
import { scalingPage, withScaling } from "../../support/docs/scaling.ts";

const sections: FigureSection[] = [
  {
    name: "echo",
    circumstances: "`npm run bench -- echo`, today",
    body: "Words.\n\n| a | b |\n|---|---:|\n| 1 | 1.00 (0.90–1.10) |",
    figures: { "a: b": 12.5 },
  },
  {
    name: "codec",
    circumstances: "`npm run bench -- codec`, today",
    body: "```text\nc 3\n```",
    figures: {},
  },
];

const written = (): FigureSection[] => readFigures(readFileSync(figuresPage, "utf8"));

test("figures: what a bench wrote is read as it was written", () => {
  const page = renderFigures(sections);
  assert.deepEqual(readFigures(page), [sections[1], sections[0]]);
  assert.equal(figureOf(sections, "echo", "a: b"), 12.5);
  assert.throws(() => figureOf(sections, "echo", "c"), /"echo" kept no figure "c"/);
});

test("figures: a figure that somebody changed is found", () => {
  const page = renderFigures(sections);
  for (const [from, to] of [
    ["1.00", "1.50"],
    ["12.5", "13.5"],
    ["c 3", "c 4"],
  ] as const) {
    assert.throws(() => readFigures(page.replace(from, to)), /were not written by it/, from);
  }
  assert.throws(() => readFigures(`${page}\nMore.\n`), /more than benches wrote/);
});

test("figures: those of the page were written by benches that exist", () => {
  const main = readFileSync("test/bench/main.ts", "utf8");
  const all = written();
  assert.ok(all.length > 0);
  for (const { name, circumstances, body } of all) {
    assert.match(main, new RegExp(`^ {2}"?${name}"?: \\(`, "m"));
    assert.ok(circumstances.startsWith(`\`npm run bench -- ${name} --rounds `), circumstances);
    for (const [, picture] of body.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)) {
      assert.ok(existsSync(`docs/${picture}`), picture);
    }
  }
});

test("figures: those of the README are those of the page", () => {
  const readme = readFileSync("README.md", "utf8");
  assert.equal(readme, withHeadlines(readme, written()));
});

test("figures: the costs of transports are those of the page", () => {
  const transports = readFileSync(transportsPage, "utf8");
  assert.equal(transports, withTransportCosts(transports, written()));
});

test("figures: what a million connections need is computed from those of the page", () => {
  const page = readFileSync(scalingPage, "utf8");
  assert.equal(page, withScaling(page, written()));
  assert.throws(() => withScaling(page, sections), /"many" has no section/);
});

test("figures: a headline that a bench no longer prints is told", () => {
  const readme = readFileSync("README.md", "utf8");
  assert.throws(() => withHeadlines(readme, sections), /"echo" kept no figure "1: Bun, native"/);
  const transports = readFileSync(transportsPage, "utf8");
  assert.throws(() => withTransportCosts(transports, sections), /"http" has no section/);
  assert.throws(() => withHeadlines("# No marks", written()), /no place for figures/);
});
