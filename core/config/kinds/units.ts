const durations: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const sizes: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KB: 1_000,
  KiB: 1_024,
  MB: 1_000_000,
  MiB: 1_048_576,
};

/** Milliseconds of `500ms`, `30s`, `5m`, `1h`; undefined if the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (durations[match[2] as string] as number);
}

/** Bytes of `65536`, `64KiB`, `1MiB`, `1MB`; undefined if the text is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,12})(|B|KB|KiB|MB|MiB)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (sizes[match[2] as string] as number);
}

/** A size in the largest unit without a remainder: 65536 → `64KiB`. */
export function writeSize(bytes: number): string {
  if (bytes >= 1_048_576 && bytes % 1_048_576 === 0) return `${bytes / 1_048_576}MiB`;
  return bytes >= 1_024 && bytes % 1_024 === 0 ? `${bytes / 1_024}KiB` : String(bytes);
}
