import { cpSync, symlinkSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { outputOf } from "./output-of.ts";

/** What a clone does not have. */
const left: ReadonlySet<string> = new Set(["node_modules", "dist", ".git"]);

/**
 * Copies the repository's files to a folder, with the packages that are installed here: what is
 * built there disturbs no test that runs beside this one.
 */
export function cloneTo(folder: string): void {
  cpSync(".", folder, { recursive: true, filter: (source) => !left.has(basename(source)) });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
}

/** Commits everything in the folder, as a repository of its own. */
export async function commitAll(folder: string): Promise<void> {
  const git = (...words: string[]): Promise<string> =>
    outputOf("git", ["-c", "user.name=test", "-c", "user.email=test@localhost", ...words], {
      cwd: folder,
    });
  await git("init", "--quiet");
  await git("add", "--all", "--force");
  await git("commit", "--quiet", "--message", "A copy for a test");
}
