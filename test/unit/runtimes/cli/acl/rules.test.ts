import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ejabberdRules,
  mosquittoRules,
  natsRules,
  rabbitmqRules,
  rulesOf,
} from "../../../../../runtimes/cli/acl/mod.ts";

const users = rulesOf({
  nodes: ["edge-1"],
  origins: ["shop-1"],
  devices: new Map([["sensor-1", ["a/b"]]]),
  apps: ["default", "chat"],
  root: "wss",
});

/** The rules for both apps, of one for `default`. */
const both = (filters: readonly string[]): string[] =>
  ["default", "chat"].flatMap((app) => filters.map((filter) => `wss/v1/${app}/${filter}`));

test("each role may do what it needs, under its own name, in its apps", () => {
  const [node, origin, device, ...more] = users;
  assert.deepEqual(more, []);
  assert.deepEqual(node, {
    name: "edge-1",
    role: "node",
    write: both([
      "events/+/edge-1",
      "origins/+/events/edge-1",
      "nodes/+/commands/edge-1",
      "groups/+/commands/edge-1",
      "presence/nodes/edge-1",
      "presence/ask/edge-1",
    ]),
    read: both(["nodes/edge-1/commands/+", "commands/+", "groups/#", "presence/#"]),
  });
  assert.deepEqual(origin, {
    name: "shop-1",
    role: "origin",
    write: both([
      "presence/origins/shop-1",
      "presence/ask/shop-1",
      "nodes/+/commands/shop-1",
      "commands/shop-1",
      "groups/+/commands/shop-1",
    ]),
    read: both(["origins/shop-1/events/+", "events/#", "presence/#"]),
  });
  assert.deepEqual(device, {
    name: "sensor-1",
    role: "device",
    write: both(["groups/a%2Fb/text"]),
    read: [],
  });
});

test("a node that acts may send commands to all, and read what is for its name", () => {
  const plain = { nodes: ["edge-1"], origins: ["shop-1"], devices: new Map(), apps: ["default"] };
  const [node, origin] = rulesOf({ ...plain, root: "wss" });
  const [acting, same] = rulesOf({ ...plain, root: "wss", acting: true });
  assert.deepEqual(acting?.write, [...(node?.write ?? []), "wss/v1/default/commands/edge-1"]);
  const replies = "wss/v1/default/origins/edge-1/events/+";
  assert.deepEqual(acting?.read, [...(node?.read ?? []), replies]);
  assert.deepEqual(same, origin);
});

const few = [
  { name: "edge-1", role: "node", write: ["r/+/edge-1"], read: ["r/x/#", "r/+"] },
  { name: "sensor-1", role: "device", write: ["r/text"], read: [] },
] as const;
/** The lines that are no comments. */
const rules = (text: string): string[] =>
  text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("mosquitto: a block for each user", () => {
  assert.deepEqual(rules(mosquittoRules(few)), [
    "user edge-1",
    "topic write r/+/edge-1",
    "topic read r/x/#",
    "topic read r/+",
    "user sensor-1",
    "topic write r/text",
  ]);
});

test("rabbitmq: whole topics, one level for a plus sign, and a user's own queues", () => {
  const queues = (name: string): string => `^mqtt-(subscription|will)-${name}-`;
  const permissions = (name: string): string => {
    const both = `^amq\\.topic$|${queues(name)}`;
    return `rabbitmqctl set_permissions -p / ${name} '${queues(name)}' '${both}' '${both}'`;
  };
  assert.deepEqual(rules(rabbitmqRules(few, "/")), [
    "set -e",
    'rabbitmqctl add_user edge-1 "$PASSWORD_EDGE_1"',
    permissions("edge-1"),
    "rabbitmqctl set_topic_permissions -p / edge-1 amq.topic \\",
    "  '^(r\\.[^.]+\\.edge-1)$' \\",
    "  '^(r\\.x\\..+|r\\.[^.]+)$'",
    'rabbitmqctl add_user sensor-1 "$PASSWORD_SENSOR_1"',
    permissions("sensor-1"),
    "rabbitmqctl set_topic_permissions -p / sensor-1 amq.topic \\",
    "  '^(r\\.text)$' \\",
    "  '^$'",
  ]);
});

test("nats: MQTT alone, and who may read nothing is denied everything", () => {
  // Whoever does not know it has a server that does not start.
  assert.match(natsRules(few), /^# .*double quotes .*\n.* PASSWORD_EDGE_1='".*"'/m);
  const [, , ...lines] = rules(natsRules(few));
  assert.deepEqual(lines, [
    "    {",
    '      user: "edge-1", password: $PASSWORD_EDGE_1',
    '      allowed_connection_types: ["MQTT"]',
    "      permissions {",
    '        publish { allow: ["r.*.edge-1"] }',
    '        subscribe { allow: ["r.x", "r.x.>", "r.*", "$MQTT.sub.>"] }',
    "      }",
    "    }",
    "    {",
    '      user: "sensor-1", password: $PASSWORD_SENSOR_1',
    '      allowed_connection_types: ["MQTT"]',
    "      permissions {",
    '        publish { allow: ["r.text"] }',
    '        subscribe { deny: [">"] }',
    "      }",
    "    }",
    "  ]",
    "}",
  ]);
});

test("ejabberd: each topic with its users, and everything denied where nobody has a right", () => {
  assert.deepEqual(rules(ejabberdRules(few, "mq.example")), [
    "acl:",
    '  mqtt-edge-1: { user: ["edge-1@mq.example"] }',
    '  mqtt-sensor-1: { user: ["sensor-1@mq.example"] }',
    "modules:",
    "  mod_mqtt:",
    "    access_publish:",
    '      "r/+/edge-1": [{ allow: mqtt-edge-1 }]',
    '      "r/text": [{ allow: mqtt-sensor-1 }]',
    "    access_subscribe:",
    '      "r/x/#": [{ allow: mqtt-edge-1 }]',
    '      "r/+": [{ allow: mqtt-edge-1 }]',
  ]);
  const devices = ejabberdRules(few.slice(1), "mq.example").split("\n");
  assert.ok(devices.includes('    access_subscribe: { "#": [deny] }'));
});
