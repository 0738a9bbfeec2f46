import { type MqttBroker, MqttLink, mqttLinks } from "../../../adapters/mqtt/mod.ts";
import { SystemClock, SystemRandom } from "../../../adapters/system/mod.ts";
import type { OpenLink } from "../../../adapters/topics/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import { MemoryLogger } from "../memory/mod.ts";
import { waitFor } from "../process/wait.ts";

/** A broker that a test may use. */
export interface TestBroker {
  readonly port: number;
  /** User and password for a URL, where it wants some. */
  readonly login?: string;
  close(): Promise<void>;
}

export interface TestPorts {
  readonly clock: Clock;
  readonly random: SystemRandom;
  readonly logger: MemoryLogger;
}

/** Real time, real randomness, and a log to look into. */
export function testPorts(): TestPorts {
  return { clock: new SystemClock(), random: new SystemRandom(), logger: new MemoryLogger() };
}

/** The same, with links to a broker. */
export function brokerPorts(
  broker: MqttBroker,
  ports: TestPorts = testPorts(),
): TestPorts & { readonly openLink: OpenLink } {
  return { ...ports, openLink: mqttLinks(broker, ports) };
}

/** A connected plain MQTT client. */
export async function plainClient(
  port: number,
  filters: readonly string[] = [],
  message: (topic: string, payload: Uint8Array, retained: boolean) => void = () => {},
): Promise<MqttLink> {
  const url = `mqtt://127.0.0.1:${port}`;
  const link = new MqttLink(
    { bounded: false, url, name: "plain", role: "test", version: "4", filters },
    testPorts(),
  );
  await link.start({ connected: () => {}, message });
  return link;
}

/** Topics of the presences that a broker keeps for whoever comes. */
export async function retainedPresences(port: number): Promise<string[]> {
  const marker = "wss/v1/default/presence/marker";
  const topics: string[] = [];
  const client = await plainClient(port, ["wss/v1/+/presence/#"], (topic, _payload, retained) => {
    if (retained || topic === marker) topics.push(topic);
  });
  // What is published now comes behind all that was kept.
  client.publish(marker, new Uint8Array(1), () => {});
  await waitFor(() => topics.includes(marker), { what: "the marker" });
  await client.stop();
  return topics.filter((topic) => topic !== marker);
}
