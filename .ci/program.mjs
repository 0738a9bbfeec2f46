// Running programs from a task: signals and exit codes go through as if the task were not there.
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
export const nodejs = process.execPath;

/** A program of an installed package. */
export const tool = (name) => join("node_modules", ".bin", name);

/** Runs a program in the foreground and resolves with its exit code. */
export function run(command, args) {
  const child = spawn(command, args, { stdio: "inherit" });
  let last = { signal: "", at: 0 };
  const forward = (signal) => {
    // Ctrl-C in a terminal reaches the whole process group: the program has it already.
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    // npm and the process group may both deliver one signal; the program gets it once.
    const now = Date.now();
    if (last.signal === signal && now - last.at < 500) return;
    last = { signal, at: now };
    child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`${command} does not run: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

/** Runs a program to its end without showing what it prints. */
export function capture(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: "utf8", ...options });
  return {
    ok: result.status === 0,
    output: `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`,
  };
}
