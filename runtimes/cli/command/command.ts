import process from "node:process";
import {
  checkValue,
  configFlags,
  readWords,
  type Setting,
  settings,
} from "../../../core/config/mod.ts";
import type { Platform } from "../../compose/mod.ts";

/** A command line to copy, and what it does. */
export interface Example {
  /** What stands after the name of the program. */
  readonly line: string;
  readonly about: string;
}

/** An option of one command: a flag, declared as a setting is. */
export interface Option<Output = unknown> extends Setting<Output> {
  /** What stands for its value in help, such as `FILE`; toggles have none. */
  readonly shown?: string;
  /** The environment variable that has its value where the flag is not given. */
  readonly variable?: string;
}

export type OptionTable<Values> = { readonly [Name in keyof Values]: Option<Values[Name]> };

/** What a command is called with. */
export interface Call<Values> {
  /** Its own options, checked. */
  readonly options: Values;
  /** Every flag as it was written: those of settings are among them. */
  readonly flags: Readonly<Record<string, string>>;
  /** Words that are no flags. */
  readonly words: readonly string[];
  readonly platform: Platform;
  /** Every command, this one too. */
  readonly commands: readonly CliCommand[];
}

/** Where a command runs. */
export type Surroundings = Pick<Call<unknown>, "platform" | "commands">;

/** One command of the program. It stands in a file of its own, and in the table of all. */
export interface CliCommand {
  readonly name: string;
  /** What it does, in a few words: for the list of commands. */
  readonly summary: string;
  /** Words after its name, as help shows them. */
  readonly synopsis: string;
  /** What else there is to know, in a few sentences. */
  readonly about: string;
  /** Its own options by name. */
  readonly options: Readonly<Record<string, Option>>;
  /** It takes every setting of a gateway too. */
  readonly takesSettings: boolean;
  /** Words that may stand first after its name, for completions. */
  readonly firstWords: readonly string[];
  readonly examples: readonly Example[];
  /**
   * Runs with the words after its name. Resolves to the exit code, or to undefined if the program
   * goes on. Rejects with `setting-invalid` on wrong usage.
   */
  run(words: readonly string[], surroundings: Surroundings): Promise<number | undefined>;
}

/** A command as its file declares it. */
export interface Definition<Values extends object> {
  readonly name: string;
  readonly summary: string;
  readonly synopsis?: string;
  readonly about?: string;
  readonly options?: OptionTable<Values>;
  readonly takesSettings?: boolean;
  /** How many words it takes that are no flags; none by default. */
  readonly wordsMax?: number;
  readonly firstWords?: readonly string[];
  readonly examples: readonly Example[];
  /** As of `CliCommand`. */
  run(call: Call<Values>): Promise<number | undefined>;
}

/** Makes a command of its declaration: its options are parsed and checked before it runs. */
export function defineCommand<Values extends object>(definition: Definition<Values>): CliCommand {
  const { options = {} as OptionTable<Values>, takesSettings = false } = definition;
  const { wordsMax = 0 } = definition;
  const own = options as Readonly<Record<string, Option>>;
  const known = takesSettings ? { ...settings, ...configFlags, ...own } : own;
  const hasSecrets = Object.values(own).some(({ secret }) => secret === true);
  return {
    name: definition.name,
    summary: definition.summary,
    synopsis: definition.synopsis ?? "",
    about: definition.about ?? "",
    options: own,
    takesSettings,
    firstWords: definition.firstWords ?? [],
    examples: definition.examples,
    run: async (given, surroundings) => {
      // Where the system can, other users no longer see what stands on the command line.
      if (hasSecrets) process.title = `websocket-service ${definition.name}`;
      const { flags, words } = readWords(given, { known, wordsMax });
      return definition.run({
        ...surroundings,
        options: readOptions(options, flags),
        flags: flags as Readonly<Record<string, string>>,
        words,
      });
    },
  };
}

function readOptions<Values extends object>(
  options: OptionTable<Values>,
  flags: Readonly<Record<string, unknown>>,
): Values {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options) as [string, Option][]) {
    const { variable = "" } = option;
    const ofEnvironment = variable === "" ? undefined : process.env[variable];
    const value = flags[name] ?? ofEnvironment;
    const place = flags[name] === undefined ? variable : `--${name}`;
    values[name] = value === undefined ? option.default : checkValue(option, value, place);
  }
  return values as Values;
}
