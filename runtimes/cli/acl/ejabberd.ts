import type { UserRules } from "./roles.ts";

const head = `# ejabberd: parts of ejabberd.yml. Add the lines below mod_mqtt to its own.
# ejabberd cannot forbid retained messages. A node refuses and counts a retained command.
# It checks what a client may read when the client subscribes, and not again when it delivers.`;

/** Rules as parts of ejabberd's configuration: each topic, with the users who have it. */
export function ejabberdRules(users: readonly UserRules[], host: string): string {
  const write = new Map<string, string[]>();
  const read = new Map<string, string[]>();
  for (const user of users) {
    for (const filter of user.write) add(write, filter, user.name);
    for (const filter of user.read) add(read, filter, user.name);
  }
  return [
    head,
    "acl:",
    ...users.map(({ name }) => `  ${entryOf(name)}: { user: ["${name}@${host}"] }`),
    "modules:",
    "  mod_mqtt:",
    ...accessOf("access_publish", write),
    ...accessOf("access_subscribe", read),
  ].join("\n");
}

const entryOf = (name: string): string => `mqtt-${name}`;

function add(rules: Map<string, string[]>, filter: string, name: string): void {
  const allowed = rules.get(filter) ?? [];
  allowed.push(`{ allow: ${entryOf(name)} }`);
  rules.set(filter, allowed);
}

function accessOf(option: string, rules: ReadonlyMap<string, readonly string[]>): string[] {
  // Without any rule everything would be allowed.
  if (rules.size === 0) return [`    ${option}: { "#": [deny] }`];
  const lines = Array.from(rules, ([filter, allowed]) => {
    return `      "${filter}": [${allowed.join(", ")}]`;
  });
  return [`    ${option}:`, ...lines];
}
