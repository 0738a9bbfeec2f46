// Makes the files of a release in dist/release, a list of what is in them, and checksums.
// Nothing is published: whoever releases uploads these files.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { licences } from "./package.mjs";
import { StepFailed } from "./prepare.mjs";
import { capture, tool } from "./program.mjs";

const folder = "dist/release";

/** Makes the release. With `--dry-run` what forbids a release is a warning. */
export function release(args) {
  const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const reason of hindrances(version)) {
    if (!args.includes("--dry-run")) throw new StepFailed(`no release: ${reason}`);
    console.error(`a release would be refused: ${reason}`);
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // The files are built already; its own script would build them again.
  must("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder]);
  const platform = `${process.platform}-${process.arch}`;
  compileExecutable(join(folder, `${name}-${version}-${platform}`));
  const bom = JSON.stringify(billOfMaterials(name), undefined, 2);
  writeFileSync(join(folder, `${name}-${version}.cdx.json`), `${bom}\n`);
  const sums = readdirSync(folder).sort().map(checksum);
  writeFileSync(join(folder, "SHA256SUMS"), sums.join(""));
  console.log(sums.join("").trimEnd());
  return 0;
}

/** Why this tree is no release of that version. */
function hindrances(version) {
  const found = [];
  if (must("git", ["status", "--porcelain"]) !== "") found.push("files are not committed");
  const tags = must("git", ["tag", "--points-at", "HEAD"]).split("\n");
  if (!tags.includes(`v${version}`)) found.push(`no tag v${version} is at this commit`);
  const heading = `\n## ${version}`;
  if (!readFileSync("CHANGELOG.md", "utf8").includes(heading))
    found.push(`CHANGELOG.md has no section ${version}`);
  return found;
}

/**
 * What the package depends on, what is built into the gateway, and the runtime in the executable,
 * as CycloneDX names it. The same commit has the same list.
 */
function billOfMaterials(name) {
  const text = must("npm", ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx"]);
  const { serialNumber: _, ...bom } = JSON.parse(text);
  const installed = new Set(packagesOfUsers());
  const headings = readFileSync(licences, "utf8").matchAll(/^== (\S+) (\S+): /gm);
  const built = new Set(Array.from(headings, ([, one, version]) => `${one}@${version}`));
  const isIn = (one) =>
    one.name === "bun" || installed.has(one["bom-ref"]) || built.has(one["bom-ref"]);
  const components = bom.components.filter(isIn).map(({ properties: _, ...rest }) => rest);
  const { component } = bom.metadata;
  const refs = new Set([component["bom-ref"], ...components.map((one) => one["bom-ref"])]);
  return {
    ...bom,
    metadata: {
      ...bom.metadata,
      timestamp: new Date(must("git", ["log", "-1", "--format=%cI"])).toISOString(),
      // npm takes the folder's name.
      component: { ...component, name },
    },
    components,
    dependencies: bom.dependencies
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((on) => refs.has(on)) })),
  };
}

/** What an install of the package brings, as `name@version`. */
function packagesOfUsers() {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== "" && !dev && !devOptional)
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, "")}@${version}`);
}

/** A line as `sha256sum --check` reads it. */
function checksum(file) {
  const hash = createHash("sha256").update(readFileSync(join(folder, file)));
  return `${hash.digest("hex")}  ${file}\n`;
}

/** Compiles the single executable. */
export function compileExecutable(file = "dist/websocket-service") {
  const flags = ["--compile", "--minify", "--sourcemap=inline"];
  must(tool("bun"), ["build", ...flags, "runtimes/bun/main.ts", "--outfile", file]);
  // The map is in the executable already.
  rmSync(`${file}.map`, { force: true });
}

/** What a program writes, without the last line break. Throws `StepFailed` if it fails. */
function must(command, args) {
  const { ok, output, printed } = capture(command, args);
  if (!ok) throw new StepFailed(`${command} ${args.join(" ")}\n${output}`);
  return printed.trimEnd();
}
