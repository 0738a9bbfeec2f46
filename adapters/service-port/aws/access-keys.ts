import { ServiceError } from "../../../core/base/mod.ts";

/**
 * Reads access keys from a text in the format of `~/.aws/credentials`: sections, each with an
 * `aws_access_key_id` and an `aws_secret_access_key`. Other keys are ignored. Throws
 * `setting-invalid`, with the line and without the secret.
 */
export function parseAccessKeys(text: string): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  let id: string | undefined;
  let secret: string | undefined;
  const end = (line: number): void => {
    if ((id === undefined) !== (secret === undefined)) {
      throw invalid(line, "a section needs aws_access_key_id and aws_secret_access_key");
    }
    if (id !== undefined && secret !== undefined) keys.set(id, secret);
    id = undefined;
    secret = undefined;
  };
  const lines = text.split(/\r?\n/);
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    if (/^\[[^\]]+\]$/.test(line)) {
      end(index);
      continue;
    }
    const [, name = "", value = ""] = /^(\w+)\s*=\s*(\S+)$/.exec(line) ?? [];
    if (name === "") throw invalid(index + 1, "it is neither a [section] nor name = value");
    if (name === "aws_access_key_id") id = checkedId(value, index + 1);
    if (name === "aws_secret_access_key") secret = value;
  }
  end(lines.length);
  if (keys.size === 0) throw new ServiceError("setting-invalid", "there is no access key in it");
  return keys;
}

function checkedId(id: string, line: number): string {
  if (/^[\w.-]{1,128}$/.test(id)) return id;
  throw invalid(line, "an access key's id has 1 to 128 letters, digits, -, . and _");
}

function invalid(line: number, message: string): ServiceError {
  return new ServiceError("setting-invalid", `line ${line}: ${message}`);
}
