import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import fc from "fast-check";
import { packId } from "../../../../../adapters/origin/base/connection-ids.ts";
import type { MessageData } from "../../../../../adapters/origin/base/mod.ts";
import { originLimits } from "../../../../../adapters/origin/base/origin-limits.ts";
import {
  CommandBatch,
  encodeCommand,
  withOldest,
} from "../../../../../adapters/origin/send/command-batch.ts";
import { PublishBarrier } from "../../../../../adapters/origin/send/publish-barrier.ts";
import { limits, ServiceError } from "../../../../../core/base/mod.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";
import { SendRig, target } from "../../../../support/origins/send-rig.ts";
import { binary, datas } from "../message-data.ts";

const id = "n1.AAAAabcdefghijklmnopqrstuv";

test("commands are written as any decoder reads them", () => {
  const batch = new CommandBatch(false);
  const written: unknown[] = [];
  const append = (command: readonly unknown[]): void => {
    batch.append(encodeCommand(command, false));
    written.push(command);
  };
  for (const data of datas) {
    batch.send(packId(id), data);
    written.push(["send", id, data]);
    append(["send", [id, "n1.b"], data]);
    append(["send", id, data, { ref: "ref-1" }]);
  }
  append(["close", id, 4_000, "bye ä"]);
  append(["close", [id, "n1.b"], 1_000, ""]);
  assert.equal(batch.items, written.length);
  const payload = withOldest(batch.takeNumbered("o1:inc:n1:0", 2 ** 33 + 1), 2 ** 33, false);
  assert.deepEqual(decode(payload), [1, "o1:inc:n1:0", 2 ** 33 + 1, written, 2 ** 33]);
  const { byteLength } = payload.buffer;
  assert.ok(byteLength < 2 * payload.length, `a buffer of ${byteLength}`);
  assert.deepEqual([batch.items, batch.bytes], [0, 0]);
  batch.send(packId(id), "again");
  assert.deepEqual(decode(batch.takeBare()), [["send", id, "again"]]);
});

/** What the batches of one sender become: payloads with the numbers of their oldest items. */
function taken(batch: CommandBatch, datas: readonly MessageData[], oldest: number): Uint8Array {
  for (const data of datas) batch.send(packId(id), data);
  return withOldest(batch.takeNumbered("o1:inc:n1:0", 7), oldest, false);
}

test("a large batch keeps the buffer it was written to, with room before it", () => {
  const data = new Uint8Array(65_536).fill(1);
  const text = `${"ä".repeat(20_000)}a`;
  let before = new CommandBatch(false);
  for (const given of [[data], [text, text], Array(17).fill(data.subarray(0, 3_500)), ["x"]]) {
    const batch = new CommandBatch(false, before);
    const payload = taken(batch, given, 2 ** 33);
    const items = given.map((one) => ["send", id, one]);
    assert.deepEqual(decode(payload), [1, "o1:inc:n1:0", 7, items, 2 ** 33]);
    const large = payload.length > 1_000;
    assert.equal(payload.byteOffset >= limits.packetRoomBytes, large);
    const { byteLength } = payload.buffer;
    assert.ok(byteLength < 2 * payload.length, `${byteLength} for ${payload.length}`);
    before = batch;
  }
});

test("a large batch that goes out again is copied, and the first bytes stay as they were", () => {
  const batch = new CommandBatch(false);
  batch.send(packId(id), new Uint8Array(20_000));
  const numbered = batch.takeNumbered("s", 0);
  const first = withOldest(numbered, 5, false);
  const again = withOldest(numbered, 300, false);
  assert.equal((decode(first) as unknown[])[4], 5);
  assert.equal((decode(again) as unknown[])[4], 300);
  assert.equal(first.buffer, numbered.buffer);
  // The next batch does not write into what was handed on.
  const bytes = Buffer.from(first);
  for (const size of [10, 17_000]) taken(batch, [new Uint8Array(size).fill(9)], 1);
  assert.ok(bytes.equals(first));
});

test("a small batch after large ones keeps no large buffer", () => {
  const batch = new CommandBatch(false);
  for (const bytes of [3_000_000, 65_536, 40_000, 16_500, 17_000, 100, 16_385]) {
    const payload = taken(batch, [new Uint8Array(bytes)], 1);
    assert.ok(payload.buffer.byteLength < 2 * payload.length + 2_000, `${bytes}`);
  }
});

test("half a character in a command becomes U+FFFD, because strict readers refuse it", () => {
  // RFC 3629, 3: UTF-8 has no surrogates.
  for (const half of ["\ud800", `${"a".repeat(200)}\udc00`]) {
    const whole = half.replace(/[\ud800-\udfff]/, "\ufffd");
    const command = ["publish", half, half, { ref: half, [half]: [half] }];
    const expected = ["publish", whole, whole, { ref: whole, [whole]: [whole] }];
    const bytes = encodeCommand(command, false);
    assert.ok(!bytes.includes(0xed), "a surrogate would be `ed a0` to `ed bf`");
    assert.deepEqual(decode(bytes), expected);
  }
});

test("commands in JSON", () => {
  const batch = new CommandBatch(true);
  const commands = [
    ["send", [id, "n1.b"], binary, { ref: "r" }],
    ["close", id, 1_000, ""],
  ];
  const written = [
    ["send", [id, "n1.b"], { $binary: "AAH+/w==" }, { ref: "r" }],
    ["close", id, 1_000, ""],
  ];
  const encoded = commands.map((command) => encodeCommand(command, true));
  const bytes = encoded.reduce((sum, { length }) => sum + length, 0);
  for (const command of encoded) batch.append(command);
  assert.equal(batch.bytes, bytes);
  const numbered = withOldest(batch.takeNumbered("s", 3), 2, true);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(numbered)), [1, "s", 3, written, 2]);
  assert.equal(batch.items, 0);
  for (const command of encoded) batch.append(command);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(batch.takeBare())), written);
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a publish waits for the changes before it, for a time, and for no later one", async () => {
  const clock = new ManualClock();
  const gate = new PublishBarrier(clock);
  const seen: string[] = [];
  gate.publish("g", () => void seen.push("at once"));
  gate.change("g", new Promise(() => {}));
  gate.publish("g", () => void seen.push("late"));
  gate.change("g", new Promise(() => {}));
  gate.publish("other", () => void seen.push("other"));
  clock.advance(originLimits.publishBarrierMs - 1);
  assert.deepEqual(seen, ["at once", "other"]);
  clock.advance(1);
  assert.deepEqual(seen, ["at once", "other", "late"]);
  gate.change("x", Promise.reject(new Error("refused")));
  gate.publish("x", () => void seen.push("x"));
  await settled();
  assert.equal(seen.at(-1), "x");
  assert.equal(clock.pendingTimers, 0);
});

test("whatever is answered first, publishes keep their order behind the changes", async () => {
  const step = fc.oneof(
    fc.constant("change" as const),
    fc.constant("publish" as const),
    fc.nat(9),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const gate = new PublishBarrier(new ManualClock());
      const answers: (() => void)[] = [];
      const open = new Set<number>();
      const published: number[] = [];
      let count = 0;
      for (const each of steps) {
        if (each === "change") {
          const index = answers.length;
          open.add(index);
          const answer = new Promise<void>((resolve) => void answers.push(resolve));
          gate.change("g", answer);
        } else if (each === "publish") {
          const before = [...open];
          const number = count++;
          gate.publish("g", () => {
            assert.ok(before.every((index) => !open.has(index)));
            published.push(number);
          });
        } else if (answers[each] !== undefined) {
          open.delete(each);
          answers[each]();
          await settled();
        }
      }
      open.clear();
      for (const answer of answers) answer();
      await settled();
      assert.deepEqual(
        published,
        Array.from({ length: count }, (_, index) => index),
      );
    }),
    { numRuns: 300 },
  );
});

/** Senders over several brokers: topics with one of these nodes or groups are not reached. */
class Rig extends SendRig {
  readonly away: Set<string> = new Set();
  /** Topics of what was published, and whether its broker was there. */
  readonly published: string[] = [];

  constructor() {
    super(new ManualClock(), false, (topic, _payload, done) => {
      const reached = this.#reaches(topic);
      this.published.push(`${topic.split("/")[4]} ${reached}`);
      done(reached ? undefined : new ServiceError("broker-lost", "away"));
    });
    Object.assign(this.link, { reaches: (topic: string) => this.#reaches(topic) });
  }

  #reaches(topic: string): boolean {
    return !this.away.has(topic.split("/")[4]!);
  }

  send(node: string): void {
    this.nodes.node(node).send(target(`${node}.a`), "hello");
    void this.direct.flushed();
  }

  publish(group: string): void {
    this.groups.add(this.groups.admit(["publish", group, "news"]), group);
    void this.grouped.flushed();
  }

  changed(): void {
    this.direct.reachChanged();
    this.grouped.reachChanged();
  }

  get seen(): string[] {
    return this.published.splice(0);
  }
}

test("what goes to a node whose broker is away waits, and the others notice nothing", () => {
  const rig = new Rig();
  rig.lives = false;
  rig.send("n1");
  rig.send("n2");
  assert.deepEqual(rig.seen, ["n1 true", "n2 true"]);
  rig.away.add("n2");
  rig.changed();
  for (const node of ["n1", "n2", "n1", "n2"]) rig.send(node);
  assert.deepEqual(rig.seen, ["n1 true", "n1 true"]);
  rig.away.delete("n2");
  rig.changed();
  // What is not acknowledged goes again on the stream whose broker is back, and on no other.
  const after = rig.seen;
  assert.ok(after.length > 0 && after.every((line) => line === "n2 true"), after.join());
  assert.deepEqual(rig.codes, []);
});

test("a sender that begins while its broker is away publishes when that is back", () => {
  const rig = new Rig();
  rig.away.add("n1").add("g1");
  rig.send("n1");
  rig.publish("g1");
  rig.publish("g2");
  assert.deepEqual(rig.seen, ["g2 true"]);
  rig.away.clear();
  rig.changed();
  assert.deepEqual(rig.seen.sort(), ["g1 true", "n1 true"]);
});

test("a change of brokers repeats nothing to a group whose broker stays", () => {
  const rig = new Rig();
  const answers: (() => void)[] = [];
  Object.assign(rig.link, {
    publish: (topic: string, _payload: Uint8Array, done: () => void) => {
      rig.published.push(topic.split("/")[4]!);
      answers.push(done);
    },
  });
  rig.publish("g1");
  assert.deepEqual(rig.seen, ["g1"]);
  rig.changed();
  assert.deepEqual(rig.seen, [], "it is under way, and has no number");
  for (const done of answers) done();
});
