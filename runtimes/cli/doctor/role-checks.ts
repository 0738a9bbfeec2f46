import { type MqttTls, parseBrokerUrl } from "../../../adapters/mqtt/mod.ts";
import { BrokerClient, type Received } from "../broker/mod.ts";
import { allowed, arrivalMs, emptyBatch, type Trial } from "./broker-checks.ts";
import { textOf } from "./finding.ts";

/** The login of a role at the broker; its user is the name of the origin or of the device. */
export interface CheckedRole {
  readonly kind: "origin" | "device";
  readonly url: string;
  readonly tls: MqttTls | undefined;
}

/** What a role may do, and must not, with the node as the other end. */
export async function checkRole(
  node: BrokerClient,
  trial: Trial,
  role: CheckedRole,
): Promise<void> {
  const { findings, settings } = trial;
  const { kind, url, tls } = role;
  const name = parseBrokerUrl(url).username ?? "";
  const access = { url, version: settings["mqtt-version"], tls };
  let client: BrokerClient;
  try {
    client = await BrokerClient.connect(access);
  } catch (error) {
    const advice = `check the URL of --as-${kind}`;
    findings.failed(kind, `${kind} ${name}: ${textOf(error)}`, advice);
    return;
  }
  try {
    const scene = { ...trial, name, kind };
    if (kind === "origin") await checkOrigin(node, client, scene);
    await checkAttacks(node, client, scene);
  } finally {
    await client.close();
  }
}

interface Scene extends Trial {
  readonly name: string;
  readonly kind: CheckedRole["kind"];
}

/** Events come to the origin, and its commands to the node. */
async function checkOrigin(node: BrokerClient, origin: BrokerClient, scene: Scene): Promise<void> {
  const { topics, app, name, findings } = scene;
  const filter = topics.originEvents(app, name, "+");
  const event = topics.originEvents(app, name, scene.node);
  await allowed(origin.subscribe(filter));
  if (await passes(node, origin, event)) {
    findings.ok("origin", `origin ${name} gets events of node ${scene.node}`);
  } else {
    const said = `origin ${name} does not get events of node ${scene.node}`;
    const advice = `let ${name} read ${filter}, and the node write ${event}`;
    findings.failed("origin", said, advice);
  }
  const command = topics.nodeCommands(app, scene.node, name);
  if (await passes(origin, node, command)) {
    findings.ok("origin", `node ${scene.node} gets commands of origin ${name}`);
  } else {
    const said = `node ${scene.node} does not get commands of origin ${name}`;
    findings.failed("origin", said, `let ${name} write ${command}`);
  }
}

/** What would let a role play another one. Each is tried with a batch of nothing. */
async function checkAttacks(
  node: BrokerClient,
  client: BrokerClient,
  scene: Scene,
): Promise<void> {
  const { topics, app, name, kind, findings } = scene;
  const writes: readonly (readonly [topic: string, what: string])[] = [
    [topics.events(app, 0, scene.node), "play a node, and invent events of clients"],
    [topics.nodeCommands(app, scene.node, "doctor-other"), "play another origin"],
    ...(kind === "device"
      ? ([[topics.nodeCommands(app, scene.node, name), "send commands to any client"]] as const)
      : []),
  ];
  for (const [topic, what] of writes) {
    const seen = topic.includes("/nodes/") && (await passes(client, node, topic));
    const refused = seen ? undefined : await allowed(client.publish(topic, emptyBatch));
    const reported = client.link.reportsReasons;
    if (seen || (reported && refused === undefined && !topic.includes("/nodes/"))) {
      const said = `${kind} ${name} can ${what}: it may write ${topic}`;
      findings.failed("rules", said, `do not let ${name} write ${topic}`);
    } else if (topic.includes("/nodes/") || reported) {
      findings.ok("rules", `${kind} ${name} cannot write ${topic}`);
    } else {
      findings.unknown("rules", `MQTT 3.1.1 does not tell whether ${name} may write ${topic}`);
    }
  }
  if (kind === "device") await checkReading(node, client, scene);
}

/** A device must not read the events of others. */
async function checkReading(
  node: BrokerClient,
  device: BrokerClient,
  scene: Scene,
): Promise<void> {
  const { topics, app, name, findings } = scene;
  const topic = topics.events(app, 0, scene.node);
  const refused = await allowed(device.subscribe(topics.events(app, "+", "+")));
  if (refused === undefined && (await passes(node, device, topic))) {
    const said = `device ${name} can read what clients send: ${topic}`;
    findings.failed("rules", said, `do not let ${name} read ${topics.events(app, "+", "+")}`);
  } else findings.ok("rules", `device ${name} cannot read ${topic}`);
}

/** Whether what one publishes reaches the other, who has subscribed it. */
async function passes(from: BrokerClient, to: BrokerClient, topic: string): Promise<boolean> {
  const fits = (message: Received): boolean => message.topic === topic;
  const arrival = to.next(fits, arrivalMs);
  // A refusal ends the wait: nothing will come.
  if ((await allowed(from.publish(topic, emptyBatch))) !== undefined) return false;
  return (await arrival) !== undefined;
}
