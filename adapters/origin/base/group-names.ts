import { isGroupName, limits, ServiceError } from "../../../core/base/mod.ts";

/** Every connection of the app. */
export const everyoneGroup = "@all";

/** The name, if it can be a group's; throws `group-name` otherwise. */
export function checkedGroup(name: string): string {
  if (typeof name === "string" && isGroupName(name)) return name;
  const allowed = `1 to ${limits.groupBytesMax} bytes of UTF-8`;
  throw new ServiceError("group-name", `a group's name has ${allowed}`);
}

/** The group of a user's connections. */
export function groupOfUser(user: string): string {
  if (user === "") throw new ServiceError("group-name", "a user's name is not empty");
  return checkedGroup(`@user/${user}`);
}
