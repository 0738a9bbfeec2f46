import type { UserRules } from "./roles.ts";
import { variableOf } from "./variable.ts";

const head = `# RabbitMQ with its MQTT plugin: a script of commands for rabbitmqctl.
# RabbitMQ cannot forbid retained messages. A node refuses and counts a retained command.
# It checks what a client may read when the client subscribes, and not again when it delivers:
# whoever loses a right keeps its subscriptions until it connects again.
set -e`;

/** Rules as commands for RabbitMQ: what a user's queues are called, and its topics. */
export function rabbitmqRules(users: readonly UserRules[], vhost: string): string {
  const blocks = users.map(({ name, write, read }) => {
    // A client's queues are named after its client id, which begins with its name.
    const queues = `^mqtt-(subscription|will)-${name}-`;
    const topics = (filters: readonly string[]): string =>
      filters.length === 0 ? "^$" : `^(${filters.map(patternOf).join("|")})$`;
    const exchange = "^amq\\.topic$";
    const both = `${exchange}|${queues}`;
    return [
      `rabbitmqctl add_user ${name} "$${variableOf(name)}"`,
      `rabbitmqctl set_permissions -p ${vhost} ${name} '${queues}' '${both}' '${both}'`,
      `rabbitmqctl set_topic_permissions -p ${vhost} ${name} amq.topic \\`,
      `  '${topics(write)}' \\`,
      `  '${topics(read)}'`,
    ].join("\n");
  });
  return [head, ...blocks].join("\n\n");
}

/**
 * A topic filter as a pattern for routing keys, in which a dot stands between levels. A filter to
 * subscribe to has to fit as well: its wildcards are levels like any other here.
 */
function patternOf(filter: string): string {
  const levels = filter.split("/").map((level) => {
    if (level === "+") return "[^.]+";
    return level === "#" ? ".+" : level;
  });
  return levels.join("\\.");
}
