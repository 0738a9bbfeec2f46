import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { ErrorCode } from "../../../core/base/mod.ts";
import { circleFaults } from "../../support/tidy/circles.ts";
import { only, readTexts } from "../../support/tidy/files.ts";
import { functionsOf } from "../../support/tidy/functions.ts";
import {
  doorFaults,
  importFaults,
  privateFaults,
  runtimeFaults,
  specifiersOf,
} from "../../support/tidy/imports.ts";
import { tableFaults } from "../../support/tidy/rooms.ts";
import {
  errorFaults,
  folderFaults,
  limitFaults,
  longFiles,
  sizeFaults,
  testFaults,
  textFaults,
  topLevelFaults,
} from "../../support/tidy/texts.ts";

const texts = readTexts();
/** AssemblyScript has its own import rules: one module, compiled as a whole. */
const assembly = /^wasm\/assembly\//;
const code = only(texts, /\.(ts|mjs)$/);
const typescript = new Map([...code].filter(([path]) => !assembly.test(path)));
const errorCodes = Object.keys(ErrorCode);

test("tidy: there is something to look at", () => {
  assert.ok(typescript.size > 50, `${typescript.size} files`);
  assert.ok(typescript.has("core/base/errors.ts"));
});

test("tidy: imports go one way, through doors, and core asks for no package but valibot", () => {
  assert.deepEqual(importFaults(typescript), []);
});

test("tidy: no import leads back to where it began, types included", () => {
  assert.deepEqual(circleFaults(typescript), []);
});

test("tidy: docs/architecture.md shows the rooms and what each may import", () => {
  assert.deepEqual(tableFaults(texts.get("docs/architecture.md") ?? ""), []);
});

test("tidy: no folder has more than 15 files, and tests stand where their code does", () => {
  assert.deepEqual(folderFaults(typescript), []);
  assert.deepEqual(testFaults(texts.keys()), []);
});

test("tidy: what is private is #private, except a constructor", () => {
  assert.deepEqual(privateFaults(typescript), []);
});

test("tidy: doors are named re-exports; no index.ts, no default export", () => {
  assert.deepEqual(doorFaults(typescript), []);
});

test("tidy: core names no runtime's globals, and nobody sniffs for a runtime", () => {
  assert.deepEqual(runtimeFaults(typescript), []);
});

test("tidy: files under 450 lines, functions under 70, lines under 100 columns", (t) => {
  assert.deepEqual(sizeFaults(code), []);
  for (const file of longFiles(code)) t.diagnostic(`warning: ${file}`);
});

test("tidy: nothing is marked as undone, and no machine's paths are written down", () => {
  assert.deepEqual(textFaults(texts), []);
});

test("tidy: nothing new stands at the top level", () => {
  assert.deepEqual(topLevelFaults(readdirSync(".")), []);
});

test("tidy: every limit is used", () => {
  assert.deepEqual(limitFaults(typescript), []);
});

test("tidy: docs/errors.md lists every error code, and no other", () => {
  assert.deepEqual(errorFaults(errorCodes, texts.get("docs/errors.md") ?? ""), []);
});

/** Samples that break each rule once: a rule that finds nothing in them finds nothing at all. */
const badImports: readonly (readonly [path: string, source: string, fault: RegExp])[] = [
  ["core/base/a.ts", 'import { x } from "../ports/mod.ts";', /core\/base must not import core\/p/],
  ["core/events/a.ts", 'import type { x } from "../routing/mod.ts";', /must not import core\/rou/],
  ["core/connection/a.ts", 'import type { x } from "../app.ts";', /must not import core /],
  ["core/new/a.ts", 'import { x } from "../../wasm/codec/mod.ts";', /core must not import wasm/],
  ["tools/a.ts", 'import { x } from "../core/mod.ts";', /stands in no room/],
  ["core/ports/a.ts", 'import type { x } from "../mod.ts";', /core\/ports must not import core /],
  ["core/a.ts", 'import { x } from "../adapters/log/mod.ts";', /core must not import adapters/],
  ["core/a.ts", 'export { x } from "../wasm/codec/mod.ts";', /core must not import wasm/],
  ["core/a.ts", 'import "node:fs";', /nothing but core and valibot \(node:fs\)/],
  ["core/a.ts", 'const x = await import("hono");', /nothing but core and valibot \(hono\)/],
  [
    "wasm/codec/a.ts",
    'import { x } from "../../adapters/log/mod.ts";',
    /wasm.codec must not import adapters/,
  ],
  [
    "adapters/log/a.ts",
    'import { x } from "../../wasm/codec/mod.ts";',
    /adapters\/log must not imp/,
  ],
  ["adapters/log/a.ts", 'import { x } from "../mqtt/mod.ts";', /must not import adapters\/mqtt/],
  [
    "adapters/log/a.ts",
    'import { x } from "../../runtimes/cli/mod.ts";',
    /must not import runtimes/,
  ],
  ["adapters/log/a.ts", 'import { x } from "../../core/base/id.ts";', /past the door/],
  ["runtimes/cli/a.ts", 'import { x } from "../compose/x.ts";', /past the door/],
  ["runtimes/cli/a.ts", 'import { x } from "../../test/a.ts";', /no source folder/],
  ["runtimes/cli/a.ts", 'import { x } from "../../package.json";', /no source/],
];

test("tidy can fail: imports", () => {
  for (const [path, source, fault] of badImports) {
    const faults = importFaults(new Map([[path, source]]));
    assert.match(faults.join("\n"), fault, path);
  }
  const two = new Map(["a", "b"].map((name) => [`adapters/${name}/x.ts`, 'import "mqtt";']));
  assert.match(importFaults(two).join(), /more than one file imports mqtt/);
});

test("tidy lets pass: imports that are in order", () => {
  const good = new Map([
    ["core/a.ts", 'import * as v from "valibot"; import { x } from "./base/mod.ts";'],
    ["adapters/origin/send/a.ts", 'import { x } from "../../topics/mod.ts"; import "node:net";'],
    ["runtimes/bun/a.ts", 'import { x } from "../cli/mod.ts"; import "../framed-server/mod.ts";'],
    [
      "test/unit/a.test.ts",
      'import { x } from "../../core/connection/new-connection-id.ts"; import "mqtt";',
    ],
  ]);
  assert.deepEqual(importFaults(good), []);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
  const tricky = '// from "a"\nconst s = `from "b" ${import.meta.url} import("c")`; x.from("d");';
  assert.deepEqual(specifiersOf(tricky), []);
});

test("tidy can fail: circles of imports", () => {
  const sources = new Map([
    ["core/a/one.ts", 'import type { x } from "../b/mod.ts";'],
    ["core/a/mod.ts", 'export { x } from "./one.ts";'],
    ["core/b/mod.ts", 'export { x } from "./two.ts";'],
    ["core/b/two.ts", 'import { x } from "../c/mod.ts"; import { y } from "../d/mod.ts";'],
    ["core/c/mod.ts", 'export { x } from "../a/mod.ts";'],
    ["core/d/mod.ts", ""],
    ["core/e/p.ts", 'import { x } from "../f/p.ts";'],
    ["core/e/q.ts", ""],
    ["core/f/p.ts", ""],
    ["core/f/q.ts", 'import { x } from "../e/q.ts";'],
  ]);
  const files = ["a/one", "b/mod", "b/two", "c/mod", "a/mod"].map((name) => `core/${name}.ts`);
  assert.deepEqual(circleFaults(sources), [
    `a circle of imports: ${files.join(" → ")}`,
    "a circle of imports: core/a → core/b → core/c",
    "a circle of imports: core/e → core/f",
  ]);
});

test("tidy can fail: the page's table, folders, tests' places, private members", () => {
  const page =
    "<!-- rooms -->\n| `core/ports` | x | `wasm` |\n| `core/x` | x | – |\n<!-- /rooms -->";
  const faults = tableFaults(page);
  assert.ok(faults.includes("core/ports may import core/base"));
  assert.ok(faults.includes("core/x is no room"));
  for (const folder of ["core/x", "test/unit/core/x", "test/faults/x"]) {
    const many = new Map(Array.from({ length: 16 }, (_, index) => [`${folder}/${index}.ts`, ""]));
    assert.deepEqual(folderFaults(many), [`${folder} has 16 files`]);
  }
  const tests = ["test/unit/core/x/a.test.ts", "test/unit/core/y/a.test.ts", "core/x/a.ts"];
  assert.deepEqual(testFaults([...tests, "test/fuzz/A_b.test.ts"]), [
    "test/unit/core/y/a.test.ts: there is no folder core/y",
    "test/fuzz/A_b.test.ts: the name is not like some-thing.test.ts",
  ]);
  const classes = "class A { private readonly a = 1; private constructor() {} #b = x.private; }";
  assert.deepEqual(privateFaults(new Map([["core/a.ts", classes]])), [
    "core/a.ts:1: private readonly",
  ]);
});

test("tidy can fail: doors, default exports, runtimes' names", () => {
  const doors = new Map([
    ["core/x/index.ts", 'export { a } from "./a.ts";'],
    ["core/y/mod.ts", 'export * from "./a.ts";'],
    ["core/z/mod.ts", "export const a = 1;"],
    ["core/a.ts", "export default 1;"],
    ["core/b.ts", "export { a as default };"],
    ["core/good/mod.ts", '/** Why. */\nexport { type A, b } from "./a.ts";\n'],
  ]);
  assert.deepEqual(
    doorFaults(doors).map((fault) => fault.split(":")[0]),
    ["core/x/index.ts", "core/y/mod.ts", "core/z/mod.ts", "core/a.ts", "core/b.ts"],
  );
  const names = new Map([
    ["core/a.ts", "Buffer.from(x); y.process; const z = { require: 1 };"],
    ["core/b.ts", "if (typeof process) {}"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    ["adapters/log/a.ts", "if (typeof Deno) {} process.pid; `${Bun.x}`"],
    ["runtimes/bun/a.ts", "Bun.serve({});"],
  ]);
  assert.deepEqual(runtimeFaults(names), [
    "core/a.ts:1: Buffer",
    "core/b.ts:1: process",
    "adapters/log/a.ts:1: Deno",
    "adapters/log/a.ts:1: Bun",
  ]);
});

const body = "\n  x();".repeat(70);
/** Function heads of every form, each with a body that is too long. */
const longFunctions: readonly (readonly [source: string, name: string])[] = [
  [`function one(a: number): void {${body}\n}`, "one"],
  [`export async function two<T>(a: T): Promise<Map<string, T>> {${body}\n}`, "two"],
  [`const three = (a: number): number => {${body}\n};`, "an arrow function"],
  [`class A {\n  #four(): { a: number } | undefined {${body}\n  }\n}`, "four"],
  [`const o = {\n  five(a = { b: ")" }) {${body}\n  },\n};`, "five"],
  [`class B {\n  constructor(readonly a: RegExp = /[/{]"/) {${body}\n  }\n}`, "constructor"],
  [`function six(a: unknown): a is string {\`\${"}"}\`;${body}\n}`, "six"],
];

test("tidy can fail: long files, functions and lines", () => {
  for (const [source, name] of longFunctions) {
    const found = functionsOf(source).filter((span) => span.lines >= 70);
    const names = found.map((span) => span.name);
    assert.deepEqual(names, [name], source.slice(0, 60));
  }
  const faults = sizeFaults(
    new Map([
      ["a.ts", "x;\n".repeat(450)],
      ["b.ts", "x".repeat(100)],
      ["c.ts", longFunctions[0]?.[0] ?? ""],
      ["d.ts", `${"x;\n".repeat(449)}`],
      ["e.ts", `${"中".repeat(99)}\n`],
    ]),
  );
  assert.deepEqual(faults, ["a.ts: 450 lines", "b.ts:1: 100 columns", "c.ts:1: one has 72 lines"]);
});

test("tidy: in tests, functions inside a function count for themselves", () => {
  const suite = `function suite() {\n${"  test(() => {\n    x();\n  });\n".repeat(40)}}`;
  const lengths = new Map(
    [300, 301, 302].map((lines) => [`core/${lines}.ts`, "\n".repeat(lines)]),
  );
  assert.deepEqual(longFiles(lengths), ["core/302.ts: 302 lines", "core/301.ts: 301 lines"]);
  assert.deepEqual(sizeFaults(new Map([["test/a.ts", suite]])), []);
  assert.deepEqual(sizeFaults(new Map([["core/a.ts", suite]])), [
    "core/a.ts:1: suite has 122 lines",
  ]);
});

test("tidy lets pass: long blocks that are no functions", () => {
  const blocks = [
    "class A {",
    "interface A {",
    "const a = {",
    "if (a) {",
    "for await (const a of b) {",
  ];
  for (const head of [...blocks, "switch (a(b)) {", "x = y ? (a) : {", "} catch (e) {"]) {
    const source = `${head.startsWith("}") ? "try {" : ""}${head}${body}\n}`;
    assert.deepEqual(functionsOf(source), [], head);
  }
});

test("tidy can fail: texts, top level, limits, error codes", () => {
  const bad = new Map([
    ["docs/a.md", `${"TO"}${"DO"}: more\nsee /${"wo"}rk/main and "/${"tm"}p/x"`],
    ["package-lock.json", '"resolved": "https://registry.example/x"'],
  ]);
  assert.deepEqual(textFaults(bad), [
    "docs/a.md:1: says what is not done",
    "docs/a.md:2: names a path",
    "package-lock.json: names a registry",
  ]);
  assert.deepEqual(topLevelFaults(["core", ".ci", "src", "README.md"]), ["src"]);
  const sources = new Map([
    ["core/limits.ts", "export const limits = {\n  aMax: 1,\n  bMax: 2,\n} as const;"],
    ["a/x.ts", "export const xLimits = {\n  aMax: 1,\n  bMs: 1,\n  cMs: 1,\n} as const;"],
    ["core/a.ts", "limits.aMax; // limits.bMax"],
    ["a/a.ts", "const { bMs } = xLimits; xLimits.cMs;"],
  ]);
  assert.deepEqual(limitFaults(sources), ["limits.bMax", "xLimits.aMax"]);
  const table = "| code | x | y | z |\n| `internal` | a | – | b |\n| `gone` | a | 1002 | b |\n";
  assert.deepEqual(errorFaults(["internal", "port-in-use"], table), [
    "port-in-use is not documented",
    "gone is documented and does not exist",
  ]);
});
