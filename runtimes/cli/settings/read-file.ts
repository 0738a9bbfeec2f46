import { readFileSync } from "node:fs";
import { ServiceError } from "../../../core/base/mod.ts";

/** A setting has a value that it must not have, as one line for the operator. */
export function settingInvalid(message: string, cause?: unknown): ServiceError {
  return new ServiceError("setting-invalid", message, { cause });
}

/** The text of the file that a setting or an option names; undefined if it is empty. */
export function readSettingFile(name: string, path: string): string | undefined {
  if (path === "") return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code = "unreadable" } = cause as NodeJS.ErrnoException;
    throw settingInvalid(`--${name}: ${path} cannot be read (${code})`, cause);
  }
}

/**
 * The text of a file with a key or a secret, without the newline that editors put at the end. One
 * that says nothing is a mistake: a deployment that did not fill it in, say.
 */
export function readSecretFile(name: string, path: string): string | undefined {
  const text = readSettingFile(name, path)?.replace(/\r?\n$/, "");
  if (text === "") throw settingInvalid(`--${name}: ${path} is empty`);
  return text;
}
