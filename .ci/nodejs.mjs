// Installs further versions of Node.js for the tests from npm. The package for the platform
// contains the program; its installation runs no scripts.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { capture } from "./program.mjs";

/** Versions to test, in addition to the one that runs the tests. */
const majors = [22, 24];

/** Arguments of the test runner: `--nodejs MAJOR=PROGRAM`; PROGRAM is empty if unavailable. */
export function furtherNodejs() {
  const own = Number(process.versions.node.split(".")[0]);
  const args = [];
  for (const major of majors.filter((one) => one !== own)) {
    const program = nodejsProgram(major);
    args.push("--nodejs", `${major}=${program ?? ""}`);
  }
  return args;
}

function nodejsProgram(major) {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join("dist", "nodejs", String(major));
  const program = join(prefix, "node_modules", name, "bin", "node");
  if (existsSync(program)) return program;
  console.error(`Installing Node.js ${major} for the tests …`);
  const options = ["--no-save", "--ignore-scripts", "--no-fund", "--no-audit"];
  const result = capture("npm", ["install", "--prefix", prefix, ...options, `${name}@${major}`]);
  if (!result.ok || !existsSync(program)) {
    console.error(`Node.js ${major} is not available here; its tests are skipped.`);
    console.error(result.output.trim().split("\n").slice(-2).join("\n"));
    return undefined;
  }
  return program;
}
