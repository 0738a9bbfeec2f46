// Runs programs from a task. Signals and exit codes pass through unchanged.
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
export const nodejs = process.execPath;

/** A program of an installed package. */
export const tool = (name) => join("node_modules", ".bin", name);

/** npm, the terminal and the process group may repeat a signal: the program gets it once. */
const sameSignalMs = 500;
/** Period of the check whether the parent process still exists. */
const parentCheckMs = 250;

/** Runs a program in the foreground and resolves with its exit code. */
export function run(command, args) {
  // The program has a process group of its own. Otherwise it would get a signal to the group and
  // the forwarded one, and a second SIGTERM ends a draining gateway at once.
  const child = spawn(command, args, { stdio: "inherit", detached: true });
  let last = { signal: "", at: 0 };
  const forward = (signal) => {
    const now = Date.now();
    if (last.signal === signal && now - last.at < sameSignalMs) return;
    last = { signal, at: now };
    child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
  // A killed parent forwards no signal, so the program is ended here.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    forward("SIGTERM");
  }, parentCheckMs);
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  }).finally(() => clearInterval(watch));
}

/** Runs a program to its end and returns its output; `printed` is what is for programs. */
export function capture(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: "utf8", ...options });
  return {
    ok: result.status === 0,
    printed: result.stdout ?? "",
    output: `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`,
  };
}
