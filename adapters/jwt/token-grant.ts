import type { JWTPayload } from "jose";
import { isGroupName, limits } from "../../core/base/mod.ts";
import type { Grant } from "../../core/ports/mod.ts";
import type { JwtOptions } from "./jwt-options.ts";
import { TokenFault } from "./token-refusal.ts";

/** The last moment that a `Date` can name. ECMA-262, 21.4.1.1. */
const timeMax = 8.64e15;

interface GrantOptions extends Pick<JwtOptions, "userClaim" | "groupsClaim" | "expiryRequired"> {
  readonly clockToleranceMs: number;
}

/** What the claims of a token that is right give; throws `TokenFault` where they cannot be had. */
export function grantOf(claims: JWTPayload, options: GrantOptions): Grant {
  return {
    user: readUser(claimOf(claims, options.userClaim)),
    groups: readGroups(claimOf(claims, options.groupsClaim)),
    expiresAt: readExpiry(claims.exp, options),
  };
}

/** An own entry only: `constructor` is no claim of a token that says nothing of it. */
function claimOf(claims: JWTPayload, name: string): unknown {
  return name !== "" && Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function readUser(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new TokenFault("the claim of the user is no text");
  // Half a character, which JSON can write, would make two users one in UTF-8.
  const isName = isGroupName(value) && utf8Length(value) <= limits.userBytesMax;
  if (!isName) throw new TokenFault("the claim of the user is no name of a user");
  return value;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

function readGroups(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const names = typeof value === "string" ? value.split(" ").filter(Boolean) : value;
  if (!Array.isArray(names)) throw new TokenFault("the claim of the groups is no list");
  for (const name of names) {
    // `@all` and `@user/…` belong to the gateway alone.
    if (
      typeof name !== "string" ||
      !isGroupName(name) ||
      name === "@all" ||
      name.startsWith("@user/")
    ) {
      throw new TokenFault("the claim of the groups has a name that no group can have");
    }
  }
  return [...new Set<string>(names)];
}

/** The end of the connection is that of the token, with the tolerance that let it in. */
function readExpiry(
  exp: number | undefined,
  { clockToleranceMs, expiryRequired }: GrantOptions,
): number | undefined {
  if (exp === undefined) {
    if (expiryRequired === true) throw new TokenFault("the token has no end (exp)");
    return undefined;
  }
  // 1e999 is a number in JSON, and endless.
  if (!Number.isFinite(exp)) throw new TokenFault("the claim exp is no time");
  return Math.floor(Math.min(exp * 1_000 + clockToleranceMs, timeMax));
}
