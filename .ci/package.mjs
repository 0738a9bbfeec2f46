// Builds the gateway for Node.js as one file, what exports traces as a second one, and the
// licences of the packages in them. The npm package has them beside the origin library, and the
// tests run them.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "./prepare.mjs";
import { capture, tool } from "./program.mjs";

const gateway = "dist/websocket-service.js";
const tracing = "dist/websocket-service-tracing.js";
const tracingEntry = "./adapters/tracing/mod.ts";
/** How the gateway's source imports what exports traces, and how the gateway's file does. */
const tracingSource = "../../adapters/tracing/mod.ts";
const tracingImport = "./websocket-service-tracing.js";
const metafile = "dist/websocket-service.meta.json";
export const licences = "dist/third-party-licenses.txt";

/**
 * Bundles the gateway for Node.js with its packages, if something changed: the npm package depends
 * only on what an origin needs, and one file starts in a third of the time that 500 take.
 */
export function packageServer() {
  const inputs = ["core", "wasm", "adapters", "runtimes", "examples", "package-lock.json"];
  once("server", [...inputs, "package.json", ".ci/package.mjs"], bundleAll);
}

function bundleAll() {
  const parts = [
    bundle("runtimes/node/main.ts", gateway, ["--external", tracingEntry]),
    bundle(tracingEntry, tracing),
  ];
  const failed = parts.find(({ result }) => !result.ok);
  if (failed !== undefined) return failed.result;
  // It is read by gateways that export traces alone.
  const source = readFileSync(gateway, "utf8");
  const named = `import(${JSON.stringify(tracingSource)})`;
  const output = `${gateway} does not import ${tracingSource} as expected\n`;
  if (source.split(named).length !== 2) return { ok: false, output };
  writeFileSync(gateway, source.replace(named, `import(${JSON.stringify(tracingImport)})`));
  chmodSync(gateway, 0o755);
  writeFileSync(licences, licencesOf(parts.flatMap(({ inputs }) => inputs)));
  return parts[0].result;
}

/** Bundles one file, and says which files are in it. */
function bundle(entry, outfile, flags = []) {
  const result = capture(tool("bun"), [
    "build",
    entry,
    "--target=node",
    "--minify-syntax",
    `--outfile=${outfile}`,
    `--metafile=${metafile}`,
    ...flags,
  ]);
  if (!result.ok) return { result, inputs: [] };
  const { inputs } = JSON.parse(readFileSync(metafile, "utf8"));
  rmSync(metafile);
  return { result, inputs: Object.keys(inputs) };
}

function licencesOf(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  const texts = [...folders].sort().map(licenceOf);
  return `Built into websocket-service.js and its parts:\n\n${texts.join("\n\n")}\n`;
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
  const text = file === undefined ? "" : `\n\n${readFileSync(join(folder, file), "utf8").trim()}`;
  return `== ${name} ${version}: ${license}${text}`;
}
