import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** For a test's `skip`: false where the streams of a process can be counted. */
export const skipWithoutProc: string | false = existsSync("/proc/self/net/tcp")
  ? false
  : "there is no /proc";

/**
 * TCP streams on a local port that a process holds a descriptor of, in whatever state. `peers`:
 * those from these ports alone, because others may look for a server that had the port before.
 */
export function openStreams(
  pid: number | undefined,
  port: number,
  peers?: ReadonlySet<number | undefined>,
): number {
  // The kernel may skip lines of a table that changes while it is read, or give them twice.
  return Math.max(streamsIn(pid, port, peers), streamsIn(pid, port, peers));
}

function streamsIn(
  pid: number | undefined,
  port: number,
  peers: ReadonlySet<number | undefined> | undefined,
): number {
  const held = new Set(descriptors(pid).map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1]));
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const listening = "0A";
  const streams = new Set<string | undefined>();
  for (const table of ["tcp", "tcp6"]) {
    for (const line of readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      const [, local = "", remote = "", state] = fields;
      if (!local.endsWith(suffix) || state === listening || !held.has(fields[9])) continue;
      const peer = Number.parseInt(remote.slice(remote.indexOf(":") + 1), 16);
      if (peers === undefined || peers.has(peer)) streams.add(fields[9]);
    }
  }
  return streams.size;
}

function descriptors(pid: number | undefined): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(`${folder}/${name}`)];
    } catch {
      return []; // Closed meanwhile.
    }
  });
}
