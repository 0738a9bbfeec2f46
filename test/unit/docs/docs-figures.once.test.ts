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

/** The median in each column of a row, in the table below this text, by the column's heading. */
function mediansOf(bench: string, below: string, row: string): Record<string, number> {
  const { body } = written().find(({ name }) => name === bench)!;
  const lines = body.slice(body.indexOf(below)).split("\n");
  const cells = (line = ""): string[] => line.split("|").map((cell) => cell.trim());
  const headings = cells(lines.find((line) => line.startsWith("|")));
  const values = cells(lines.find((line) => line.startsWith(`| ${row} `))).map((cell) =>
    Number(cell.replace(/ .*/, "").replaceAll(",", "")),
  );
  return Object.fromEntries(headings.map((heading, at) => [heading, values[at]!]));
}

test("figures: what the page of goals says of the echo with one message in flight is so", () => {
  const below = "64 connections with 1 in flight each:";
  const rows = ["`ws` on Node.js", "Bun, native", "Node.js, wasm"];
  const [peer, bun, node] = rows.map((row) => mediansOf("profile", below, row));
  for (const ours of [bun!, node!]) {
    for (const calls of ["sends", "receives"]) {
      assert.ok(Math.abs(ours[calls]! - peer![calls]!) < 0.3, `${calls}: ${ours[calls]}`);
    }
    const kernel = (one: Record<string, number>): number => one.CPU! * one["in the kernel"]!;
    assert.ok(Math.abs(kernel(ours) / kernel(peer!) - 1) < 0.5, "CPU in the kernel");
  }
  for (const one of [peer!, bun!]) assert.ok(one["in the kernel"]! > 0.4);
  const [least, most] = rows.map((row) => {
    const costs = mediansOf("echo", below, row);
    const all = ["CPU: server", "broker", "origin", "load"].map((role) => costs[role]!);
    return all.reduce((sum, cost) => sum + (cost || 0), 0);
  });
  assert.ok(most! > 1.3 * least!, `${most} µs of all processes, ${least} with \`ws\``);
});

test("figures: the goals for connects are met, as the page of goals says", () => {
  const names = ["Bun, native", "Bun, wasm", "Deno, wasm", "Node.js, wasm"];
  for (const name of names) {
    const [plain, accepted] = [name, `${name}, the origin accepts`].map((row) =>
      mediansOf("storm", "|", row),
    );
    assert.ok(plain!.ratio! >= 0.7, `${name}: ${plain!.ratio} of the runtime's own server`);
    assert.ok(accepted!.ratio! >= 0.6, `${name}: ${accepted!.ratio} where the origin is asked`);
  }
});

test("figures: what the page of goals says of a client that connects is so", () => {
  const parts = ["after 500 that were the server's first:", "after 7000 more:"];
  const pairs = { "Bun, wasm": "Bun's own server", "Node.js, wasm": "`ws` on Node.js" };
  const costs = (row: string): Record<string, number>[] =>
    parts.map((below) => mediansOf("connects", below, row));
  for (const [name, bare] of Object.entries(pairs)) {
    const theirs = costs(bare);
    for (const [at, ours] of costs(name).entries()) {
      for (const calls of ["accepts", "receives", "sends"]) {
        assert.ok(Math.abs(ours[calls]! - theirs[at]![calls]!) < 0.3, `${name}: ${calls}`);
      }
      assert.ok(Math.abs(ours["set-up"]! - theirs[at]!["set-up"]! - 1) < 0.1, name);
      assert.ok(ours["in the kernel"]! < 0.5, name);
    }
  }
  for (const one of costs("Deno, wasm")) assert.ok(Math.abs(one.receives! - 2) < 0.3);
  const besides = (one: Record<string, number>): number => 1 - one["main thread"]! / one.CPU!;
  for (const one of costs("Bun, wasm")) assert.ok(besides(one) >= 0.2, `${besides(one)}`);
  for (const one of costs("Bun's own server")) assert.ok(besides(one) < 0.1, `${besides(one)}`);
  const [first, later] = costs("Node.js, wasm");
  assert.ok(later!.CPU! <= 0.75 * first!.CPU!, `${first!.CPU} to ${later!.CPU} µs`);
  for (const name of [...Object.keys(pairs), "Deno, wasm"]) {
    const [begun, warm] = costs(name).map((one) => one["CPU: origin"]!);
    assert.ok(warm! < begun!, `${name}: ${begun} to ${warm} µs of the origin`);
  }
});

test("figures: a headline that a bench no longer prints is told", () => {
  const readme = readFileSync("README.md", "utf8");
  assert.throws(() => withHeadlines(readme, sections), /"echo" kept no figure "1: Bun, native"/);
  const transports = readFileSync(transportsPage, "utf8");
  assert.throws(() => withTransportCosts(transports, sections), /"http" has no section/);
  assert.throws(() => withHeadlines("# No marks", written()), /no place for figures/);
});
