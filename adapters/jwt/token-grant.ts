import type { JWTPayload } from "jose";
import { isGroupName, isReserved, limits, utf8Exceeds } from "../../core/base/mod.ts";
import type { ConnectionGrant } from "../../core/ports/mod.ts";
import type { JwtOptions } from "./jwt-options.ts";
import { TokenFault } from "./token-refusal.ts";

/** The latest time of a `Date`, in ms (ECMA-262, 21.4.1.1). */
const timeMax = 8.64e15;

interface GrantOptions extends Pick<JwtOptions, "userClaim" | "groupsClaim" | "expiryRequired"> {
  readonly clockToleranceMs: number;
}

/** The grant of a verified token. Throws `TokenFault` if a claim is unusable. */
export function grantOf(claims: JWTPayload, options: GrantOptions): ConnectionGrant {
  return {
    user: readUser(claimOf(claims, options.userClaim)),
    groups: readGroups(claimOf(claims, options.groupsClaim)),
    expiresAt: readExpiry(claims.exp, options),
  };
}

/** Own properties only: `constructor` is not a claim of every token. */
function claimOf(claims: JWTPayload, name: string): unknown {
  return name !== "" && Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function readUser(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new TokenFault("the claim with the user must be a text");
  // Lone surrogates, which JSON can carry, would make two users equal in UTF-8.
  const isName = isGroupName(value) && !utf8Exceeds(value, limits.userBytesMax);
  if (!isName) throw new TokenFault("the claim with the user is not a valid user's name");
  return value;
}

function readGroups(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const names = typeof value === "string" ? value.split(" ").filter(Boolean) : value;
  if (!Array.isArray(names))
    throw new TokenFault("the claim with the groups must be a list or a text");
  for (const name of names) {
    if (typeof name !== "string" || !isGroupName(name) || isReserved(name)) {
      throw new TokenFault("the claim with the groups has an invalid group name");
    }
  }
  return [...new Set<string>(names)];
}

/** When the connection expires, in ms: at `exp` plus the clock tolerance. */
function readExpiry(
  exp: number | undefined,
  { clockToleranceMs, expiryRequired }: GrantOptions,
): number | undefined {
  if (exp === undefined) {
    if (expiryRequired === true) throw new TokenFault("the token has no exp claim");
    return undefined;
  }
  // 1e999 is valid JSON; it parses to Infinity.
  if (!Number.isFinite(exp)) throw new TokenFault("the exp claim is not a time");
  return Math.floor(Math.min(exp * 1_000 + clockToleranceMs, timeMax));
}
