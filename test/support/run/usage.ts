import process from "node:process";

/** An argument of a program of the tests that has a wrong value. */
class WrongArgument extends Error {}

/** What `read` makes of the arguments. Wrong ones end the program with 2 and one line. */
export function orUsage<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isWrong = error instanceof WrongArgument || code?.startsWith("ERR_PARSE_ARGS") === true;
    if (!isWrong) throw error;
    // What Node.js says after the first sentence is about arguments that begin with a dash.
    process.stderr.write(`${message.split(". ")[0]}\n`);
    process.exit(2);
  }
}

/** A number above 0. */
export function positive(flag: string, text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new WrongArgument(`${flag} must be a number above 0, but is "${text}"`);
}

/** One of a few words. */
export function oneOf(flag: string, text: string, words: readonly string[]): string {
  if (words.includes(text)) return text;
  throw new WrongArgument(`${flag} must be one of ${words.join(", ")}, but is "${text}"`);
}

/** A day such as `2026-11-26`. */
export function day(flag: string, text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new WrongArgument(`${flag} must be a day such as 2026-11-26, but is "${text}"`);
}
