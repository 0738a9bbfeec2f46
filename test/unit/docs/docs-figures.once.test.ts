import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type FigureSection,
  figureOf,
  type Run,
  readFigures,
  renderFigures,
  transportsPage,
  withHeadlines,
  withTransportCosts,
  writtenFigures as written,
} from "../../support/docs/figures.ts";
import { scalingPage, withScaling } from "../../support/docs/scaling.ts";

const run: Run = {
  rounds: 2,
  commit: "commit 1234",
  load: "load 1.00",
  day: "2026-11-27",
  machine: "a machine",
};
const sections: FigureSection[] = [
  {
    name: "echo",
    run,
    body: "Words.\n\n| a | b |\n|---|---:|\n| 1 | 1.00 (0.90–1.10) |",
    figures: { "a: b": 12.5 },
  },
  {
    name: "codec",
    run: { ...run, rounds: 1, machine: "another" },
    body: "```text\nc 3\n```",
    figures: {},
  },
];

test("figures: what a bench wrote is read as it was written", () => {
  const both = renderFigures(sections);
  assert.deepEqual(readFigures(both), [sections[1], sections[0]]);
  assert.match(both.page, /nothing else: another\./);
  assert.match(both.page, /^1 round, commit 1234, load 1\.00, 2026-11-27\.$/m);
  assert.match(both.page, /^2 rounds, .*, 2026-11-27, a machine\.$/m);
  assert.equal(figureOf(sections, "echo", "a: b"), 12.5);
  assert.throws(() => figureOf(sections, "echo", "c"), /"echo" kept no figure "c"/);
});

test("figures: a figure that somebody changed is found", () => {
  const { page, data } = renderFigures(sections);
  const changed = (from: string, to: string) => (): unknown =>
    readFigures({ page: page.replace(from, to), data: data.replace(from, to) });
  for (const [from, to] of [
    ["1.00 (", "1.50 ("],
    ["12.5", "13.5"],
    ["c 3", "c 4"],
    ['"rounds": 2', '"rounds": 3'],
  ] as const) {
    assert.throws(changed(from, to), /were not written by it/, from);
  }
  assert.throws(changed("2 rounds", "9 rounds"), /more than benches wrote/);
  assert.throws(
    () => readFigures({ page: `${page}\n## more\n`, data }),
    /more than benches wrote/,
  );
});

test("figures: those of the page were written by benches that exist", () => {
  const main = readFileSync("test/bench/main.ts", "utf8");
  const all = written();
  assert.ok(all.length > 0);
  for (const { name, body } of all) {
    assert.match(main, new RegExp(`^ {2}"?${name}"?: \\(`, "m"));
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

/** The median in each column of a row by the column's heading; the first column of a heading. */
function mediansOf(bench: string, row: string): Record<string, number> {
  const lines = written()
    .find(({ name }) => name === bench)!
    .body.split("\n");
  const cells = (line = ""): string[] => line.split("|").map((cell) => cell.trim());
  const headings = cells(lines.find((line) => line.startsWith("|")));
  const values = cells(lines.find((line) => line.startsWith(`| ${row} `))).map((cell) =>
    Number(cell.replace(/ .*/, "").replaceAll(",", "")),
  );
  const pairs = headings.map((heading, at): [string, number] => [heading, values[at]!]);
  return Object.fromEntries(pairs.reverse());
}

test("figures: what the page of goals says of the echo with one message in flight is so", () => {
  const rows = ["`ws` on Node.js", "Bun, native", "Node.js, wasm"];
  const [peer, bun, node] = rows.map((row) => mediansOf("profile", row));
  for (const ours of [bun!, node!]) {
    for (const calls of ["sends", "receives"]) {
      assert.ok(Math.abs(ours[calls]! - peer![calls]!) < 0.3, `${calls}: ${ours[calls]}`);
    }
    const kernel = (one: Record<string, number>): number => one.CPU! * one["in the kernel"]!;
    assert.ok(Math.abs(kernel(ours) / kernel(peer!) - 1) < 0.5, "CPU in the kernel");
  }
  for (const one of [peer!, bun!]) assert.ok(one["in the kernel"]! > 0.4);
  const [least, most] = rows.map((row) => mediansOf("echo", row).all!);
  assert.ok(most! > 1.3 * least!, `${most} µs of all processes, ${least} with \`ws\``);
});

test("figures: the goals for connects are met, as the page of goals says", () => {
  const names = ["Bun, native", "Bun, wasm", "Deno, wasm", "Node.js, wasm"];
  for (const name of names) {
    const [plain, accepted] = [name, `${name}, the origin accepts`].map((row) =>
      mediansOf("storm", row),
    );
    assert.ok(plain!.ratio! >= 0.7, `${name}: ${plain!.ratio} of the runtime's own server`);
    assert.ok(accepted!.ratio! >= 0.6, `${name}: ${accepted!.ratio} where the origin is asked`);
  }
});

test("figures: what the page of goals says of a client that connects is so", () => {
  const pairs = { "Bun, wasm": "Bun's own server", "Node.js, wasm": "`ws` on Node.js" };
  const costs = (row: string): Record<string, number> => mediansOf("connects", row);
  for (const [name, bare] of Object.entries(pairs)) {
    const [ours, theirs] = [costs(name), costs(bare)];
    for (const calls of ["accepts", "receives", "sends"]) {
      assert.ok(Math.abs(ours[calls]! - theirs[calls]!) < 0.3, `${name}: ${calls}`);
    }
    assert.ok(Math.abs(ours["set-up"]! - theirs["set-up"]! - 1) < 0.1, name);
    assert.ok(ours["in the kernel"]! < 0.5, name);
  }
  assert.ok(Math.abs(costs("Deno, wasm").receives! - 2) < 0.3);
  const besides = (name: string): number =>
    1 - costs(name)["main thread"]! / costs(name)["later: CPU"]!;
  assert.ok(besides("Bun, wasm") >= 0.2, `${besides("Bun, wasm")}`);
  assert.ok(besides("Bun's own server") < 0.1, `${besides("Bun's own server")}`);
  const node = costs("Node.js, wasm");
  assert.ok(node["later: CPU"]! <= 0.75 * node["first: CPU"]!, JSON.stringify(node));
  for (const name of [...Object.keys(pairs), "Deno, wasm"]) {
    const { origin, "later: origin": warm } = costs(name);
    assert.ok(warm! < origin!, `${name}: ${origin} to ${warm} µs of the origin`);
  }
});

test("figures: a headline that a bench no longer prints is told", () => {
  const readme = readFileSync("README.md", "utf8");
  assert.throws(() => withHeadlines(readme, sections), /"echo" kept no figure "1: Bun, native"/);
  const transports = readFileSync(transportsPage, "utf8");
  assert.throws(() => withTransportCosts(transports, sections), /"http" has no section/);
  assert.throws(() => withHeadlines("# No marks", written()), /no place for figures/);
});
