import { readFileSync } from "node:fs";
import { appNamePattern } from "../../../../core/base/mod.ts";
import { matching, orEmpty, toggle } from "../../../../core/config/mod.ts";
import type { Option } from "../../command/mod.ts";
import { fromHex } from "../../connect/mod.ts";
import { settingInvalid } from "../../settings/mod.ts";

/** A message in the body of a request. */
export type Payload = { readonly text: string } | { readonly binary: string };

export const binaryOption: Option<boolean> = toggle(
  "send a binary message, written in hexadecimal digits",
  { default: false },
);

/** The option `--app`; `about` says what it is for. */
export function optionOfApp(about: string): Option<string> {
  const allowed = "1 to 64 characters of a-z, 0-9 and -";
  return { ...matching(about, { allowed, pattern: orEmpty(appNamePattern) }), shown: "APP" };
}

export const appOption: Option<string> = optionOfApp(
  "name of the app; otherwise that of the connection, or the gateway's first",
);

/** The message of a word; `-` reads the standard input. Throws `setting-invalid`. */
export function payloadOf(word: string, binary: boolean): Payload {
  const text = word === "-" ? readFileSync(0, "utf8") : word;
  if (!binary) return { text };
  const bytes = fromHex(text);
  if (bytes !== undefined) return { binary: Buffer.from(bytes).toString("base64") };
  throw settingInvalid("a binary message is hexadecimal digits, such as 0aff");
}

/** The app as a body has it. */
export function appIn(app: string): { readonly app?: string } {
  return app === "" ? {} : { app };
}
