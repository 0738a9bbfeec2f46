import * as v from "valibot";
import { isMap, ServiceError } from "../base/mod.ts";
import type { Setting } from "./setting-kinds.ts";
import { type SettingName, type Settings, settings } from "./settings.ts";
import { suggest } from "./suggest.ts";

/** Where settings come from, in the order of precedence. */
export interface SettingSources {
  /** By name without the dashes. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The parsed config file. */
  readonly file: unknown;
  /** Defaults of the command, which override those of the settings. */
  readonly defaults: Readonly<Partial<Settings>>;
}

/** `--config FILE` names the file that settings are read from. It is not a setting itself. */
export const configFlag = "config";
/** `--check-config` asks to check the settings and to start nothing. It is no setting either. */
export const checkFlag = "check-config";
const otherFlags: readonly string[] = [configFlag, checkFlag];

/** `broker-port` → `WSS_BROKER_PORT`. */
export function environmentName(name: string): string {
  return `WSS_${name.toUpperCase().replaceAll("-", "_")}`;
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

/**
 * Parses `--name value`, `--name=value` and, for `true`, `--name` alone. Returns the values by
 * name. Throws `setting-invalid`.
 */
export function readFlags(words: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    if (!word.startsWith("-"))
      throw wrong(`unexpected argument ${masked(word)}: a flag begins with --`);
    const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(word);
    const name = match?.[1];
    if (name === undefined || !(otherFlags.includes(name) || isSettingName(name))) {
      const near = suggest(name ?? "", [...Object.keys(settings), ...otherFlags]);
      const hint = near === undefined ? "see help for all flags" : `did you mean --${near}?`;
      throw wrong(`unknown flag ${masked(word)}; ${hint}`);
    }
    const next = words[index + 1];
    if (match?.[2] !== undefined) flags[name] = match[2];
    else if (name === checkFlag || isToggle(name)) {
      const isValue = next === "true" || next === "false";
      flags[name] = isValue ? (next as string) : "true";
      if (isValue) index++;
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

/** Merges the sources: flag, environment, file, default. Throws `setting-invalid`. */
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
  return withBroker(result as Settings, sources);
}

/** If no broker is set, `--origin` or `--cluster http` takes the place of one. */
function withBroker(result: Settings, { flags, environment, file }: SettingSources): Settings {
  const given =
    flags.broker ??
    environment[environmentName("broker")] ??
    (isMap(file) ? file.broker : undefined);
  const isHttp = result.cluster === "http";
  const without = isHttp || result.origin.length > 0;
  if (result.workers !== 1 && (isHttp || given === "none")) {
    const other = isHttp ? "--cluster http" : "--broker none";
    throw wrong(
      `--workers with ${other}: workers reach each other by a broker, the embedded one or that ` +
        "of --broker",
    );
  }
  // Workers share a broker, so that one's publishes reach the others.
  if (result.workers !== 1) return result;
  if (given === undefined && without) return { ...result, broker: "none" };
  if (isHttp && result.broker !== "none") {
    throw wrong("--cluster http: its nodes have no broker: leave --broker out");
  }
  if (result.broker === "none" && !without) {
    throw wrong("--broker none: there must be a broker, an --origin or --cluster http");
  }
  return result;
}

function readFile(file: unknown): Readonly<Record<string, unknown>> {
  if (file === undefined) return {};
  if (!isMap(file)) throw wrong("the config file must hold one JSON object");
  for (const name of Object.keys(file)) {
    if (isSettingName(name)) continue;
    const near = suggest(name, Object.keys(settings));
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    throw wrong(`unknown setting "${name}" in the config file${hint}`);
  }
  return file;
}

/** Rejects unknown `WSS_` variables: a misspelt one would be ignored without a word. */
function checkVariables(environment: Readonly<Record<string, string | undefined>>): void {
  const known = [...Object.keys(settings), configFlag].map(environmentName);
  for (const name of Object.keys(environment)) {
    if (!name.startsWith("WSS_") || known.includes(name)) continue;
    const near = suggest(name, known);
    const hint = near === undefined ? "see help for all settings" : `did you mean ${near}?`;
    throw wrong(`unknown variable ${name} in the environment; ${hint}`);
  }
}

function check(name: SettingName, value: unknown, place: string): unknown {
  const setting: Setting = settings[name];
  const result = v.safeParse(setting.schema, value);
  if (result.success) return result.output;
  const said = setting.secret === true ? "the given value" : masked(JSON.stringify(value));
  throw wrong(`${place}: ${said} is not allowed; it must be ${setting.allowed}`);
}

function wrong(message: string): ServiceError {
  return new ServiceError("setting-invalid", message);
}

/** Hides everything before the last `@`: it may be the password of a URL, in any setting. */
function masked(text: string): string {
  return text.replace(/^("?)([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1$2…@");
}
