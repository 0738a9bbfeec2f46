import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type FigureSection,
  figuresPage,
  readFigures,
  renderFigures,
  transportsPage,
  withHeadlines,
  withTransportCosts,
} from "../../support/docs/figures.ts";

const sections: FigureSection[] = [
  {
    name: "echo",
    circumstances: "`npm run bench -- echo`, today",
    text: "a 1.00 (0.90–1.10)\nb 2",
  },
  { name: "codec", circumstances: "`npm run bench -- codec`, today", text: "c 3" },
];

test("figures: what a bench wrote is read as it was written", () => {
  const page = renderFigures(sections);
  assert.deepEqual(readFigures(page), [sections[1], sections[0]]);
});

test("figures: a figure that somebody changed is found", () => {
  const page = renderFigures(sections);
  assert.throws(() => readFigures(page.replace("1.00", "1.50")), /"echo" were not written by it/);
  assert.throws(() => readFigures(`${page}\nMore.\n`), /more than benches wrote/);
});

test("figures: those of the page were written by benches that exist", () => {
  const main = readFileSync("test/bench/main.ts", "utf8");
  const written = readFigures(readFileSync(figuresPage, "utf8"));
  assert.ok(written.length > 0);
  for (const { name, circumstances } of written) {
    assert.match(main, new RegExp(`^ {2}"?${name}"?: \\(\\) =>`, "m"));
    assert.ok(circumstances.startsWith(`\`npm run bench -- ${name} --rounds `), circumstances);
  }
});

test("figures: those of the README are those of the page", () => {
  const readme = readFileSync("README.md", "utf8");
  const written = readFigures(readFileSync(figuresPage, "utf8"));
  assert.equal(readme, withHeadlines(readme, written));
});

test("figures: the costs of transports are those of the page", () => {
  const transports = readFileSync(transportsPage, "utf8");
  const written = readFigures(readFileSync(figuresPage, "utf8"));
  assert.equal(transports, withTransportCosts(transports, written));
});

test("figures: a headline that a bench no longer prints is told", () => {
  const readme = readFileSync("README.md", "utf8");
  assert.throws(() => withHeadlines(readme, sections), /the bench "modes" did not print/);
  const transports = readFileSync(transportsPage, "utf8");
  assert.throws(() => withTransportCosts(transports, sections), /"http" did not print: mosquitto/);
  const written = readFigures(readFileSync(figuresPage, "utf8"));
  assert.throws(() => withHeadlines("# No marks", written), /no place for figures/);
});
