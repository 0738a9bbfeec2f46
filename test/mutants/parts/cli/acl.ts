import type { Mutant, Part } from "../mutant.ts";

const page = "docs/operating/brokers.md";
const files = {
  command: "runtimes/cli/commands/acl.ts",
  ejabberd: "runtimes/cli/acl/ejabberd.ts",
  mosquitto: "runtimes/cli/acl/mosquitto.ts",
  nats: "runtimes/cli/acl/nats.ts",
  rabbitmq: "runtimes/cli/acl/rabbitmq.ts",
  roles: "runtimes/cli/acl/roles.ts",
} as const;
const tests = {
  acl: "test/integration/terminal/acl.once.test.ts",
  rules: "test/unit/runtimes/cli/acl/rules.test.ts",
} as const;

/** What `acl` lets each role do, in the words of each broker. */
const mutants: readonly Mutant[] = [
  {
    says: "an origin plays another one",
    file: files.roles,
    find: '    topics.originEvents(app, name, "+"),\n',
    replace: '    topics.originEvents(app, "+", "+"),\n',
    tests: [tests.rules],
  },
  {
    says: "Every topic ends with the name of its publisher.",
    file: files.roles,
    find: 'topics.events(app, "+", name),',
    replace: 'topics.events(app, "+", "+"),',
    tests: [tests.rules],
  },
  {
    says: "topic write wss/v1/default/groups/weather/text",
    file: files.roles,
    find: "groups.map((group) => rawText(topics, app, group))",
    replace: 'groups.map(() => rawText(topics, app, "+"))',
    tests: [tests.rules],
  },
  {
    says: "So give each role what it needs and no more.",
    file: files.roles,
    find: `groups/\${encodeGroup(group)}/text\`;`,
    replace: `groups/\${group}/text\`;`,
    tests: [tests.rules],
  },
  {
    says: "A user whose rules name `default` reaches no connection of another app.",
    file: files.roles,
    find: "topics.commands(app, name),",
    replace: 'topics.commands("+", name),',
    tests: [tests.rules],
  },
  {
    says: "A node that serves several apps has its rules once for each.",
    file: files.roles,
    find: "apps.flatMap(of);",
    replace: "apps.slice(0, 1).flatMap(of);",
    tests: [tests.rules],
  },
  {
    says: "topic read wss/v1/default/nodes/edge-1/commands/+",
    file: files.mosquitto,
    find: `\`topic read \${topic}\`);`,
    replace: `\`topic readwrite \${topic}\`);`,
    tests: [tests.rules],
  },
  {
    says: "and a block of rules",
    file: files.mosquitto,
    find: `\`user \${user.name}\`, ...write, ...read]`,
    replace: "...write, ...read]",
    tests: [tests.rules],
  },
  {
    says: "and what it may not publish or read does not come through",
    file: files.rabbitmq,
    find: 'filters.length === 0 ? "^$" :',
    replace: 'filters.length === 0 ? ".*" :',
    tests: [tests.rules],
  },
  {
    says: "`acl rabbitmq`, `acl nats` and `acl ejabberd` print the same rules",
    file: files.rabbitmq,
    find: 'if (level === "+") return "[^.]+";',
    replace: 'if (level === "+") return ".+";',
    tests: [tests.rules],
  },
  {
    says: "a script for `rabbitmqctl`. Passwords are variables",
    file: files.rabbitmq,
    find: `-\${name}-\`;`,
    replace: `-\${name}\`;`,
    tests: [tests.rules],
  },
  {
    says: "print the same rules in the words of those brokers",
    file: files.nats,
    find: "if (subjects.length === 0) return 'deny: [\">\"]';",
    replace: "",
    tests: [tests.rules],
  },
  {
    says: "what it may not publish or read does not come through",
    file: files.nats,
    find: "      '      allowed_connection_types: [\"MQTT\"]',\n",
    replace: "",
    tests: [tests.rules],
  },
  {
    says: "every role does its work under them",
    file: files.nats,
    find: `return [above, \`\${above}.>\`];`,
    replace: "return [above];",
    tests: [tests.rules],
  },
  {
    says: "every role does its work under them, and what it may not publish or read",
    file: files.nats,
    find: "(read.length === 0 ? [] : [delivery])",
    replace: "[]",
    tests: [tests.rules],
  },
  {
    says: "for users of `--user-host`",
    file: files.ejabberd,
    find: `if (rules.size === 0) return [\`    \${option}: { "#": [deny] }\`];`,
    replace: "",
    tests: [tests.rules],
  },
  {
    says: "what it may not publish or read does not come through",
    file: files.ejabberd,
    find: "for (const filter of user.write) add(write, filter, user.name);",
    replace: "for (const filter of user.write) add(write, filter, users[0]?.name ?? user.name);",
    tests: [tests.rules],
  },
  {
    says: "Give each node and each origin a broker user of its own name",
    file: files.command,
    find: "if (twice !== undefined) throw",
    replace: "if (false) throw",
    tests: [tests.acl],
  },
];

export const acl: Part = { name: "acl", page, mutants };
