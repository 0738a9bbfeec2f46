import process from "node:process";

const alive = new Set<number>();

process.once("exit", () => {
  for (const pid of alive) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
});

/** Ends a process with this one, however this one ends but by SIGKILL. */
export function killAtExit(pid: number | undefined): void {
  if (pid !== undefined) alive.add(pid);
}

/** It has ended: its number may be another process's from now on. */
export function hasEnded(pid: number | undefined): void {
  if (pid !== undefined) alive.delete(pid);
}

/** Lets this process exit at a signal, and so end what it has started. */
export function exitAtSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
}
