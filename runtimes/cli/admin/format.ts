import { table, visible } from "../command/mod.ts";
import type { ConnectionRow, Destination, TailLine } from "./views.ts";

/** 999 B, 1.2 KB, 3.4 MB. */
export function shownBytes(bytes: number): string {
  let value = bytes;
  for (const unit of ["B", "KB", "MB", "GB"]) {
    if (value < 1_000) return `${unit === "B" ? Math.round(value) : value.toFixed(1)} ${unit}`;
    value /= 1_000;
  }
  return `${value.toFixed(1)} TB`;
}

/** 4s, 12m, 3h, 5d. */
export function shownTime(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)}h`;
  return `${Math.round(seconds / 86_400)}d`;
}

export function shownRate(perSecond: number): string {
  return perSecond < 100 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString("en");
}

/** Text of others, on one line. */
function cell(text: string | undefined): string {
  return text === undefined || text === "" ? "-" : visible(text).replaceAll(/[\n\t]/g, " ");
}

export function connectionsTable(rows: readonly ConnectionRow[], now: number): string[] {
  const head = ["ID", "USER", "ADDRESS", "APP", "PATH", "SINCE", "IDLE", "WAITING", "STATE"];
  return table([
    [...head, "ORIGIN"],
    ...rows.map((row) => [
      row.id,
      cell(row.user),
      cell(row.address),
      row.app,
      cell(row.path),
      shownTime(now - row.openedAt),
      row.lastActiveAt === undefined ? "-" : shownTime(now - row.lastActiveAt),
      shownBytes(row.bytesWaiting),
      row.state,
      cell(row.origin),
    ]),
  ]);
}

export function originsTable(destinations: readonly Destination[]): string[] {
  const head = ["ORIGIN", "KIND", "APP", "NODE", "CONNECTIONS", "WINDOW", "LAG", "PAUSED"];
  return table([
    head,
    ...destinations.map((one) => [
      cell(one.name),
      one.kind,
      one.app,
      one.node,
      String(one.connections),
      `${Math.round(one.fill * 100)}%`,
      `${Math.round(one.lagMs)} ms`,
      String(one.paused),
    ]),
  ]);
}

/** A name and a value on each line. */
export function detailsOf(value: Readonly<Record<string, unknown>>): string[] {
  return table(
    Object.entries(value).map(([name, one]) => {
      const isTime = typeof one === "number" && /(At|^at)$/.test(name);
      const text = isTime ? new Date(one).toISOString() : wordsOf(one);
      return [name, cell(text)];
    }),
  );
}

function wordsOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(wordsOf).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What passed, on one line. */
export function tailText(line: TailLine): string {
  const { at, kind, verb, connection, seq, group, sender, bytes, cut, details } = line;
  const payload = line.text === undefined ? line.binary : JSON.stringify(line.text);
  const words = [
    new Date(at).toISOString().slice(11, 23),
    kind,
    verb,
    connection,
    seq === undefined ? undefined : `#${seq}`,
    group === undefined ? undefined : `group ${group}`,
    sender === undefined ? undefined : `from ${sender}`,
    bytes === undefined ? undefined : shownBytes(bytes),
    payload === undefined ? undefined : `${payload}${cut === true ? "…" : ""}`,
    details === undefined ? undefined : JSON.stringify(details),
  ];
  return visible(words.filter((word) => word !== undefined).join(" "));
}
