import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Program } from "./spawn.ts";
import { within } from "./wait.ts";

/** What npm says where it reaches no registry. */
const unreachable = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH)\b/;
const installMsMax = 240_000;

/**
 * Installs packages of npm that one test needs into a folder of their own, so that no install of
 * this repository carries them. None of their scripts run. Returns why a test has to be skipped:
 * no registry can be reached.
 */
export async function installPackages(
  folder: string,
  dependencies: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  mkdirSync(folder, { recursive: true });
  const project = { private: true, type: "module", dependencies };
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  const flags = ["--ignore-scripts", "--no-fund", "--no-audit", "--fetch-retries", "1"];
  await using npm = new Program("npm", ["install", ...flags], { cwd: folder });
  const { code } = await within(npm.exited, { deadline: installMsMax, what: "npm install" });
  if (code === 0) return undefined;
  if (unreachable.test(npm.output)) return "npm reaches no registry";
  throw new Error(npm.output);
}
