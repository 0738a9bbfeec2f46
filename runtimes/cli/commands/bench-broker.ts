import { brokerUrls } from "../../../adapters/mqtt/brokers/mod.ts";
import { SystemRandom } from "../../../adapters/system/mod.ts";
import { Topics } from "../../../adapters/topics/mod.ts";
import { randomName } from "../../../core/base/mod.ts";
import { duration, size } from "../../../core/config/mod.ts";
import { type BenchResult, BrokerClient, benchBroker } from "../broker/mod.ts";
import {
  type CliCommand,
  defineCommand,
  ExitCode,
  jsonOption,
  type OptionTable,
  say,
  table,
} from "../command/mod.ts";
import { gatewaySettings, readTlsFiles, settingInvalid } from "../settings/mod.ts";

interface BenchBrokerOptions {
  readonly duration: number;
  readonly size: number;
  readonly "large-size": number;
  readonly json: boolean;
}

const sizes = { min: 1, max: 16_777_216 };

const options: OptionTable<BenchBrokerOptions> = {
  duration: {
    ...duration("time for all measurements together", { min: "100ms", max: "10m", default: "5s" }),
    shown: "TIME",
  },
  size: { ...size("size of a small message", { ...sizes, default: 128 }), shown: "SIZE" },
  "large-size": {
    ...size("size of a large message", { ...sizes, default: 16_384 }),
    shown: "SIZE",
  },
  json: jsonOption,
};

export const benchBrokerCommand: CliCommand = defineCommand<BenchBrokerOptions>({
  name: "bench-broker",
  summary: "measure round trips and throughput through a broker",
  about:
    "Two connections talk through the broker, at QoS 0 and 1, on a topic of a group that nobody " +
    "else is in. It takes --broker and the other settings of `serve`. The broker's rules for a " +
    "node suffice, with --node-name.",
  takesSettings: true,
  options,
  examples: [
    { line: "bench-broker --broker mqtt://127.0.0.1", about: "for five seconds" },
    {
      line: "bench-broker --broker mqtt://127.0.0.1 --duration 1s --size 1KiB --json",
      about: "for programs",
    },
  ],
  run: async ({ options: given, flags, platform }) => {
    const settings = gatewaySettings(flags, { platform });
    const { broker, "node-name": named } = settings;
    if (broker === "embedded" || broker === "none") {
      throw settingInvalid("bench-broker needs --broker: the URL of a broker");
    }
    const [url = "", ...others] = brokerUrls(broker);
    if (others.length > 0) throw settingInvalid("--broker: bench-broker measures one at a time");
    const { mqtt: tls } = readTlsFiles(settings);
    const access = { url, version: settings["mqtt-version"], tls };
    const random = new SystemRandom();
    const topic = new Topics(settings["topic-root"]).groupCommands(
      settings.app,
      `bench-${randomName(random, 8)}`,
      named || `bench-${randomName(random, 8)}`,
    );
    const publisher = await BrokerClient.connect(access);
    const subscriber = await BrokerClient.connect(access);
    try {
      await subscriber.subscribe(topic);
      const results = await measureAll({ publisher, subscriber }, topic, given);
      await say(given.json ? JSON.stringify(results) : asTable(results));
    } finally {
      await publisher.close();
      await subscriber.close();
    }
    return ExitCode.clean;
  },
});

async function measureAll(
  { publisher, subscriber }: Readonly<Record<"publisher" | "subscriber", BrokerClient>>,
  topic: string,
  given: BenchBrokerOptions,
): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  const sizesBytes = [...new Set([given.size, given["large-size"]])];
  const durationMs = given.duration / (2 * sizesBytes.length);
  for (const qos of [0, 1] as const) {
    for (const sizeBytes of sizesBytes) {
      results.push(
        await benchBroker(publisher, subscriber, { topic, qos, sizeBytes, durationMs }),
      );
    }
  }
  return results;
}

function asTable(results: readonly BenchResult[]): string {
  const head = ["QoS", "bytes", "p50 ms", "p99 ms", "max ms", "messages/s", "MB/s", "lost"];
  const rows = results.map(({ qos, sizeBytes, roundTripMs, ...rate }) => [
    qos,
    sizeBytes,
    ...[roundTripMs.p50, roundTripMs.p99, roundTripMs.max].map((ms) => ms.toFixed(2)),
    rate.messagesPerSecond,
    (rate.bytesPerSecond / 1_000_000).toFixed(1),
    rate.lost,
  ]);
  return table([head, ...rows.map((row) => row.map(String))], "right").join("\n");
}
