import type { Complaint } from "../evidence/complaints.ts";

/**
 * Echoes come late, or twice, and some clients do not stay for them, or for their connection: a
 * crowd ends in the middle of handshakes.
 */
const always: readonly string[] = ["id-gone", "handshake-left"];

/** What of it a fault does not explain, in words: once for each code of each process. */
export function judgeErrors(
  complaints: readonly Complaint[],
  allowed: readonly string[] = [],
): string[] {
  const strange = new Map<string, string>();
  for (const { who, code, text } of complaints) {
    if (always.includes(code) || allowed.includes(code)) continue;
    strange.set(`${who} ${code}`, `${who} told of ${code}: ${text}`);
  }
  return [...strange.values()];
}
