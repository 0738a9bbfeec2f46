// Builds what `npm pack` adds to the origin library: the gateway as one file, and the licences of
// the packages in it.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StepFailed } from "./prepare.mjs";
import { capture, tool } from "./program.mjs";

const target = "dist/websocket-service.js";
const metafile = "dist/websocket-service.meta.json";
const licences = "dist/third-party-licenses.txt";

/**
 * Bundles the gateway for Node.js with its packages, so that the npm package depends only on what
 * an origin needs.
 */
export function packageServer() {
  const result = capture(tool("bun"), [
    "build",
    "runtimes/node/main.ts",
    "--target=node",
    "--minify-syntax",
    `--outfile=${target}`,
    `--metafile=${metafile}`,
  ]);
  if (!result.ok) throw new StepFailed(result.output);
  chmodSync(target, 0o755);
  const { inputs } = JSON.parse(readFileSync(metafile, "utf8"));
  rmSync(metafile);
  writeFileSync(licences, licencesOf(Object.keys(inputs)));
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
