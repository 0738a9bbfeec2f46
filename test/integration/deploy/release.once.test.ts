import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { before, test } from "node:test";
import { cloneTo, commitAll } from "../../support/deploy/clone.ts";
import { outputOf } from "../../support/deploy/output-of.ts";
import { installPackages } from "../../support/process/packages.ts";
import { Program, skipWithout } from "../../support/process/spawn.ts";
import { temporaryFolder } from "../../support/process/temporary-folder.ts";

const folder = temporaryFolder();
const clone = join(folder, "clone");
const made = join(clone, "dist/release");
const { version, name } = JSON.parse(readFileSync("package.json", "utf8"));
const skip = skipWithout("git");

interface Bom {
  readonly components: readonly { name: string; version: string; "bom-ref": string }[];
  readonly dependencies: readonly { ref: string; dependsOn: readonly string[] }[];
}

const bomFile = join(made, `${name}-${version}.cdx.json`);

/** Runs the release; what it writes. */
async function release(...flags: string[]): Promise<{ code: number | null; output: string }> {
  await using program = new Program(process.execPath, [".ci/task.mjs", "release", ...flags], {
    cwd: clone,
  });
  const { code } = await program.exited;
  return { code, output: program.output };
}

before(
  async () => {
    if (skip !== false) return;
    cloneTo(clone);
    await commitAll(clone);
  },
  { timeout: 60_000 },
);

test("only a commit with the version's tag and section is released", { skip }, async () => {
  const refused = async (reason: RegExp): Promise<void> => {
    const { code, output } = await release();
    assert.equal(code, 1, output);
    assert.match(output, reason);
  };
  await refused(/^no release: no tag v\S+ is at this commit$/m);
  await outputOf("git", ["tag", `v${version}`], { cwd: clone });
  await refused(/^no release: CHANGELOG\.md has no section /m);
  appendFileSync(join(clone, "CHANGELOG.md"), `\n## ${version}\n`);
  await refused(/^no release: files are not committed$/m);
  const { code, output } = await release("--dry-run");
  assert.equal(code, 0, output);
  assert.match(output, /^a release would be refused: files are not committed$/m);
});

test("a release has the package, the executable, their list, and sums that fit", {
  skip,
}, async () => {
  const platform = `${process.platform}-${process.arch}`;
  const files = ["SHA256SUMS", ".cdx.json", `-${platform}`, ".tgz"];
  const names = files.map((file) => (/^[A-Z]/.test(file) ? file : `${name}-${version}${file}`));
  assert.deepEqual(readdirSync(made).sort(), names.sort());
  const checked = await outputOf("sha256sum", ["--check", "SHA256SUMS"], { cwd: made });
  assert.equal(checked.match(/: OK$/gm)?.length, 3);
  const executable = join(made, `${name}-${version}-${platform}`);
  assert.equal(await outputOf(executable, ["--version"], { cwd: folder }), version);
});

test("the list has what is shipped and nothing else, and names no registry", { skip }, () => {
  const text = readFileSync(bomFile, "utf8");
  assert.doesNotMatch(text, /registry/);
  const { components, dependencies }: Bom = JSON.parse(text);
  const names = new Set(components.map((one) => one.name));
  const shipped = ["mqtt", "@msgpack/msgpack", "valibot", "aedes", "hono", "jose", "ws", "bun"];
  for (const one of shipped) assert.ok(names.has(one), one);
  for (const one of ["typescript", "@biomejs/biome", "assemblyscript", "deno", "ajv"]) {
    assert.ok(!names.has(one), one);
  }
  const refs = new Set(components.map((one) => one["bom-ref"]));
  const needed = dependencies.flatMap(({ dependsOn }) => dependsOn);
  for (const ref of needed) assert.ok(refs.has(ref), `${ref} is needed and not listed`);
});

test("CycloneDX's own schema takes the list", { skip }, async (context) => {
  const packages = {
    "@cyclonedx/cyclonedx-library": "10.3.0",
    ajv: "8.20.0",
    "ajv-formats": "3.0.1",
    "ajv-formats-draft2019": "1.6.1",
  };
  const validator = join(folder, "validator");
  const skipped = await installPackages(validator, packages);
  if (skipped !== undefined) return context.skip(skipped);
  const script = `
    import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
    import { readFileSync } from "node:fs";
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5);
    const faults = await validator.validate(readFileSync(process.argv[2], "utf8"));
    console.log(JSON.stringify(faults));
  `;
  writeFileSync(join(validator, "validate.mjs"), script);
  const validate = (file: string): Promise<string> =>
    outputOf(process.execPath, ["validate.mjs", file], { cwd: validator });
  assert.equal(await validate(bomFile), "null");
  const wrong = join(folder, "wrong.json");
  writeFileSync(wrong, readFileSync(bomFile, "utf8").replace('"purl"', '"prul"'));
  assert.match(await validate(wrong), /prul/);
});
