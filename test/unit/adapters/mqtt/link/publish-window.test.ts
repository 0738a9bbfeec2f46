import assert from "node:assert/strict";
import { test } from "node:test";
import { mqttLimits } from "../../../../../adapters/mqtt/link/mqtt-limits.ts";
import { PublishWindow } from "../../../../../adapters/mqtt/link/publish-window.ts";
import type { PublishDone } from "../../../../../adapters/topics/mod.ts";
import { limits, ServiceError } from "../../../../../core/base/mod.ts";

test("a publish window keeps to the Receive Maximum and to the order", () => {
  const sent: string[] = [];
  const acks: PublishDone[] = [];
  const done: string[] = [];
  const window = new PublishWindow((publish, acked) => {
    sent.push(publish.topic);
    acks.push(acked);
  });
  window.limit(2);
  for (const topic of ["a", "b", "c", "d"]) {
    const told = (error?: ServiceError): number => done.push(`${topic}${error?.code ?? ""}`);
    window.add({ topic, payload: new Uint8Array(0), retain: false, done: told });
  }
  assert.deepEqual(sent, ["a", "b"]);
  assert.equal(window.size, 4);
  acks[0]!();
  assert.deepEqual([sent, done], [["a", "b", "c"], ["a"]]);
  window.fail(new ServiceError("broker-lost", "gone"));
  assert.deepEqual(done, ["a", "bbroker-lost", "cbroker-lost", "dbroker-lost"]);
  acks[1]!();
  assert.equal(done.length, 4, "answered once");
  assert.deepEqual(sent, ["a", "b", "c"], "nothing is sent into a lost connection");
});

/** A window whose broker answers nothing until it is told to. */
function stalled(bounded?: boolean) {
  const acks: PublishDone[] = [];
  const refused: (string | undefined)[] = [];
  const window = new PublishWindow((_publish, acked) => void acks.push(acked), bounded);
  const add = (bytes: number): void =>
    window.add({
      topic: "t",
      payload: new Uint8Array(bytes),
      retain: false,
      done: (error) => {
        if (error !== undefined) refused.push(error.code);
      },
    });
  return { window, acks, refused, add };
}

test("publishes that a broker does not answer are bounded in bytes, and one is told", () => {
  const { acks, refused, add } = stalled();
  const eighth = mqttLimits.unansweredBytesMax / 8;
  for (let count = 0; count < 8; count++) add(eighth);
  assert.deepEqual(refused, []);
  add(1);
  assert.deepEqual(refused, ["window-full"]);
  acks[0]!();
  add(eighth);
  assert.equal(refused.length, 1, "there is room again");
  add(1);
  assert.equal(refused.length, 2);
});

test("one publish is taken whatever its size; after a lost connection there is room", () => {
  const { window, refused, add } = stalled();
  add(mqttLimits.unansweredBytesMax + 1);
  assert.deepEqual(refused, []);
  window.fail(new ServiceError("broker-lost", "gone"));
  add(mqttLimits.unansweredBytesMax);
  assert.deepEqual(refused, ["broker-lost"]);
});

test("no event is refused between a stream's window and its broker", () => {
  const { window, refused, add } = stalled(false);
  const streams = 256;
  for (let batch = 0; batch < streams * limits.eventWindowBatchesMax; batch++) add(0);
  add(mqttLimits.unansweredBytesMax + 1);
  assert.deepEqual(refused, []);
  assert.equal(window.size, streams * limits.eventWindowBatchesMax + 1);
});
