import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parts } from "../../mutants/list.ts";
import { applied, type Mutant, oneLine, staleness } from "../../mutants/parts/mutant.ts";
import { earlierResults, reportOf } from "../../mutants/report.ts";
import { readPage } from "../../support/docs/docs.ts";
import { findTests } from "../../support/run/plan.ts";

const all = parts.flatMap(({ page, mutants }) => mutants.map((mutant) => ({ page, mutant })));
const texts = new Map<string, string>();

function textOf(path: string): string {
  const text = texts.get(path) ?? readFileSync(path, "utf8");
  texts.set(path, text);
  return text;
}

test("every mutant can still be put into the source", () => {
  const stale = all.flatMap(({ mutant }) => {
    const why = staleness(mutant, textOf(mutant.file));
    return why === undefined ? [] : [`${mutant.file}: ${why}: ${mutant.find}`];
  });
  assert.deepEqual(stale, []);
  assert.ok(all.length >= 60, `${all.length} mutants`);
});

test("every sentence that a mutant makes false stands in its page", () => {
  const missing = all.filter(({ page, mutant }) => {
    return !oneLine(readPage(page)).includes(oneLine(mutant.says));
  });
  assert.deepEqual(
    missing.map(({ page, mutant }) => `${page}: ${mutant.says}`),
    [],
  );
});

test("every mutant names tests that there are, or why it survives", () => {
  const files = new Set(findTests("test"));
  for (const { mutant } of all) {
    for (const file of mutant.tests) assert.ok(files.has(file), file);
    assert.ok(mutant.tests.length > 0, mutant.find);
  }
});

const sample: Mutant = {
  says: "one and one is two",
  file: "sum.ts",
  find: "a + b",
  replace: "a - $&",
  tests: ["test/unit/sum.test.ts"],
};

test("a mutant whose text is gone, or stands twice, is told", () => {
  assert.match(staleness(sample, "a * b") ?? "", /0 times/);
  assert.match(staleness(sample, "a + b + a + b") ?? "", /2 times/);
  assert.equal(applied(sample, "return a + b;"), "return a - $&;");
  assert.throws(() => applied(sample, ""), /sum\.ts: the text stands 0 times/);
});

test("the report tells what survives, and who found what", () => {
  const lives: Mutant = { ...sample, says: "a | b", survives: "nobody adds" };
  const part = { name: "sums", page: "docs/sums.md", mutants: [sample, lives] };
  const report = reportOf(
    [part],
    [
      { mutant: sample, killedBy: "test/unit/sum.test.ts" },
      { mutant: lives, killedBy: undefined },
    ],
  );
  assert.match(report, /2 mutants: 1 found, 1 not\./);
  assert.match(report, /- “a \\\| b” \(`sum\.ts`\): nobody adds/);
  assert.match(report, /\| one and one is two \| `sum\.ts`: `a \+ b` → .* \| `unit\/sum/);
});

test("a run of one part leaves the rows of the others as they are", () => {
  const lives: Mutant = { ...sample, says: "a | b", survives: "nobody adds" };
  const other: Mutant = { ...sample, says: "one more" };
  const part = { name: "sums", page: "docs/sums.md", mutants: [sample, lives, other] };
  const report = reportOf(
    [part],
    [
      { mutant: sample, killedBy: "test/unit/sum.test.ts", on: "2020-02-29" },
      { mutant: lives, killedBy: undefined, on: "2020-03-01" },
      { mutant: other, killedBy: undefined, fault: "fails without any mutant" },
    ],
  );
  assert.match(report, /3 mutants: 1 found, 1 not, 1 not tried\./);
  assert.match(report, /^\| one more .* \| not tried \| – \|$/m);
  const earlier = earlierResults([part], report);
  assert.deepEqual(earlier[0], {
    mutant: sample,
    killedBy: "test/unit/sum.test.ts",
    on: "2020-02-29",
  });
  assert.equal(reportOf([part], earlier), report);
  const changed = { ...part, mutants: [{ ...sample, replace: "a * b" }] };
  assert.equal(earlierResults([changed], report)[0]?.fault, "not tried");
  const undated = report.replaceAll(/ \| \d{4}-\d\d-\d\d \|$/gm, " |");
  assert.equal(earlierResults([part], undated)[0]?.on, "–");
});

test("no two mutants are the same", () => {
  const texts = all.map(({ page, mutant }) => JSON.stringify([page, mutant.file, mutant.says]));
  assert.deepEqual(
    texts.filter((text, index) => texts.indexOf(text) !== index),
    [],
  );
});
