import { checkTrace, type SendOptions, type TraceOptions } from "../base/mod.ts";

type CommandMap = Readonly<Record<string, unknown>>;

/** The options that a message goes out with. Throws `command-malformed` for a malformed trace. */
export function messageOptions({ ttlMs, trace }: SendOptions, now: number): CommandMap {
  const age = ttlMs === undefined ? {} : { ttl: ttlMs, at: now };
  return { ...age, ...traceOptions({ trace }) };
}

export function traceOptions({ trace }: TraceOptions): CommandMap {
  if (trace === undefined) return {};
  checkTrace(trace);
  return { trace };
}

/** The last element of a command: the map, unless it is empty. */
export function lastElement(map: CommandMap): readonly CommandMap[] {
  return Object.keys(map).length === 0 ? [] : [map];
}
