import * as v from "valibot";
import { path, toggle } from "../../../core/config/mod.ts";
import type { Option } from "./command.ts";

/** An option that may be repeated: its value is all that was written. */
export function texts(
  about: string,
  options: { readonly allowed: string; readonly pattern: RegExp; readonly shown: string },
): Option<readonly string[]> {
  const { allowed, pattern, shown } = options;
  const schema = v.pipe(v.array(v.pipe(v.string(), v.regex(pattern))), v.readonly());
  return { schema, default: [], written: "", allowed, about, many: true, shown };
}

/** The path of a file; empty: none. */
export function fileOption(about: string): Option<string> {
  return { ...path(about), shown: "FILE" };
}

/** `--json`, with which a command writes for programs. */
export const jsonOption: Option<boolean> = toggle("write JSON", { default: false });
