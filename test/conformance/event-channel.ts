import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceError } from "../../core/base/mod.ts";
import type { EventChannel, EventDestination, OriginDestination } from "../../core/ports/mod.ts";
import { waitFor } from "../support/process/wait.ts";

/** One batch of events as an origin gets it. */
export type ReceivedEvents = (EventDestination | OriginDestination) & {
  readonly node: string;
  readonly text: string;
};

/** A channel, and an origin that receives its events. */
export interface EventChannelRig {
  readonly channel: EventChannel;
  readonly received: readonly ReceivedEvents[];
  /** The channel loses its transport (true), and gets it back (false). Absent: it cannot. */
  outage?(down: boolean): void;
  end(): Promise<void>;
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

type WithChannel = (
  what: string,
  body: (rig: EventChannelRig, connected: boolean[]) => Promise<void>,
) => void;

/** How channels differ, so that not all of them are tested for everything. */
export interface EventChannelLimits {
  readonly inProcess?: boolean;
  /** It takes nothing to an origin that has not announced itself, as none does here. */
  readonly announcedOnly?: boolean;
  /** False where a broker confirms a small batch before a large one that came first. */
  readonly confirmsInOrder?: boolean;
}

/** What the core relies on in any event channel. The rig's node is named `n1`. */
export function eventChannelConformance(
  name: string,
  makeRig: () => Promise<EventChannelRig>,
  { inProcess = false, announcedOnly = false, confirmsInOrder = true }: EventChannelLimits = {},
): void {
  const withRig: WithChannel = (what, body) => {
    test(`${name}: ${what}`, async () => {
      const rig = await makeRig();
      const connected: boolean[] = [];
      try {
        const listener = {
          origin: () => {},
          // With true it may come again: `reaches` has other answers.
          connected: (now: boolean) => void (connected.at(-1) === now || connected.push(now)),
        };
        await rig.channel.start(listener);
        await body(rig, connected);
      } finally {
        await rig.end();
      }
    });
  };

  withRig("events arrive as they are, and are confirmed", async (rig, connected) => {
    assert.deepEqual(connected, [true]);
    assert.ok(rig.channel.batchBytesMax >= 1_048_576);
    const errors: (ServiceError | undefined)[] = [];
    rig.channel.publish({ app: "shop", partition: 3 }, bytes("[1]"), (error) =>
      errors.push(error),
    );
    const received = await waitFor(() => rig.received[0], { what: "the batch" });
    assert.deepEqual(received, { app: "shop", partition: 3, node: "n1", text: "[1]" });
    await waitFor(() => errors.length === 1, { what: "the confirmation" });
    assert.equal(errors[0], undefined);
  });

  withRig("batches arrive and are confirmed in order, large ones too", async (rig) => {
    const confirmed: number[] = [];
    const total = 300;
    const texts = Array.from({ length: total }, (_, i) => `${i}:${"x".repeat((i % 9) * 9_000)}`);
    let next = 0;
    const publish = (): void => {
      if (next === total) return;
      const number = next++;
      rig.channel.publish({ app: "default", partition: 0 }, bytes(texts[number]!), (error) => {
        assert.equal(error, undefined);
        confirmed.push(number);
        publish();
      });
    };
    for (let i = 0; i < 64; i++) publish();
    await waitFor(() => confirmed.length === total, { what: "all confirmed" });
    if (!confirmsInOrder) confirmed.sort((one, other) => one - other);
    assert.deepEqual(confirmed, [...texts.keys()]);
    await waitFor(() => rig.received.length === total, { what: "all received" });
    assert.deepEqual(
      rig.received.map(({ text }) => text),
      texts,
    );
  });

  withRig("what may be lost arrives as well, in order, and each is answered", async (rig) => {
    const errors: (ServiceError | undefined)[] = [];
    const destination = { app: "shop", origin: "o1" };
    const texts = Array.from({ length: 100 }, (_, i) => `${i}:${"x".repeat((i % 9) * 9_000)}`);
    for (const text of texts) {
      rig.channel.publishAtMostOnce(destination, bytes(text), (error) => errors.push(error));
    }
    await waitFor(() => errors.length === 100, { what: "all answered" });
    assert.deepEqual(errors, Array(100).fill(undefined));
    if (announcedOnly) return;
    await waitFor(() => rig.received.length === 100, { what: "all heard" });
    assert.deepEqual(
      rig.received,
      texts.map((text) => ({ ...destination, node: "n1", text })),
    );
  });

  withRig("stop waits for what is on its way", async (rig) => {
    const errors: (ServiceError | undefined)[] = [];
    for (let i = 0; i < 50; i++) {
      rig.channel.publish({ app: "default", partition: 0 }, bytes(`${i}`), (error) =>
        errors.push(error),
      );
    }
    await rig.channel.stop();
    assert.deepEqual(errors, Array(50).fill(undefined));
    await waitFor(() => rig.received.length === 50, { what: "all received" });
  });

  if (!inProcess) outageConformance(withRig);
}

function outageConformance(withRig: WithChannel): void {
  withRig(
    "an outage is answered, and what is published again keeps the order",
    async (rig, connected) => {
      const confirmed: number[] = [];
      const lost: number[] = [];
      const publish = (number: number): void =>
        rig.channel.publish({ app: "default", partition: 0 }, bytes(`${number}`), (error) => {
          if (error !== undefined) assert.equal(error.code, "broker-lost");
          (error === undefined ? confirmed : lost).push(number);
        });
      for (let number = 0; number < 20; number++) publish(number);
      rig.outage?.(true);
      await waitFor(() => connected.at(-1) === false, { what: "lost" });
      assert.equal(confirmed.length + lost.length, 20, "each is answered before the loss is told");
      rig.outage?.(false);
      await waitFor(() => connected.at(-1) === true, { what: "back" });
      for (const number of lost) publish(number);
      for (let number = 20; number < 30; number++) publish(number);
      await waitFor(() => confirmed.length === 30, { what: "all confirmed" });
      const numbers = Array.from({ length: 30 }, (_, number) => number);
      assert.deepEqual(confirmed, numbers);
      await waitFor(() => new Set(rig.received.map(({ text }) => text)).size === 30, {
        what: "all received",
      });
      // Repeated ones may come twice, but nothing overtakes.
      const firsts = [...new Set(rig.received.map(({ text }) => Number(text)))];
      assert.deepEqual(firsts, numbers);
    },
  );

  withRig("what cannot be sent any more is answered with an error", async (rig, connected) => {
    rig.outage?.(true);
    await waitFor(() => connected.at(-1) === false, { what: "lost" });
    const errors: (ServiceError | undefined)[] = [];
    rig.channel.publish({ app: "default", partition: 0 }, bytes("1"), (error) =>
      errors.push(error),
    );
    await rig.channel.stop();
    rig.channel.publishAtMostOnce({ app: "default", origin: "o1" }, bytes("2"), (error) =>
      errors.push(error),
    );
    assert.deepEqual(
      errors.map((error) => error?.code),
      ["broker-lost", "broker-lost"],
    );
  });
}
