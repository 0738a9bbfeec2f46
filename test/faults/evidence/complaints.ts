import type { Cluster } from "../cluster/cluster.ts";

/** Somebody says that something went wrong. */
export interface Complaint {
  readonly who: string;
  /** A stable code, or the event of a log line that has none. */
  readonly code: string;
  readonly text: string;
}

/** Of a node's output: log lines of the level `error`, and what is no log line at all. */
export function nodeComplaints(who: string, lines: readonly string[]): Complaint[] {
  return lines.flatMap((text) => logComplaint(who, text) ?? []);
}

/** Of an origin's output: `error` events, and lines of the library's log of that level. */
export function originComplaints(who: string, lines: readonly string[]): Complaint[] {
  return lines.flatMap((text) => {
    const [, code] = /^[\d.]+ error - 0 (\S+) /.exec(text) ?? [];
    if (code !== undefined) return { who, code, text };
    return (text.startsWith("{") ? logComplaint(who, text) : undefined) ?? [];
  });
}

function logComplaint(who: string, text: string): Complaint | undefined {
  try {
    const { level, code, event } = JSON.parse(text);
    if (level !== "error" && level !== undefined) return undefined;
    return { who, code: String(code ?? event), text };
  } catch {
    return { who, code: "no-log-line", text };
  }
}

/** Faults that a node has counted, by code, from the text of its metrics. */
export function errorCounts(metrics: string): Map<string, number> {
  const found = metrics.matchAll(/^wss_errors_total\{code="([^"]+)"\} (\S+)$/gm);
  return new Map(Array.from(found, ([, code = "", count]) => [code, Number(count)]));
}

/** How far every process's output went at a moment. */
export type OutputMarks = ReadonlyMap<object, number>;

export function outputMarks({ processes, lives }: Cluster): OutputMarks {
  const programs = [...processes.map(({ process }) => process), ...lives.map((l) => l.program)];
  return new Map(programs.map((program) => [program, program.lines.length]));
}

/** What all processes have said since then. */
export function complaintsSince(marks: OutputMarks, { processes, lives }: Cluster): Complaint[] {
  const since = (program: { lines: string[] }): string[] =>
    program.lines.slice(marks.get(program) ?? 0);
  return [
    ...processes.flatMap(({ name, process }) => nodeComplaints(name, since(process))),
    ...lives.flatMap(({ tag, program }) => originComplaints(tag, since(program))),
  ];
}
