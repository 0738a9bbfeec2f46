import { ServiceError } from "../../../core/base/mod.ts";
import type { Random } from "../../../core/ports/mod.ts";

/** An option that is not allowed. */
export function refuse(setting: string, value: unknown, allowed: string): never {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw new ServiceError("setting-invalid", `${setting} ${shown}: ${allowed}`);
}

const nameAlphabet = "abcdefghijklmnopqrstuvwxyz012345";

/** A name of `chars` characters that nobody else has. */
export function randomName(random: Random, chars: number): string {
  const bytes = random.fill(new Uint8Array(chars));
  return Array.from(bytes, (byte) => nameAlphabet[byte % nameAlphabet.length]).join("");
}
