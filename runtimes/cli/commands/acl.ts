import { isApp, isName } from "../../../adapters/topics/mod.ts";
import { topicRootPattern } from "../../../core/base/mod.ts";
import { host, list, matching, toggle } from "../../../core/config/mod.ts";
import {
  ejabberdRules,
  mosquittoRules,
  natsRules,
  rabbitmqRules,
  rulesOf,
  type UserRules,
} from "../acl/mod.ts";
import { type CliCommand, defineCommand, ExitCode, say } from "../command/mod.ts";
import { settingInvalid } from "../settings/mod.ts";

interface AclOptions {
  readonly nodes: readonly string[];
  readonly origins: readonly string[];
  readonly devices: readonly string[];
  readonly apps: readonly string[];
  readonly acting: boolean;
  readonly "topic-root": string;
  readonly vhost: string;
  readonly "user-host": string;
}

/** What the rules are written for, and how. */
const writers: Readonly<
  Record<string, (users: readonly UserRules[], options: AclOptions) => string>
> = {
  mosquitto: mosquittoRules,
  rabbitmq: (users, { vhost }) => rabbitmqRules(users, vhost),
  nats: natsRules,
  ejabberd: (users, options) => ejabberdRules(users, options["user-host"]),
};
const brokers = Object.keys(writers);

const names = "names of 1 to 32 of a-z, 0-9 and -, separated by commas";
/** A device, and one group that it may publish to. */
function isDevice(item: string): boolean {
  const [name = "", ...group] = item.split("/");
  return isName(name) && /^[^\s,]{1,256}$/.test(group.join("/"));
}

export const acl: CliCommand = defineCommand<AclOptions>({
  name: "acl",
  summary: "print access rules for a broker: what each node, origin and device may do",
  synopsis: brokers.join("|"),
  about:
    "Each name is a user of the broker. A node of --workers N is N names, such as edge-1-0; a " +
    "bridge is an origin. What a broker cannot express stands in a comment of its rules.",
  wordsMax: 1,
  firstWords: brokers,
  options: {
    nodes: list("names of nodes, with commas between them", { allowed: names, isItem: isName }),
    origins: list("names of origins, with commas between them", {
      allowed: names,
      isItem: isName,
    }),
    devices: list("devices that only publish text to a group: NAME/GROUP", {
      allowed: "NAME/GROUP separated by commas",
      isItem: isDevice,
    }),
    apps: list("apps that they serve, with commas between them", {
      allowed: "names of apps separated by commas",
      isItem: isApp,
      default: ["default"],
    }),
    acting: toggle("add the rules that a service port needs, and acting on the admin port", {
      default: false,
    }),
    "topic-root": matching("first level of every MQTT topic", {
      allowed: "1 to 32 letters, digits, - and _",
      pattern: topicRootPattern,
      default: "wss",
    }),
    vhost: matching("virtual host of RabbitMQ", {
      allowed: "1 to 255 letters, digits, ., /, - and _",
      pattern: /^[A-Za-z0-9._/-]{1,255}$/,
      default: "/",
    }),
    "user-host": host("host of ejabberd's users", { default: "mq.example" }),
  },
  examples: [
    {
      line: "acl mosquitto --nodes edge-1 --origins shop-1 --devices sensor-1/weather",
      about: "one of each",
    },
  ],
  run: async ({ words, options }) => {
    const write = writers[words[0] ?? ""];
    if (write === undefined) throw settingInvalid(`acl needs one of ${brokers.join(", ")}`);
    const { nodes, origins, apps, acting, "topic-root": root } = options;
    const devices = groupsOf(options.devices);
    const users = rulesOf({ nodes, origins, devices, apps, acting, root });
    if (users.length === 0) throw settingInvalid("acl needs --nodes, --origins or --devices");
    const twice = users.find(({ name }, at) => users.findIndex((one) => one.name === name) !== at);
    if (twice !== undefined) throw settingInvalid(`${twice.name} is named twice`);
    await say(write(users, options));
    return ExitCode.clean;
  },
});

/** The groups of each device. */
function groupsOf(items: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const item of items) {
    const at = item.indexOf("/");
    const name = item.slice(0, at);
    groups.set(name, [...(groups.get(name) ?? []), item.slice(at + 1)]);
  }
  return groups;
}
