import { ServiceError } from "../base/mod.ts";
import { path, type Setting, type SettingTable, toggle } from "./kinds/mod.ts";
import { suggest } from "./suggest.ts";

/** `--config FILE` names the file that settings are read from. It is not a setting itself. */
export const configFlag = "config";
/** `--check-config` asks to check the settings and to start nothing. It is no setting either. */
export const checkFlag = "check-config";

/** Flags of the commands that take the settings, beside these. */
export const configFlags: SettingTable<{
  readonly [configFlag]: string;
  readonly [checkFlag]: boolean;
}> = {
  [configFlag]: path("a JSON file with settings, named as the flags without --"),
  [checkFlag]: toggle("check the settings and the files they name, then exit", {
    default: false,
  }),
};

/** What may stand on the command line after the name of a command. */
export interface FlagOptions {
  /** Flags by name without the dashes. */
  readonly known: Readonly<Record<string, Setting>>;
  /** How many words may stand beside flags. */
  readonly wordsMax: number;
}

export interface Flags {
  /** Values by name; of a flag that may be repeated, all of them. */
  readonly flags: Readonly<Record<string, string | string[]>>;
  /** Words that are no flags and no values of flags. */
  readonly words: readonly string[];
}

/**
 * Parses `--name value`, `--name=value` and, for `true`, `--name` alone. What follows `--` is no
 * flag. Throws `setting-invalid`.
 */
export function readWords(given: readonly string[], { known, wordsMax }: FlagOptions): Flags {
  const flags: Record<string, string | string[]> = {};
  const words: string[] = [];
  const end = given.indexOf("--");
  for (let index = 0; index < given.length; index++) {
    const word = given[index] as string;
    if (index === end && wordsMax > 0) continue;
    const isFlag = word.startsWith("-") && word !== "-" && (end < 0 || index < end);
    if (!isFlag) {
      if (words.length >= wordsMax) {
        throw wrong(`unexpected argument ${masked(word)}: a flag begins with --`);
      }
      words.push(word);
      continue;
    }
    const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(word);
    const name = match?.[1] ?? "";
    const setting = Object.hasOwn(known, name) ? known[name] : undefined;
    if (setting === undefined) throw unknownFlag(word, name, Object.keys(known));
    let value = match?.[2];
    if (value === undefined) {
      const next = given[index + 1];
      // `--count true` sets the toggle; in `--json ID` the word after the toggle is an argument.
      const mayFollow = wordsMax > 0 || (next ?? "-").startsWith("-");
      value = valueAfter(next, name, { setting, mayFollow });
      if (value === next || !isToggle(setting)) index++;
    } else if (isToggle(setting) && !isTruth(value)) throw noTruth(name, value);
    const before = flags[name];
    flags[name] = setting.many === true ? [...(before ?? []), value] : value;
  }
  return { flags, words };
}

function isToggle({ allowed }: Setting): boolean {
  return allowed === "true or false";
}

function isTruth(word: string | undefined): word is "true" | "false" {
  return word === "true" || word === "false";
}

/** The value of a flag without `=`. `mayFollow`: a toggle may stand before `next`. */
function valueAfter(
  next: string | undefined,
  name: string,
  { setting, mayFollow }: { readonly setting: Setting; readonly mayFollow: boolean },
): string {
  if (isToggle(setting) && !isTruth(next)) {
    if (mayFollow) return "true";
    throw noTruth(name, next);
  }
  if (next === undefined) throw wrong(`--${name} needs a value`);
  return next;
}

function noTruth(name: string, value: string | undefined): ServiceError {
  const said = masked(JSON.stringify(value));
  return wrong(`--${name}: ${said} is not allowed; it must be true or false`);
}

function unknownFlag(word: string, name: string, known: readonly string[]): ServiceError {
  const near = suggest(name, known);
  const hint = near === undefined ? "see help for all flags" : `did you mean --${near}?`;
  return wrong(`unknown flag ${masked(word)}; ${hint}`);
}

function wrong(message: string): ServiceError {
  return new ServiceError("setting-invalid", message);
}

/** Hides everything before the last `@`: it may be the password of a URL, in any setting. */
export function masked(text: string): string {
  return text.replace(/^("?)([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1$2…@");
}
