import { limits } from "./limits.ts";

/**
 * Whether `name` can be a group's name: 1 to `limits.groupBytesMax` bytes of UTF-8. A lone
 * surrogate, which JSON can carry, has no UTF-8 form and therefore no topic.
 */
export function isGroupName(name: string): boolean {
  // A UTF-16 code unit is at least one byte of UTF-8: a long string needs no loop.
  if (name === "" || name.length > limits.groupBytesMax) return false;
  let bytes = 0;
  for (const character of name) {
    const point = character.codePointAt(0)!;
    if (point >= 0xd800 && point <= 0xdfff) return false;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes <= limits.groupBytesMax;
}

/** Every connection of an app is a member of it; it has no table. */
export const everyone = "@all";

/** The group of a user's connections. */
export function userGroup(user: string): string {
  return `@user/${user}`;
}

/** Whether the gateway alone says who is in the group. */
export function isReserved(name: string): boolean {
  return name === everyone || name.startsWith("@user/");
}
