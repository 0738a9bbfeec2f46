import type { LogFields, Logger, LogLevel } from "../../core/ports/mod.ts";
import { type LoggerOptions, reaches } from "./level.ts";
import { redact, redactText } from "./redact.ts";

/** SGR colours of ECMA-48: grey, blue, yellow, red. */
const colours: Readonly<Record<LogLevel, number>> = { debug: 90, info: 34, warn: 33, error: 31 };

/** Writes lines for people at a terminal. */
export class PrettyLogger implements Logger {
  readonly #options: LoggerOptions & { readonly colour: boolean };

  constructor(options: LoggerOptions & { readonly colour: boolean }) {
    this.#options = options;
  }

  log(level: LogLevel, event: string, message: string, fields: LogFields = {}): void {
    if (!reaches(level, event, this.#options)) return;
    const time = new Date(this.#options.now()).toISOString().slice(11, 23);
    const details = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${this.#paint(90, `${name}=`)}${plain(name, value ?? null)}`)
      .join("");
    const mark = this.#paint(colours[level], level.padEnd(5));
    const text = printable(redactText(message));
    this.#options.write(`${this.#paint(90, time)} ${mark} ${event}: ${text}${details}\n`);
  }

  enabled(level: LogLevel, event: string): boolean {
    return reaches(level, event, this.#options);
  }

  #paint(colour: number, text: string): string {
    return this.#options.colour ? `\u001b[${colour}m${text}\u001b[0m` : text;
  }
}

function plain(name: string, value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  const safe = redact(name, value);
  return /^[\w@%+=:,./-]+$/.test(safe) ? safe : JSON.stringify(printable(safe));
}

/** Escapes control characters: text from clients must not control the terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
