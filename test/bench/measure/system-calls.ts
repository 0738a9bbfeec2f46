import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What calls of the kernel are for; `perf stat` counts each kind. */
const kinds = {
  sends: ["sendto", "sendmsg", "write", "writev"],
  receives: ["recvfrom", "recvmsg", "read", "readv"],
  polls: ["epoll_wait", "epoll_pwait", "epoll_pwait2"],
} as const;

export type CallKind = keyof typeof kinds | "all";

const all = "raw_syscalls:sys_enter";
const eventOf = (call: string): string => `syscalls:sys_enter_${call}`;
const events = [...Object.values(kinds).flat().map(eventOf), all];

/** Whether `perf` is installed, and may count system calls here. */
export function canCountCalls(): boolean {
  return spawnSync("perf", ["stat", "-e", all, "true"], { stdio: "ignore" }).status === 0;
}

/** Counts the system calls of a process and its threads for some seconds: calls a second. */
export async function countCalls(pid: number, seconds: number): Promise<Record<CallKind, number>> {
  const words = ["stat", "-x", ";", "-e", events.join(","), "-p", String(pid)];
  const perf = spawn("perf", [...words, "--", "sleep", String(seconds)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let told = "";
  perf.stderr.on("data", (chunk) => {
    told += String(chunk);
  });
  await new Promise((resolve) => perf.once("close", resolve));
  return perSecond(told, seconds);
}

/** Lines of `perf stat -x ";"`: count, unit, event, and more. */
function perSecond(told: string, seconds: number): Record<CallKind, number> {
  const counts = new Map<string, number>();
  for (const line of told.split("\n")) {
    const [count, , event = ""] = line.split(";");
    counts.set(event, Number(count));
  }
  const sum = (calls: readonly string[]): number =>
    calls.reduce((total, call) => total + (counts.get(eventOf(call)) || 0), 0) / seconds;
  return {
    sends: sum(kinds.sends),
    receives: sum(kinds.receives),
    polls: sum(kinds.polls),
    all: (counts.get(all) ?? Number.NaN) / seconds,
  };
}

/** Seconds of CPU that a process has spent in the kernel, as part of all that it has spent. */
export function kernelSeconds(pid: number): { readonly kernel: number; readonly all: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, kernel] = [Number(fields[11]) / 100, Number(fields[12]) / 100];
  return { kernel, all: user + kernel };
}
