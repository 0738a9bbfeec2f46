// Builds the gateway for Node.js as one file, and the licences of the packages in it. The npm
// package has it beside the origin library, and the tests run it.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "./prepare.mjs";
import { capture, tool } from "./program.mjs";

const target = "dist/websocket-service.js";
const metafile = "dist/websocket-service.meta.json";
export const licences = "dist/third-party-licenses.txt";

/**
 * Bundles the gateway for Node.js with its packages, if something changed: the npm package depends
 * only on what an origin needs, and one file starts in a third of the time that 500 take.
 */
export function packageServer() {
  const inputs = ["core", "wasm", "adapters", "runtimes", "examples", "package-lock.json"];
  once("server", [...inputs, "package.json", ".ci/package.mjs"], bundle);
}

function bundle() {
  const result = capture(tool("bun"), [
    "build",
    "runtimes/node/main.ts",
    "--target=node",
    "--minify-syntax",
    `--outfile=${target}`,
    `--metafile=${metafile}`,
  ]);
  if (!result.ok) return result;
  chmodSync(target, 0o755);
  const { inputs } = JSON.parse(readFileSync(metafile, "utf8"));
  rmSync(metafile);
  writeFileSync(licences, licencesOf(Object.keys(inputs)));
  return result;
}

function licencesOf(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  const texts = [...folders].sort().map(licenceOf);
  return `Built into websocket-service.js:\n\n${texts.join("\n\n")}\n`;
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
  const text = file === undefined ? "" : `\n\n${readFileSync(join(folder, file), "utf8").trim()}`;
  return `== ${name} ${version}: ${license}${text}`;
}
