import { connect as connectTls } from "node:tls";
import { brokerName, brokerUrls } from "../../../adapters/mqtt/brokers/mod.ts";
import { type MqttTls, parseBrokerUrl } from "../../../adapters/mqtt/mod.ts";
import { packetOverheadBytes, parseNodePresence, Topics } from "../../../adapters/topics/mod.ts";
import type { ServiceError } from "../../../core/base/mod.ts";
import type { Settings } from "../../../core/config/mod.ts";
import { type BrokerAccess, BrokerClient, type Received } from "../broker/mod.ts";
import { sayClock } from "./clock-checks.ts";
import { type Findings, textOf } from "./finding.ts";
import { checkValidity } from "./machine-checks.ts";

/** A bare batch of nothing: every receiver takes it. */
export const emptyBatch: Uint8Array = Uint8Array.of(0x90);
/** A message that has not come back by then does not come. */
export const arrivalMs = 2_000;
/** What a broker has stored comes with the answer to the subscription. */
const storedMs = 1_000;
/** A batch has an envelope around its largest message: ids, topic, state. */
const envelopeBytes = 4_096;

/** One broker, and who asks. */
export interface Trial {
  readonly settings: Settings;
  readonly findings: Findings;
  readonly topics: Topics;
  readonly app: string;
  readonly node: string;
  readonly access: BrokerAccess;
  /** `HOST:PORT`; begins what is said. */
  readonly broker: string;
}

/** Tries each broker of the settings as the node does. Calls `connected` with a connected node. */
export async function checkBrokers(
  settings: Settings,
  tls: MqttTls | undefined,
  {
    findings,
    connected,
  }: {
    readonly findings: Findings;
    readonly connected: (node: BrokerClient, trial: Trial) => Promise<void>;
  },
): Promise<void> {
  for (const url of brokerUrls(settings.broker)) {
    const broker = brokerName(url);
    await checkBrokerCertificate(url, tls, findings);
    const access = { url, version: settings["mqtt-version"], tls };
    let client: BrokerClient;
    try {
      client = await BrokerClient.connect(access);
    } catch (error) {
      findings.failed("connect", `${broker}: ${textOf(error)}`, connectAdvice(error));
      continue;
    }
    try {
      const { username } = parseBrokerUrl(url);
      const node = settings["node-name"] || username || "doctor";
      const topics = new Topics(settings["topic-root"]);
      const trial = { settings, findings, topics, app: settings.app, node, broker, access };
      const version = client.link.reportsReasons ? "MQTT 5" : "MQTT 3.1.1";
      findings.ok("connect", `${broker}: connected, ${version}`);
      await checkNode(client, trial);
      await connected(client, trial);
    } finally {
      await client.close();
    }
  }
}

function connectAdvice(error: unknown): string {
  const { code } = error as ServiceError;
  return code === "broker-refused"
    ? "check user and password in --broker, and that the broker lets this user connect"
    : "check host and port in --broker, the network, and with mqtts:// --mqtt-ca";
}

/** The expiry of the certificate that an `mqtts://` broker shows. */
function checkBrokerCertificate(
  url: string,
  tls: MqttTls | undefined,
  findings: Findings,
): Promise<void> {
  const { host, port, tls: isTls } = parseBrokerUrl(url);
  if (!isTls) return Promise.resolve();
  return new Promise((resolve) => {
    const ca = tls?.ca === undefined ? {} : { ca: [tls.ca].flat() };
    // Whether it is trusted is for the connection that follows to say.
    const socket = connectTls({ host, port, ...ca, rejectUnauthorized: false, timeout: 5_000 });
    const end = (): void => {
      socket.destroy();
      resolve();
    };
    socket.once("secureConnect", () => {
      const { valid_from: validFrom, valid_to: validTo } = socket.getPeerCertificate();
      if (validTo) checkValidity({ validFrom, validTo }, brokerName(url), findings);
      end();
    });
    socket.once("error", end);
    socket.once("timeout", end);
  });
}

/** What a node does at its broker: everything here needs a rule of a node. */
async function checkNode(client: BrokerClient, trial: Trial): Promise<void> {
  const { topics, app, node, findings, broker } = trial;
  const isLive = await checkPresence(client, trial);
  const commands = topics.nodeCommands(app, node, node);
  await checkLoopback(client, trial, {
    check: "commands",
    filter: topics.nodeCommands(app, node, "+"),
    topic: commands,
  });
  const group = "doctor";
  await checkLoopback(client, trial, {
    check: "groups",
    filter: topics.groupFilter(app, group),
    topic: topics.groupCommands(app, group, node),
  });
  await checkWrite(client, trial, topics.events(app, 0, node));
  checkPacketLimit(client, trial);
  if (isLive) {
    findings.ok("node", `${broker}: a node ${node} runs; its presence was left alone`);
  }
}

/**
 * Retained messages, by the presence of this node. Where the node runs, its own presence shows
 * whether they are kept. Returns whether it runs.
 */
async function checkPresence(client: BrokerClient, trial: Trial): Promise<boolean> {
  const { topics, app, node, findings, broker, settings } = trial;
  const topic = topics.nodePresence(app, node);
  const isStored = ({ retained, topic: of, payload }: Received): boolean =>
    retained && of === topic && payload.length > 0;
  const stored = client.next(isStored, storedMs);
  const subscribed = await allowed(client.subscribe(topics.nodePresence(app, "+")));
  if (subscribed !== undefined) {
    const advice = `let this user read ${topics.nodePresence(app, "+")}`;
    findings.failed("presence", `${broker}: ${textOf(subscribed)}`, advice);
    return false;
  }
  const live = await stored;
  if (live !== undefined) {
    findings.ok("retained", `${broker}: keeps retained messages`);
    const presence = parseNodePresence(live.payload);
    if (presence !== undefined && presence.at > Date.now()) {
      sayClock(`node ${node}`, presence.at - Date.now(), { settings, findings });
    }
    return true;
  }
  const presence = { v: 1, incarnation: "doctor", at: Date.now(), every: 1_000 } as const;
  const payload = new TextEncoder().encode(JSON.stringify({ ...presence, connections: 0 }));
  const arrival = client.next((message) => message.topic === topic, arrivalMs);
  const refused = await allowed(client.publish(topic, payload, true));
  if (refused !== undefined || (await arrival) === undefined) {
    const why =
      refused === undefined ? "what is published there does not come back" : textOf(refused);
    const advice = `let this user write and read ${topic}`;
    findings.failed("presence", `${broker}: ${why}`, advice);
    return false;
  }
  findings.ok("presence", `${broker}: node ${node} may write and read its presence`);
  await checkRetained(client, trial, topic);
  return false;
}

/** Whether a client that subscribes later gets a retained message; then clears it. */
async function checkRetained(client: BrokerClient, trial: Trial, topic: string): Promise<void> {
  const { topics, app, findings, broker, access } = trial;
  const later = await BrokerClient.connect(access);
  try {
    const stored = later.next((message) => message.topic === topic, arrivalMs);
    await allowed(later.subscribe(topics.nodePresence(app, "+")));
    if ((await stored)?.retained !== true) {
      findings.warning(
        "retained",
        `${broker}: does not give retained messages to wildcard subscriptions`,
        "nothing to change: nodes and origins ask each other, and find each other a bit later",
      );
    } else findings.ok("retained", `${broker}: keeps retained messages`);
  } finally {
    await later.close();
    await allowed(client.publish(topic, new Uint8Array(0), true));
  }
}

/** What the node publishes there must come back to it. */
async function checkLoopback(
  client: BrokerClient,
  { findings, broker }: Trial,
  {
    check,
    filter,
    topic,
  }: { readonly check: string; readonly filter: string; readonly topic: string },
): Promise<void> {
  const subscribed = await allowed(client.subscribe(filter));
  if (subscribed !== undefined) {
    findings.failed(check, `${broker}: ${textOf(subscribed)}`, `let this user read ${filter}`);
    return;
  }
  const arrival = client.next((message) => message.topic === topic, arrivalMs);
  const started = performance.now();
  const refused = await allowed(client.publish(topic, emptyBatch));
  if (refused !== undefined) {
    findings.failed(check, `${broker}: ${textOf(refused)}`, `let this user write ${topic}`);
  } else if ((await arrival) === undefined) {
    const said = `${broker}: what is published to ${topic} does not come back`;
    findings.failed(check, said, `let this user write ${topic} and read ${filter}`);
  } else {
    const ms = (performance.now() - started).toFixed(1);
    findings.ok(check, `${broker}: may write and read ${filter} (${ms} ms)`);
  }
}

/** A topic that the node writes and does not read. */
async function checkWrite(client: BrokerClient, trial: Trial, topic: string): Promise<void> {
  const { findings, broker } = trial;
  const refused = await allowed(client.publish(topic, emptyBatch));
  if (refused !== undefined) {
    findings.failed("events", `${broker}: ${textOf(refused)}`, `let this user write ${topic}`);
  } else if (client.link.reportsReasons) {
    findings.ok("events", `${broker}: may write ${topic}`);
  } else {
    const said = `${broker}: MQTT 3.1.1 does not tell whether ${topic} may be written`;
    findings.unknown("events", said);
  }
}

function checkPacketLimit(client: BrokerClient, { settings, findings, broker }: Trial): void {
  const { packetBytesMax } = client.link;
  const wanted = settings["max-message-size"] + envelopeBytes + packetOverheadBytes;
  if (packetBytesMax === undefined) {
    findings.unknown("packets", `${broker}: names no limit for the size of packets`);
  } else if (packetBytesMax >= wanted) {
    findings.ok("packets", `${broker}: takes packets of ${packetBytesMax} bytes`);
  } else {
    findings.failed(
      "packets",
      `${broker}: packets may have ${packetBytesMax} bytes: too few for --max-message-size`,
      `raise the broker's limit to ${wanted} bytes, or lower --max-message-size`,
    );
  }
}

/** The error of a promise; undefined where it is kept. */
export function allowed(promise: Promise<void>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
