import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { test } from "node:test";
import { readPage } from "../../support/docs/docs.ts";

const page = "docs/architecture.md";

/** The items of a numbered list below a heading. */
function listBelow(heading: string): string[] {
  const [, section = ""] = readPage(page).split(`\n## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  const items = own.split(/\n(?=\d+\. )/).filter((item) => /^\d+\. /.test(item));
  return items.map((item) => item.split("\n\n")[0] as string);
}

function exportsOf(file: string): string[] {
  const declared = /^export (?:abstract )?(?:class|interface|function|const|type) (\w+)/gm;
  return Array.from(readFileSync(file, "utf8").matchAll(declared), ([, name = ""]) => name);
}

const ports = readdirSync("core/ports", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .flatMap((name) => exportsOf(`core/ports/${name}`));

/** Words of a file's code, and of the files in its folder that it imports, without comments. */
function wordsOf(file: string): Set<string> {
  const code = (path: string): string =>
    readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  const own = code(file);
  const beside = Array.from(own.matchAll(/ from "\.\/([\w-]+\.ts)"/g), ([, name = ""]) => name);
  const all = [own, ...beside.map((name) => code(join(dirname(file), name)))];
  return new Set(all.flatMap((text) => text.match(/\w+/g) ?? []));
}

/** One of them names what the other exports, or both name something of one port. */
function related(one: string, other: string): boolean {
  const [words, more] = [wordsOf(one), wordsOf(other)];
  return (
    exportsOf(other).some((name) => words.has(name)) ||
    exportsOf(one).some((name) => more.has(name)) ||
    ports.some((name) => words.has(name) && more.has(name))
  );
}

for (const way of ["The way of an event", "The way of a command", "The way over HTTP"]) {
  test(`${way.toLowerCase()} leads from file to file`, () => {
    const files = listBelow(way).map((item) => /^\d+\. `([^`]+)`:/.exec(item)?.[1] ?? item);
    assert.ok(files.length >= 8, `${files.length} files`);
    for (const [index, file] of files.slice(1).entries()) {
      // A part that only the file before it uses leads back to that one.
      const before = files.slice(Math.max(0, index - 1), index + 1);
      const leads = before.some((one) => related(one, file));
      assert.ok(leads, `${before.join(" and ")} have nothing to do with ${file}`);
    }
  });
}

test("files that have nothing to do with each other are told", () => {
  assert.ok(!related("core/websocket/proxy-header.ts", "core/groups/local-group.ts"));
});

test("every invariant names a test that shows it", () => {
  const items = listBelow("Invariants");
  assert.ok(items.length >= 10);
  for (const item of items) assert.match(item, /`test\/[\w./-]+\.test\.ts`/, item);
});
