import type { Role, UserRules } from "./roles.ts";

const about: Readonly<Record<Role, string>> = {
  node: "# A node: publishes events, reads commands, forwards to other nodes. One block for each.",
  origin: "# An origin: reads its own events, and all events of open mode; sends commands.",
  device:
    "# A device, or whatever else only publishes to a group: its raw topic, which names " +
    "no publisher.",
};

/**
 * Rules as mosquitto's `acl_file` has them. mosquitto grants every SUBSCRIBE, and applies `read`
 * to each message that it delivers.
 */
export function mosquittoRules(users: readonly UserRules[]): string {
  let last: Role | undefined;
  const blocks = users.map((user) => {
    const heading = user.role === last ? [] : [about[user.role]];
    last = user.role;
    const write = user.write.map((topic) => `topic write ${topic}`);
    const read = user.read.map((topic) => `topic read ${topic}`);
    return [...heading, `user ${user.name}`, ...write, ...read].join("\n");
  });
  return blocks.join("\n\n");
}
