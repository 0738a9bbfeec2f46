import * as v from "valibot";
import { ServiceError } from "../base/mod.ts";
import type { Setting } from "./setting-kinds.ts";
import { type SettingName, type Settings, settings } from "./settings.ts";
import { suggest } from "./suggest.ts";

/** Where settings come from; what stands first wins. */
export interface SettingSources {
  /** By name without the dashes. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The parsed config file. */
  readonly file: unknown;
  /** What a command takes where nothing is said. */
  readonly defaults: Readonly<Partial<Settings>>;
}

/** A flag that takes no part in the settings: it names the file they are read from. */
export const configFlag = "config";
/** Another: it takes no value, and asks to check the settings and nothing more. */
export const checkFlag = "check-config";
const otherFlags: readonly string[] = [configFlag, checkFlag];

/** `broker-port` → `WSS_BROKER_PORT`. */
export function environmentName(name: string): string {
  return `WSS_${name.toUpperCase().replaceAll("-", "_")}`;
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

/** Flags by name from `--name value`, `--name=value` and, for `true`, `--name` alone. */
export function readFlags(words: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    if (!word.startsWith("-")) throw wrong(`unexpected word ${masked(word)}: flags begin with --`);
    const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(word);
    const name = match?.[1];
    if (name === undefined || !(otherFlags.includes(name) || isSettingName(name))) {
      const near = suggest(name ?? "", [...Object.keys(settings), ...otherFlags]);
      const hint = near === undefined ? "help lists those there are" : `did you mean --${near}?`;
      throw wrong(`unknown flag ${masked(word)}; ${hint}`);
    }
    const next = words[index + 1];
    if (match?.[2] !== undefined) flags[name] = match[2];
    else if (name === checkFlag || isToggle(name)) {
      const spoken = next === "true" || next === "false";
      flags[name] = spoken ? (next as string) : "true";
      if (spoken) index++;
    } else if (next === undefined) throw wrong(`--${name} needs a value`);
    else {
      flags[name] = next;
      index++;
    }
  }
  return flags;
}

function isToggle(name: string): boolean {
  return isSettingName(name) && settings[name].allowed === "true or false";
}

/** The settings: flag over environment over file over default. Throws `setting-invalid`. */
export function readSettings(sources: SettingSources): Settings {
  const file = readFile(sources.file);
  checkVariables(sources.environment);
  const result: Partial<Record<SettingName, unknown>> = {};
  for (const name of Object.keys(settings) as SettingName[]) {
    const variable = environmentName(name);
    if (sources.flags[name] !== undefined) {
      result[name] = check(name, sources.flags[name], `--${name}`);
    } else if (sources.environment[variable] !== undefined) {
      result[name] = check(name, sources.environment[variable], variable);
    } else if (file[name] !== undefined) {
      result[name] = check(name, file[name], `"${name}" in the config file`);
    } else {
      result[name] = sources.defaults[name] ?? settings[name].default;
    }
  }
  return result as Settings;
}

function readFile(file: unknown): Record<string, unknown> {
  if (file === undefined) return {};
  if (typeof file !== "object" || file === null || Array.isArray(file)) {
    throw wrong("the config file must hold one JSON object");
  }
  for (const name of Object.keys(file)) {
    if (isSettingName(name)) continue;
    const near = suggest(name, Object.keys(settings));
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    throw wrong(`unknown setting "${name}" in the config file${hint}`);
  }
  return file as Record<string, unknown>;
}

/** A variable that nobody reads is a setting that somebody believes to have made. */
function checkVariables(environment: Readonly<Record<string, string | undefined>>): void {
  const known = [...Object.keys(settings), configFlag].map(environmentName);
  for (const name of Object.keys(environment)) {
    if (!name.startsWith("WSS_") || known.includes(name)) continue;
    const near = suggest(name, known);
    const hint = near === undefined ? "help lists those there are" : `did you mean ${near}?`;
    throw wrong(`unknown variable ${name} in the environment; ${hint}`);
  }
}

function check(name: SettingName, value: unknown, place: string): unknown {
  const setting: Setting = settings[name];
  const result = v.safeParse(setting.schema, value);
  if (result.success) return result.output;
  const said = setting.secret === true ? "what is given" : masked(JSON.stringify(value));
  throw wrong(`${place}: ${said} is not allowed; it must be ${setting.allowed}`);
}

function wrong(message: string): ServiceError {
  return new ServiceError("setting-invalid", message);
}

/** What was typed, without what may be a password of a URL, wherever that was put. */
function masked(text: string): string {
  return text.replace(/^("?)([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1$2…@");
}
