// Running programs from a task: signals and exit codes go through as if the task were not there.
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
export const nodejs = process.execPath;

/** A program of an installed package. */
export const tool = (name) => join("node_modules", ".bin", name);

/** npm, the terminal and a process group may all deliver one signal: the program gets it once. */
const sameSignalMs = 500;
/** How often to look whether whoever started the task is still there. */
const parentCheckMs = 250;

/** Runs a program in the foreground and resolves with its exit code. */
export function run(command, args) {
  // In a process group of its own: else a signal to the group would reach it beside the forwarded
  // one, and a second SIGTERM means "at once" to a gateway that drains.
  const child = spawn(command, args, { stdio: "inherit", detached: true });
  let last = { signal: "", at: 0 };
  const forward = (signal) => {
    const now = Date.now();
    if (last.signal === signal && now - last.at < sameSignalMs) return;
    last = { signal, at: now };
    child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
  // A parent that was killed forwards nothing, and nobody else knows of the program.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    forward("SIGTERM");
  }, parentCheckMs);
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`${command} does not run: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  }).finally(() => clearInterval(watch));
}

/** Runs a program to its end without showing what it prints. */
export function capture(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: "utf8", ...options });
  return {
    ok: result.status === 0,
    output: `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`,
  };
}
