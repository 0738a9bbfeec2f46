import { writeWhole } from "../process/write-whole.ts";

/** One JSON line for the test, at once. */
export function say(fact: Readonly<Record<string, unknown>>): void {
  writeWhole(`${JSON.stringify(fact)}\n`);
}
