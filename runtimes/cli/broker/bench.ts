import { performance } from "node:perf_hooks";
import type { BrokerClient } from "./broker-client.ts";

export interface BenchOptions {
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly sizeBytes: number;
  /** Half of it for round trips, half for throughput. */
  readonly durationMs: number;
}

/** What one combination came to. */
export interface BenchResult {
  readonly qos: 0 | 1;
  readonly sizeBytes: number;
  /** Of a message from one connection by the broker to another, one at a time. */
  readonly roundTripMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Messages that did not come, although the broker was waited for. */
  readonly lost: number;
}

/** So much is under way at most, in messages and in bytes. */
const inFlightMax = 256;
const inFlightBytesMax = 4_194_304;
/** A message that did not come by then is lost. */
const lostMs = 1_000;

/**
 * Measures one combination: `publisher` publishes, and `subscriber` has subscribed the topic.
 * Rejects if the broker refuses a publish.
 */
export async function benchBroker(
  publisher: BrokerClient,
  subscriber: BrokerClient,
  options: BenchOptions,
): Promise<BenchResult> {
  const { qos, sizeBytes, durationMs, topic } = options;
  const payload = new Uint8Array(sizeBytes);
  let failure: Error | undefined;
  const publish = (): void => {
    const done = (error?: Error): void => {
      failure ??= error;
    };
    if (qos === 1) publisher.link.publish(topic, payload, done);
    else publisher.link.publishAtMostOnce(topic, payload, done);
  };
  const received = new Counter(subscriber, topic);
  try {
    const times = await roundTrips(publish, received, durationMs / 2);
    if (failure !== undefined) throw failure;
    const rate = await throughput(publish, received, { sizeBytes, durationMs: durationMs / 2 });
    if (failure !== undefined) throw failure;
    const { messagesPerSecond, lost } = rate;
    const bytesPerSecond = Math.round(messagesPerSecond * sizeBytes);
    return {
      qos,
      sizeBytes,
      roundTripMs: percentiles(times),
      messagesPerSecond,
      bytesPerSecond,
      lost,
    };
  } finally {
    received.stop();
  }
}

/** Counts messages on a topic, and wakes whoever waits for them. */
class Counter {
  count = 0;
  readonly stop: () => void;
  #wake: () => void = () => {};

  constructor(client: BrokerClient, wanted: string) {
    this.stop = client.listen(({ topic }) => {
      if (topic !== wanted) return;
      this.count += 1;
      this.#wake();
    });
  }

  /** Resolves when `count` is reached: true, or false after `ms`. */
  reach(count: number, ms: number): Promise<boolean> {
    if (this.count >= count) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (reached: boolean): void => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve(reached);
      };
      const timer = setTimeout(() => end(false), ms);
      this.#wake = () => this.count >= count && end(true);
    });
  }
}

/** Milliseconds of each round trip. */
async function roundTrips(
  publish: () => void,
  received: Counter,
  durationMs: number,
): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + durationMs;
  do {
    const start = performance.now();
    publish();
    if (await received.reach(received.count + 1, lostMs)) times.push(performance.now() - start);
  } while (performance.now() < end);
  return times;
}

async function throughput(
  publish: () => void,
  received: Counter,
  { sizeBytes, durationMs }: { readonly sizeBytes: number; readonly durationMs: number },
): Promise<{ readonly messagesPerSecond: number; readonly lost: number }> {
  const window = Math.max(1, Math.min(inFlightMax, Math.floor(inFlightBytesMax / sizeBytes)));
  const before = received.count;
  const start = performance.now();
  let sent = 0;
  /** Messages that were given up. */
  let lost = 0;
  while (performance.now() - start < durationMs) {
    const underWay = sent - lost - (received.count - before);
    for (let free = window - underWay; free > 0; free -= 1) {
      publish();
      sent += 1;
    }
    const wanted = before + sent - lost - Math.floor(window / 2);
    if (!(await received.reach(wanted, lostMs))) lost = sent - (received.count - before);
  }
  const seconds = (performance.now() - start) / 1_000;
  const messagesPerSecond = Math.round((received.count - before) / seconds);
  await received.reach(before + sent, lostMs);
  return { messagesPerSecond, lost: Math.max(0, sent - (received.count - before)) };
}

function percentiles(times: number[]): BenchResult["roundTripMs"] {
  const sorted = times.sort((a, b) => a - b);
  const at = (share: number): number => {
    const time = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return Math.round((time ?? Number.NaN) * 1_000) / 1_000;
  };
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
