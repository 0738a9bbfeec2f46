/** The options of a command that the core reads itself. */
export interface CommandOptions {
  /** Asks for a `reply`; any value that is not nil. */
  readonly ref: unknown;
  /** After so many milliseconds the command is too old; undefined: never. */
  readonly ttl: number | undefined;
  /** When the sender made the command, in milliseconds since the epoch. */
  readonly at: number | undefined;
  /** The whole map. */
  readonly all: Readonly<Record<string, unknown>>;
}

export const noOptions: CommandOptions = {
  ref: undefined,
  ttl: undefined,
  at: undefined,
  all: {},
};

/** Returns undefined if an option has a value that it cannot have. */
export function readOptions(all: Readonly<Record<string, unknown>>): CommandOptions | undefined {
  const { ref, ttl, at } = all;
  if (ttl !== undefined && ttl !== null && !(typeof ttl === "number" && ttl >= 0)) {
    return undefined;
  }
  if (at !== undefined && at !== null && !(typeof at === "number" && at >= 0)) return undefined;
  return {
    ref: ref ?? undefined,
    ttl: typeof ttl === "number" ? ttl : undefined,
    at: typeof at === "number" ? at : undefined,
    all,
  };
}

/**
 * Whether a command is too old. Without `at` its age is taken as 0. A `ttl` of 0 has always
 * expired.
 */
export function isExpired({ ttl, at }: CommandOptions, now: number): boolean {
  if (ttl === undefined) return false;
  return ttl === 0 || (at !== undefined && now - at > ttl);
}
