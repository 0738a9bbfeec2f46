import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What calls of the kernel are for; `perf stat` counts each kind. */
const kinds = {
  accepts: ["accept", "accept4"],
  setUps: ["setsockopt", "getpeername", "epoll_ctl"],
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
  return callsIn(told, 0, seconds);
}

/**
 * Begins to count the system calls of processes and their threads: resolves when they are counted.
 * The function returned ends it, and gives how many there were, divided by what it is given.
 */
export async function beginCounting(
  pids: readonly number[],
): Promise<(items: number) => Promise<Record<CallKind, number>>> {
  // What it tells after each interval shows that it has begun.
  const words = ["stat", "-I", "100", "-x", ";", "-e", events.join(","), "-p", pids.join(",")];
  const perf = spawn("perf", words, { stdio: ["ignore", "ignore", "pipe"] });
  let told = "";
  perf.stderr.on("data", (chunk) => {
    told += String(chunk);
  });
  const closed = new Promise((resolve) => perf.once("close", resolve));
  await Promise.race([new Promise((resolve) => perf.stderr.once("data", resolve)), closed]);
  return async (items) => {
    perf.kill("SIGINT");
    await closed;
    return callsIn(told, 1, items);
  };
}

/** Lines of `perf stat -x ";"`: count, unit, event, and more; with intervals their time first. */
function callsIn(told: string, countAt: 0 | 1, parts: number): Record<CallKind, number> {
  const counts = new Map<string, number>();
  for (const line of told.split("\n")) {
    const fields = line.split(";");
    const [count, event = ""] = [Number(fields[countAt]) || 0, fields[countAt + 2]];
    counts.set(event, (counts.get(event) ?? 0) + count);
  }
  const sum = (calls: readonly string[]): number =>
    calls.reduce((total, call) => total + (counts.get(eventOf(call)) || 0), 0) / parts;
  return {
    accepts: sum(kinds.accepts),
    setUps: sum(kinds.setUps),
    sends: sum(kinds.sends),
    receives: sum(kinds.receives),
    polls: sum(kinds.polls),
    all: (counts.get(all) ?? Number.NaN) / parts,
  };
}

/** Seconds of CPU of the main threads of processes, which run the program. */
export function mainThreadSeconds(...pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    const [ran = 0] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ");
    nanoseconds += Number(ran);
  }
  return nanoseconds / 1e9;
}

/** Seconds of CPU that processes have spent in the kernel, as part of all that they have spent. */
export function kernelSeconds(...pids: readonly number[]): { kernel: number; all: number } {
  const spent = { kernel: 0, all: 0 };
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user, kernel] = [Number(fields[11]) / 100, Number(fields[12]) / 100];
    spent.kernel += kernel;
    spent.all += user + kernel;
  }
  return spent;
}
