// Puts the console's files into adapters/admin/generated/console-files.ts, from the root of the
// checkout: a bundle and a single executable have no files beside them. A test compares both.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = "adapters/admin/console";
const output = "adapters/admin/generated/console-files.ts";

/** The module that has the console's files, as source text. */
export function consoleModule() {
  const entries = readdirSync(folder)
    .sort()
    .map((name) => {
      const lines = readFileSync(join(folder, name), "utf8").split("\n");
      const texts = lines.map((line) => `      ${JSON.stringify(line)},\n`).join("");
      return `  [\n    ${JSON.stringify(name)},\n    [\n${texts}    ].join("\\n"),\n  ],\n`;
    });
  return [
    "// Made by .ci/console.mjs from adapters/admin/console. Not to be edited: build, and commit.",
    "/** The console's files by their names. */",
    "export const consoleFiles: ReadonlyMap<string, string> = new Map([",
    `${entries.join("")}]);`,
    "",
  ].join("\n");
}

/** Writes the module if it is another one. */
export function embedConsole() {
  const source = consoleModule();
  let before = "";
  try {
    before = readFileSync(output, "utf8");
  } catch {
    // The first time there is none.
  }
  if (source !== before) writeFileSync(output, source);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) embedConsole();
