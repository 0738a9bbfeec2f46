import { writeSync } from "node:fs";

/** One JSON line for the test, at once. */
export function say(fact: Readonly<Record<string, unknown>>): void {
  writeSync(1, `${JSON.stringify(fact)}\n`);
}
