import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { formatPart, parsePart, readParts } from "../../mutants/faults.ts";
import { applied, type Mutant, staleness } from "../../mutants/mutant.ts";
import { summaryOf } from "../../mutants/summary.ts";
import { findTests } from "../../support/run/plan.ts";

const parts = readParts();
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

const sums = `sums: docs/sums.md

one and one is two
@ sum.ts
- return (
-   a + b
- );
-
+ return a - b;
+
? test/unit/sum.test.ts
= 2020-02-29 test/unit/sum.test.ts

nothing is added
@ sum.ts
- a += 1;
? test/unit/sum.test.ts
! nobody adds
= earlier survives

one more
@ sum.ts
- a
+ b
? test/unit/sum.test.ts
`;

test("the text of mutants is read as it is written", () => {
  const part = parsePart(sums);
  assert.equal(formatPart(part), sums);
  const [first, second, third] = part.mutants;
  assert.equal(first?.find, "return (\n  a + b\n);\n");
  assert.deepEqual(first?.tried, { on: "2020-02-29", by: "test/unit/sum.test.ts" });
  assert.deepEqual(second?.tried, { on: "earlier", by: undefined });
  assert.equal(second?.replace, "");
  assert.equal(third?.tried, undefined);
  assert.throws(() => parsePart(`${sums}\nno file\n- a\n`), /not a mutant/);
});

test("the summary counts what was found, and tells what survives", () => {
  const summary = summaryOf([parsePart(sums)]);
  assert.match(summary, /3 mutants in 1 parts: 1 found, 1 not, 1 not tried\./);
  assert.match(summary, /- nothing is added \(`sum\.ts`\): nobody adds\./);
});

test("no two mutants are the same", () => {
  const texts = all.map(({ page, mutant }) => JSON.stringify([page, mutant.file, mutant.says]));
  const found = texts.filter((text, index) => texts.indexOf(text) !== index);
  assert.deepEqual(found, []);
});
