import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { test } from "node:test";
import { Origin, type OriginOptions } from "../../../adapters/origin/mod.ts";
import { Topics } from "../../../adapters/topics/mod.ts";
import { checkFlag, configFlag, settings } from "../../../core/config/mod.ts";
import { commands } from "../../../runtimes/cli/commands/mod.ts";
import {
  type Block,
  blocksOf,
  deadLinks,
  everyPage,
  filesNamedIn,
  reachableFrom,
  readPage,
  tableRows,
  unquoted,
  withoutBlocks,
} from "../../support/docs/docs.ts";

const pages: readonly string[] = everyPage();
const blocks: readonly Block[] = pages.flatMap(blocksOf);
const place = (block: Block): string => `${block.page}:${block.line}`;

test("every link within the repository leads somewhere", () => {
  for (const page of pages) assert.deepEqual(deadLinks(page), [], page);
});

test("every block is of a kind that a test looks at", () => {
  const kinds = new Set(["sh", "json", "hex", "ts", "js", "python", "conf", "text"]);
  for (const block of blocks) assert.ok(kinds.has(block.language), place(block));
});

test("JSON blocks are JSON", () => {
  for (const block of blocks.filter(({ language }) => language === "json")) {
    assert.doesNotThrow(() => JSON.parse(block.body), place(block));
  }
});

test("code is quoted from an example that exists", () => {
  const code = blocks.filter(
    ({ language, subject }) =>
      ["ts", "js", "python"].includes(language) || subject.startsWith("examples/"),
  );
  for (const block of code) {
    assert.ok(existsSync(block.subject), `${place(block)} names no file`);
    const file = readFileSync(block.subject, "utf8");
    assert.ok(file.includes(`${block.body}\n`), `${place(block)} differs from ${block.subject}`);
  }
});

test("the README shows a whole origin in each language, and a client, in few lines", () => {
  assert.ok(readPage("README.md").split("\n").length <= 150);
  const linesMax = { ts: 15, js: 5, python: 24 };
  for (const [language, most] of Object.entries(linesMax)) {
    const [block, ...more] = blocksOf("README.md").filter((one) => one.language === language);
    assert.ok(block !== undefined && more.length === 0, language);
    assert.equal(`${block.body}\n`, readFileSync(block.subject, "utf8"));
    const lines = block.body.split("\n").filter((line) => line !== "").length;
    assert.ok(lines <= most, `${place(block)}: ${lines} lines`);
  }
});

/** What npm does by itself; a test of the package runs them. */
const npmCommands: ReadonlySet<string> = new Set(["pack", "install", "sbom"]);

test("commands of npm are scripts, and their flags are settings", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const lines = blocks
    .filter(({ language }) => language === "sh")
    .flatMap((block) => block.body.split("\n").map((line) => ({ line, at: place(block) })));
  const inText = pages.flatMap((page) =>
    Array.from(readPage(page).matchAll(/`(npm [^`]+)`/g), ([, line = ""]) => ({ line, at: page })),
  );
  for (const { line, at } of [...lines, ...inText]) {
    const [program, ...words] = line.split(" ");
    if (program !== "npm" || npmCommands.has(words[0] ?? "")) continue;
    const script = words[0] === "run" ? words[1] : words[0];
    assert.ok(Object.hasOwn(scripts, script ?? ""), `${at}: ${line}`);
    if (!/^(start|serve)/.test(script ?? "")) continue;
    const flags = words.filter((word) => word.startsWith("--") && word !== "--");
    for (const flag of flags) assert.ok(Object.hasOwn(settings, flag.slice(2)), `${at}: ${flag}`);
  }
});

test("flags in the text are settings, or options of a command", () => {
  const options = commands.flatMap((command) => Object.keys(command.options));
  const flags = [...Object.keys(settings), configFlag, checkFlag, "help", "version", "dry-run"];
  const known = new Set([...flags, ...options]);
  // Other pages name flags of the benches, of the soak test and of other programs, too.
  for (const page of pages.filter(
    (name) => !/reliability|performance|scaling|decisions/.test(name),
  )) {
    for (const [, flag = ""] of readPage(page).matchAll(/`--([a-z-]+)(?![a-z…-])/g)) {
      assert.ok(known.has(flag), `${page}: --${flag}`);
    }
  }
});

test("what mosquitto's clients are shown with is a topic and a batch", () => {
  const lines = blocks.flatMap(({ body }) => body.split("\n"));
  const topics = new Topics();
  const published = lines.filter((line) => line.startsWith("mosquitto_pub "));
  assert.ok(published.length >= 2);
  for (const line of published) {
    const match = /-q 1 -t (\S+) -m '([^']+)'$/.exec(line);
    assert.ok(match !== null, line);
    const kind = topics.parse(match[1] ?? "")?.kind;
    // What goes to a group's raw topic is the message itself.
    if (kind === "group-text") continue;
    assert.equal(kind, "commands", line);
    assert.ok(Array.isArray(JSON.parse(match[2] ?? "")), line);
  }
});

test("the library's members and options are those that the page lists", () => {
  const names = (heading: string): string[] =>
    tableRows("docs/origin.md", heading)
      .map(([cell = ""]) => unquoted(cell).replace(/\(.*/, ""))
      .sort();
  // `connectOrigin` calls `start`; `name` is a field.
  const own = Object.getOwnPropertyNames(Origin.prototype);
  const members = own.filter((name) => name !== "constructor" && name !== "start");
  const listed = [...names("method"), ...names("property")].sort();
  assert.deepEqual(listed, ["name", ...members].sort());
  const options: Record<keyof OriginOptions, true> = {
    app: true,
    broker: true,
    dataLane: true,
    format: true,
    mode: true,
    name: true,
    root: true,
    signal: true,
    streamQos: true,
    tls: true,
    version: true,
    weight: true,
    window: true,
  };
  assert.deepEqual(names("option"), Object.keys(options).sort());
});

test("the picture is there and stands on a background of its own", () => {
  const picture = readFileSync("docs/architecture.svg", "utf8");
  assert.match(picture, /<rect width="960" height="650"[^>]* fill="#f7f9fb"\/>/);
  assert.doesNotMatch(picture, /<script|href="http/);
});

test("links lead from the README to every page in docs/", () => {
  const reached = reachableFrom("README.md");
  for (const page of everyPage()) assert.ok(reached.has(page), page);
  assert.ok(reached.has("docs/asyncapi.json"));
});

test("source files that a page names exist", () => {
  const missing = pages.flatMap((page) =>
    filesNamedIn(page)
      .filter((file) => !file.startsWith("dist/"))
      .filter((file) => !statSync(file, { throwIfNoEntry: false })?.isFile())
      .map((file) => `${page}: ${file}`),
  );
  assert.deepEqual(missing, []);
});

/** Names in the pages that are others': of npm, of Kubernetes, and the end of several of ours. */
const foreignNames: ReadonlySet<string> = new Set([
  "createRemoteJWKSet",
  "customFetch",
  "devDependencies",
  "enableServiceLinks",
  "externalTrafficPolicy",
  "fetchSockets",
  "PostToConnection",
  "WithReply",
]);

test("names of the code that a page shows stand in the code", () => {
  const files = ["core", "adapters", "runtimes", "wasm", "examples", "test"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|js|py)$/.test(name) && !name.startsWith("unit/docs"))
      .map((name) => readFileSync(`${folder}/${name}`, "utf8")),
  );
  const known = new Set(files.flatMap((text) => text.match(/\w+/g) ?? []));
  for (const page of pages.filter((name) => name !== "docs/performance.md")) {
    for (const [code] of withoutBlocks(page).matchAll(/`[^`\n]+`/g)) {
      if (/\/.*\./.test(code)) continue;
      for (const [name] of code.matchAll(/\b(?:[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)\b/g)) {
        assert.ok(known.has(name) || foreignNames.has(name), `${page}: ${name}`);
      }
    }
  }
});

test("tables of settings have at most 15 rows", () => {
  let rows = 0;
  for (const line of readPage("docs/operating/settings.md").split("\n")) {
    rows = line.startsWith("| `") ? rows + 1 : 0;
    assert.ok(rows <= 15, line);
  }
});

const folder = "docs/decisions";
const records = readdirSync(folder).filter((name) => /^\d{4}-/.test(name));

test("a decision record is short, says what was decided, and has no tables or blocks", () => {
  assert.ok(records.length >= 27);
  // No two have one number.
  const numbers = records.map((name) => name.slice(0, 4));
  assert.deepEqual(numbers, [...new Set(numbers)]);
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
