import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { readPage, tableRows } from "../../support/docs/docs.ts";

const folder = "docs/decisions";
const records = readdirSync(folder).filter((name) => /^\d{4}-/.test(name));

test("a decision record is short, says what was decided, and has no tables or blocks", () => {
  assert.ok(records.length >= 27);
  for (const name of records) {
    const text = readPage(`${folder}/${name}`);
    assert.match(text, new RegExp(`^# ${Number(name.slice(0, 4))}\\. `), name);
    assert.match(text, /^\*Decided\.\*/m, name);
    assert.doesNotMatch(text, /^(\||```)/m, name);
    const lines = text.split("\n").length;
    assert.ok(lines <= 51, `${name}: ${lines} lines`);
  }
});

test("the list of decision records has them all, in their order", () => {
  const listed = tableRows(`${folder}/README.md`, "record").map(([link = ""]) =>
    link.replace(/.*\(|\)$/g, ""),
  );
  assert.deepEqual(listed, records.sort());
});
