import * as v from "valibot";
import { tokenPattern } from "../../base/mod.ts";
import { parseDuration, parseSize, writeSize } from "./units.ts";

/** One setting: a flag `--name`, `WSS_NAME` in the environment, `"name"` in the config file. */
export interface Setting<Output = unknown> {
  /** Reads what was written: text from flags and environment, or a JSON value from the file. */
  readonly schema: v.GenericSchema<unknown, Output>;
  readonly default: Output;
  /** The default as a user would write it; empty if nothing is set. */
  readonly written: string;
  /** The values that are allowed, for the error line, `help` and the docs. */
  readonly allowed: string;
  /** What the setting does, in one line, for `help` and the docs. */
  readonly about: string;
  /** No message and no log shows the value, not even if it is wrong. */
  readonly secret?: boolean;
  /** What is wrong with a value, where that says more than `allowed`. */
  readonly fault?: (value: unknown) => string | undefined;
  /** The values, where they are few: for completions. */
  readonly choices?: readonly string[];
  /** A flag that may be repeated; the schema gets all values. Options of commands alone. */
  readonly many?: boolean;
}

export type SettingTable<Values> = { readonly [Name in keyof Values]: Setting<Values[Name]> };

interface Range<Value> {
  readonly min: Value;
  readonly max: Value;
  readonly default: Value;
}

type Text = v.GenericSchema<unknown, string>;

const text: Text = v.pipe(
  v.union([v.string(), v.number(), v.boolean()]),
  v.transform((value) => String(value)),
);

export function integer(about: string, range: Range<number>): Setting<number> {
  const { min, max, default: fallback } = range;
  const schema = v.pipe(
    text,
    v.regex(/^\d{1,15}$/),
    v.transform(Number),
    v.minValue(min),
    v.maxValue(max),
  );
  const allowed = `a whole number from ${min} to ${max}`;
  return { schema, default: fallback, written: String(fallback), allowed, about };
}

/** A whole number, or `auto`, which is read as 0. */
export function integerOrAuto(about: string, range: Range<number>): Setting<number> {
  const { min, max, default: fallback } = range;
  const number = v.pipe(
    text,
    v.regex(/^\d{1,15}$/),
    v.transform(Number),
    v.minValue(min),
    v.maxValue(max),
  );
  const auto = v.pipe(
    v.literal("auto"),
    v.transform(() => 0),
  );
  const allowed = `auto, or a whole number from ${min} to ${max}`;
  const schema = v.union([auto, number]);
  return { schema, default: fallback, written: String(fallback), allowed, about };
}

/** A TCP port, or 0. */
export function port(about: string, options: { readonly default: number }): Setting<number> {
  return integer(about, { min: 0, max: 65_535, ...options });
}

/** A TCP port, or 0; undefined, the default if there is to be none. */
export function portOrNone(about: string): Setting<number | undefined> {
  const schema = v.pipe(
    text,
    v.regex(/^\d{0,5}$/),
    v.transform((value) => (value === "" ? undefined : Number(value))),
    v.check((value) => value === undefined || value <= 65_535),
  );
  const allowed = "a whole number from 0 to 65535; empty: no such port";
  return { schema, default: undefined, written: "", allowed, about };
}

/** The value is in ms. */
export function duration(about: string, range: Range<string>): Setting<number> {
  const { min, max, default: written } = range;
  const schema = v.pipe(
    text,
    v.transform(parseDuration),
    v.number(),
    v.minValue(parseDuration(min) as number),
    v.maxValue(parseDuration(max) as number),
  );
  const allowed = `a duration such as 500ms, 30s or 5m, from ${min} to ${max}`;
  return { schema, default: parseDuration(written) as number, written, allowed, about };
}

/** The value is in bytes. */
export function size(about: string, range: Range<number>): Setting<number> {
  const { min, max, default: fallback } = range;
  const schema = v.pipe(
    text,
    v.transform(parseSize),
    v.number(),
    v.minValue(min),
    v.maxValue(max),
  );
  const allowed = `a size such as 65536, 64KiB or 1MiB, from ${min} to ${max} bytes`;
  return { schema, default: fallback, written: writeSize(fallback), allowed, about };
}

/** A size in bytes, or 0, the default, for no limit. */
export function sizeOrOff(
  about: string,
  { min, max }: { readonly min: number; readonly max: number },
): Setting<number> {
  const schema = v.pipe(
    text,
    v.transform(parseSize),
    v.number(),
    v.check((value) => value === 0 || (value >= min && value <= max)),
  );
  const allowed = `0, or a size such as 64KiB, from ${min} to ${max} bytes`;
  return { schema, default: 0, written: "0", allowed, about };
}

export function choice<const Choice extends string>(
  about: string,
  options: { readonly of: readonly Choice[]; readonly default: NoInfer<Choice> },
): Setting<Choice> {
  const { of: choices, default: fallback } = options;
  const schema = v.pipe(text, v.picklist(choices));
  const allowed = `one of ${choices.join(", ")}`;
  return { schema, default: fallback, written: fallback, allowed, about, choices };
}

/** A text that fits a pattern; empty if no default is given. */
export function matching(
  about: string,
  options: { readonly allowed: string; readonly pattern: RegExp; readonly default?: string },
): Setting<string> {
  const { allowed, pattern, default: fallback = "" } = options;
  const schema = v.pipe(text, v.regex(pattern));
  return { schema, default: fallback, written: fallback, allowed, about };
}

/** A pattern that begins with `^`, or nothing: for a setting that may be empty. */
export function orEmpty(pattern: RegExp): RegExp {
  return new RegExp(`^$|${pattern.source}`, pattern.flags);
}

/** A host name or an address, to listen on. */
export function host(about: string, options: { readonly default: string }): Setting<string> {
  const allowed = "an address or host name";
  return matching(about, { allowed, pattern: /^[0-9A-Za-z.:_-]{1,255}$/, ...options });
}

/** The path of a file; empty: none. */
export function path(about: string, allowed: string = "the path of a file"): Setting<string> {
  return matching(about, { allowed, pattern: /^[^\0]{0,4096}$/s });
}

/** The path of a PEM file; empty: none. */
export function file(about: string): Setting<string> {
  return path(about, "the path of a PEM file");
}

/** Texts with commas between them, or an array of texts in the config file. */
export function list(
  about: string,
  options: {
    readonly allowed: string;
    readonly isItem: (item: string) => boolean;
    readonly default?: readonly string[];
  },
): Setting<readonly string[]> {
  const { allowed, isItem, default: fallback = [] } = options;
  const fromText = v.pipe(
    v.string(),
    v.transform((value) => (value === "" ? [] : value.split(",").map((part) => part.trim()))),
  );
  const schema = v.pipe(
    v.union([fromText, v.array(v.string())]),
    v.array(v.pipe(v.string(), v.check(isItem))),
    v.readonly(),
  );
  return { schema, default: fallback, written: fallback.join(","), allowed, about };
}

/** What headers, cookies or subprotocols are called. */
export function tokens(
  about: string,
  options: { readonly default?: readonly string[] } = {},
): Setting<readonly string[]> {
  const allowed = "names separated by commas";
  return list(about, { allowed, isItem: (item) => tokenPattern.test(item), ...options });
}

export function toggle(about: string, options: { readonly default: boolean }): Setting<boolean> {
  const schema = v.pipe(
    text,
    v.picklist(["true", "false"]),
    v.transform((value) => value === "true"),
  );
  const { default: fallback } = options;
  const allowed = "true or false";
  return { schema, default: fallback, written: String(fallback), allowed, about };
}
