import type { UserRules } from "./roles.ts";
import { variableOf } from "./variable.ts";

const head = `# NATS: a part of the server's configuration. Passwords come from the environment,
# where NATS reads them as configuration: put each one between double quotes that are part of the
# variable's value, as in PASSWORD_EDGE_1='"5e3…"'. Else it takes 5e3… for a number.
# NATS acknowledges a publish that it refuses, as MQTT 3.1.1 cannot say it: its log has the line.
# It cannot forbid retained messages. A node refuses and counts a retained command.`;

/** What the server delivers messages of QoS 1 on, to each of its MQTT clients. */
const delivery = "$MQTT.sub.>";

/** Rules as NATS's configuration has them. */
export function natsRules(users: readonly UserRules[]): string {
  const blocks = users.map(({ name, write, read }) => {
    const subscribe = [...read.flatMap(subjectsOf), ...(read.length === 0 ? [] : [delivery])];
    return [
      "    {",
      `      user: "${name}", password: $${variableOf(name)}`,
      // Over NATS's own protocol a client could read what is delivered to others.
      '      allowed_connection_types: ["MQTT"]',
      "      permissions {",
      `        publish { ${listOf(write.flatMap(subjectsOf))} }`,
      `        subscribe { ${listOf(subscribe)} }`,
      "      }",
      "    }",
    ].join("\n");
  });
  return [head, "authorization {", "  users: [", ...blocks, "  ]", "}"].join("\n");
}

/** What is not allowed is denied. An empty list would allow everything. */
function listOf(subjects: readonly string[]): string {
  if (subjects.length === 0) return 'deny: [">"]';
  return `allow: [${subjects.map((subject) => `"${subject}"`).join(", ")}]`;
}

/** MQTT's # stands for the level above it, too; NATS's > does not. */
function subjectsOf(filter: string): string[] {
  const subject = filter.replaceAll("/", ".").replaceAll("+", "*");
  if (!subject.endsWith(".#")) return [subject];
  const above = subject.slice(0, -2);
  return [above, `${above}.>`];
}
