import * as v from "valibot";
import { isMap, ServiceError } from "../base/mod.ts";
import type { Setting } from "./kinds/mod.ts";
import { configFlag, masked } from "./read-flags.ts";
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

/** `broker-port` → `WSS_BROKER_PORT`. */
export function environmentName(name: string): string {
  return `WSS_${name.toUpperCase().replaceAll("-", "_")}`;
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name);
}

/** Merges the sources: flag, environment, file, default. Throws `setting-invalid`. */
export function readSettings(sources: SettingSources): Settings {
  const file = readFile(sources.file);
  checkVariables(sources.environment);
  const result: Partial<Record<SettingName, unknown>> = {};
  for (const name of Object.keys(settings) as SettingName[]) {
    const variable = environmentName(name);
    if (sources.flags[name] !== undefined) {
      result[name] = checkValue(settings[name], sources.flags[name], `--${name}`);
    } else if (sources.environment[variable] !== undefined) {
      result[name] = checkValue(settings[name], sources.environment[variable], variable);
    } else if (file[name] !== undefined) {
      result[name] = checkValue(settings[name], file[name], `"${name}" in the config file`);
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

/** A value of a setting, checked. `place` says where it was written. Throws `setting-invalid`. */
export function checkValue(setting: Setting, value: unknown, place: string): unknown {
  const result = v.safeParse(setting.schema, value);
  if (result.success) return result.output;
  const said = setting.secret === true ? "the given value" : masked(JSON.stringify(value));
  const fault = setting.fault?.(value) ?? `it must be ${setting.allowed}`;
  throw wrong(`${place}: ${said} is not allowed; ${fault}`);
}

function wrong(message: string): ServiceError {
  return new ServiceError("setting-invalid", message);
}
