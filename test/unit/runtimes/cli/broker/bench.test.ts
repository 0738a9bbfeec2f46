import assert from "node:assert/strict";
import { test } from "node:test";
import { benchBroker } from "../../../../../runtimes/cli/broker/bench.ts";
import type { BrokerClient } from "../../../../../runtimes/cli/broker/broker-client.ts";

type Listener = (message: { readonly topic: string }) => void;

/** A broker between two clients that drops every so many messages, or is slow. */
class FakeBroker {
  sent = 0;
  dropped = 0;
  underWay = 0;
  underWayMost = 0;
  readonly #dropEvery: number;
  readonly #delayMs: number;
  #listener: Listener = () => {};

  constructor({ dropEvery = Number.POSITIVE_INFINITY, delayMs = 0 } = {}) {
    this.#dropEvery = dropEvery;
    this.#delayMs = delayMs;
  }

  get client(): BrokerClient {
    const publish = (topic: string, _payload: Uint8Array, done: () => void): void => {
      this.sent++;
      this.underWay++;
      this.underWayMost = Math.max(this.underWayMost, this.underWay);
      const isDropped = this.sent % this.#dropEvery === 0;
      if (isDropped) this.dropped++;
      const arrives = (): void => {
        this.underWay--;
        if (!isDropped) this.#listener({ topic });
      };
      if (this.#delayMs === 0) setImmediate(arrives);
      else setTimeout(arrives, this.#delayMs);
      done();
    };
    const listen = (listener: Listener): (() => void) => {
      this.#listener = listener;
      return () => {};
    };
    return { link: { publish, publishAtMostOnce: publish }, listen } as unknown as BrokerClient;
  }

  bench(sizeBytes: number, durationMs: number): ReturnType<typeof benchBroker> {
    const { client } = this;
    return benchBroker(client, client, { topic: "t", qos: 0, sizeBytes, durationMs });
  }
}

test("messages that do not come are counted as lost", async () => {
  const broker = new FakeBroker({ dropEvery: 50 });
  const { lost, messagesPerSecond } = await broker.bench(100, 40);
  assert.ok(messagesPerSecond > 0);
  assert.ok(lost > 0 && lost <= broker.dropped, `${lost} of ${broker.dropped} dropped`);
});

test("messages under way are bounded in number and in bytes", async () => {
  for (const [sizeBytes, most] of [
    [10, 256],
    [1_048_576, 4],
    [8_388_608, 1],
  ] as const) {
    const broker = new FakeBroker({ delayMs: 5 });
    const { lost } = await broker.bench(sizeBytes, 60);
    assert.deepEqual([broker.underWayMost, lost], [most, 0], `${sizeBytes} bytes`);
  }
});
