import { limits } from "./limits.ts";
import { utf8Exceeds } from "./utf8.ts";

/** Names of nodes and of origins, and of others who send commands. */
export const namePattern: RegExp = /^[a-z0-9-]{1,32}$/;

export const appNamePattern: RegExp = /^[a-z0-9-]{1,64}$/;

/** The first level of every MQTT topic. */
export const topicRootPattern: RegExp = /^[0-9A-Za-z_-]{1,32}$/;

/** RFC 9110, 5.6.2: a token, such as the name of a header or of a subprotocol. */
export const tokenPattern: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** RFC 9110, 5.5: a header's value, without obs-text, which readers take for other characters. */
export const headerValuePattern: RegExp = /^[\t\x20-\x7e]*$/;

/** A start of a node or of an origin; letters and digits alone, as it is part of names. */
export const incarnationPattern: RegExp = /^[a-z0-9]{1,64}$/;

/**
 * Whether `name` can be a group's name: 1 to `limits.groupBytesMax` bytes of UTF-8. A lone
 * surrogate, which JSON can carry, has no UTF-8 form and therefore no topic.
 */
export function isGroupName(name: string): boolean {
  return name !== "" && !utf8Exceeds(name, limits.groupBytesMax) && name.isWellFormed();
}

/** The group of every connection of an app. It has no table of members. */
export const everyone = "@all";

export function userGroup(user: string): string {
  return `@user/${user}`;
}

/** Whether the gateway alone says who is in the group. */
export function isReserved(name: string): boolean {
  return name === everyone || name.startsWith("@user/");
}
