import * as v from "valibot";
import { parseDuration, parseSize, writeSize } from "./units.ts";

/** One setting: a flag `--name`, `WSS_NAME` in the environment, `"name"` in the config file. */
export interface Setting<Output = unknown> {
  /** Reads what was written: text from flags and environment, or a JSON value from the file. */
  readonly schema: v.GenericSchema<unknown, Output>;
  readonly default: Output;
  /** The default as it is accepted; empty where nothing is set. */
  readonly written: string;
  /** What is allowed, for the error line and `--help`. */
  readonly allowed: string;
  readonly about: string;
  /** Its value is told to nobody, not even where it is wrong. */
  readonly secret?: boolean;
}

type Text = v.GenericSchema<unknown, string>;

const text: Text = v.pipe(
  v.union([v.string(), v.number(), v.boolean()]),
  v.transform((value) => String(value)),
);

function define<Output>(
  schema: v.GenericSchema<unknown, Output>,
  fallback: NoInfer<Output>,
  words: readonly [allowed: string, about: string, written?: string],
): Setting<Output> {
  const [allowed, about, written = String(fallback)] = words;
  return { schema, default: fallback, written, allowed, about };
}

export function integer(
  min: number,
  max: number,
  fallback: number,
  about: string,
): Setting<number> {
  const schema = v.pipe(
    text,
    v.regex(/^\d{1,15}$/),
    v.transform(Number),
    v.minValue(min),
    v.maxValue(max),
  );
  return define(schema, fallback, [`a whole number from ${min} to ${max}`, about]);
}

export function duration(
  min: string,
  max: string,
  fallback: string,
  about: string,
): Setting<number> {
  const schema = v.pipe(
    text,
    v.transform(parseDuration),
    v.number(),
    v.minValue(parseDuration(min) as number),
    v.maxValue(parseDuration(max) as number),
  );
  const allowed = `a duration such as 500ms, 30s or 5m, from ${min} to ${max}`;
  return define(schema, parseDuration(fallback) as number, [allowed, about, fallback]);
}

export function size(min: number, max: number, fallback: number, about: string): Setting<number> {
  const schema = v.pipe(
    text,
    v.transform(parseSize),
    v.number(),
    v.minValue(min),
    v.maxValue(max),
  );
  const allowed = `a size such as 65536, 64KiB or 1MiB, from ${min} to ${max} bytes`;
  return define(schema, fallback, [allowed, about, writeSize(fallback)]);
}

/** A size, or 0 for no limit at all. */
export function sizeOrOff(min: number, max: number, about: string): Setting<number> {
  const schema = v.pipe(
    text,
    v.transform(parseSize),
    v.number(),
    v.check((value) => value === 0 || (value >= min && value <= max)),
  );
  return define(schema, 0, [`0, or a size such as 64KiB, from ${min} to ${max} bytes`, about]);
}

export function choice<const Choice extends string>(
  choices: readonly Choice[],
  fallback: NoInfer<Choice>,
  about: string,
): Setting<Choice> {
  const schema = v.pipe(text, v.picklist(choices));
  return define(schema, fallback, [`one of ${choices.join(", ")}`, about]);
}

export function name(max: number, fallback: string, about: string): Setting<string> {
  const schema = v.pipe(text, v.regex(new RegExp(`^[a-z0-9-]{1,${max}}$`)));
  return define(schema, fallback, [`1 to ${max} characters of a-z, 0-9 and -`, about]);
}

export function matching(
  pattern: RegExp,
  fallback: string,
  words: readonly [allowed: string, about: string],
): Setting<string> {
  return define(v.pipe(text, v.regex(pattern)), fallback, words);
}

/** A path of a file in PEM; none where empty. */
export function file(about: string): Setting<string> {
  return matching(/^[^\0]{0,4096}$/s, "", ["the path of a PEM file", about]);
}

export function list(
  item: RegExp | ((value: string) => boolean),
  fallback: readonly string[],
  words: readonly [allowed: string, about: string],
): Setting<readonly string[]> {
  const fits = typeof item === "function" ? item : (value: string): boolean => item.test(value);
  const fromText = v.pipe(
    v.string(),
    v.transform((value) => (value === "" ? [] : value.split(",").map((part) => part.trim()))),
  );
  const schema = v.pipe(
    v.union([fromText, v.array(v.string())]),
    v.array(v.pipe(v.string(), v.check(fits))),
    v.readonly(),
  );
  return define(schema, fallback, words);
}

export function toggle(fallback: boolean, about: string): Setting<boolean> {
  const schema = v.pipe(
    text,
    v.picklist(["true", "false"]),
    v.transform((value) => value === "true"),
  );
  return define(schema, fallback, ["true or false", about]);
}
