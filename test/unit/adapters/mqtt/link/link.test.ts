import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../../../../adapters/mqtt/link/backoff.ts";
import { parseBrokerUrl, redactUrl } from "../../../../../adapters/mqtt/link/broker-url.ts";
import { LinkMetrics } from "../../../../../adapters/mqtt/link/link-metrics.ts";
import { mqttLimits } from "../../../../../adapters/mqtt/link/mqtt-limits.ts";
import { PublishWindow } from "../../../../../adapters/mqtt/link/publish-window.ts";
import { UnsentPublishes } from "../../../../../adapters/mqtt/link/unsent-publishes.ts";
import type { PublishDone } from "../../../../../adapters/topics/mod.ts";
import { limits, ServiceError } from "../../../../../core/base/mod.ts";
import { MemoryMetrics, SeededRandom } from "../../../../support/memory/mod.ts";

test("the wait before connecting again doubles to its limit, with jitter", () => {
  const backoff = new Backoff(new SeededRandom(7));
  const waits = Array.from({ length: 10 }, () => backoff.next());
  waits.forEach((wait, index) => {
    const step = Math.min(200 * 2 ** index, 10_000);
    assert.ok(wait >= step / 2 && wait <= step, `${index}: ${wait}`);
  });
  assert.ok(new Set(waits.slice(6)).size > 1, "jitter");
  backoff.reset();
  assert.ok(backoff.next() <= 200);
});

test("a broker's URL is taken apart", () => {
  const none = { username: undefined, password: undefined };
  const cases = [
    ["mqtt://localhost", { host: "localhost", port: 1883, tls: false, ...none }],
    ["mqtts://broker.example", { host: "broker.example", port: 8883, tls: true, ...none }],
    ["mqtt://[::1]:1999", { host: "::1", port: 1999, tls: false, ...none }],
    [
      "mqtt://us%40er:p%3Aw@10.0.0.1:1",
      { host: "10.0.0.1", port: 1, tls: false, username: "us@er", password: "p:w" },
    ],
  ] as const;
  for (const [url, expected] of cases) assert.deepEqual(parseBrokerUrl(url), expected);
});

test("a wrong URL is refused without its password", () => {
  const wrong = [
    "http://user:secret@host",
    "mqtt://user:secret@",
    "user:secret@host:1883",
    "mqtt://user:sec%zzret@host",
    "mqtt://user:secret@host:99999",
    "mqtt://user:se@cret@:x",
  ];
  for (const url of wrong) {
    const message = /^(?!.*se@?c(ret)?)/s;
    assert.throws(() => parseBrokerUrl(url), { code: "setting-invalid", message }, url);
  }
});

test("a redacted URL has no password, whatever stands in it", () => {
  const cases = [
    ["mqtt://host:1883", "mqtt://host:1883"],
    ["mqtt://user@host", "mqtt://user@host"],
    ["mqtt://user:secret@host:1883", "mqtt://user:***@host:1883"],
    ["mqtt://user:a:b@c/d@host", "mqtt://user:***@host"],
    ["mqtt://:secret@host", "mqtt://:***@host"],
    ["user:secret@host", "user:***@host"],
  ];
  for (const [url, expected] of cases) assert.equal(redactUrl(url!), expected);
});

test("links of one role are up if all of them are that were not stopped", () => {
  const metrics = new MemoryMetrics();
  const links = new LinkMetrics(metrics, "mq-a:1883");
  const [one, two, other] = Array.from({ length: 3 }, () => ({ up: true, stopped: false }));
  links.opened("presence", one!);
  links.opened("presence", two!);
  links.opened("events", other!);
  const read = (link: string): number | undefined =>
    metrics.value("wss_broker_link_up", { broker: "mq-a:1883", link });
  assert.deepEqual([read("presence"), read("events")], [1, 1]);
  two!.up = false;
  assert.deepEqual([read("presence"), read("events")], [0, 1]);
  two!.stopped = true;
  assert.equal(read("presence"), 1);
});

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
      done: (error) => error !== undefined && refused.push(error.code),
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

test("what waits is answered in order, once, when there is room or no connection", () => {
  const unsent = new UnsentPublishes();
  const answers: string[] = [];
  const add = (name: string): void =>
    unsent.add(10, (error) => void answers.push(`${name} ${error?.code ?? "sent"}`));
  add("a");
  add("b");
  assert.equal(unsent.size, 2);
  unsent.answer();
  add("c");
  unsent.answer(new ServiceError("broker-lost", "by hand"));
  unsent.answer();
  assert.deepEqual(answers, ["a sent", "b sent", "c broker-lost"]);
});

test("past 64 MiB the next one is refused, unless the caller bounds them", () => {
  const half = mqttLimits.unansweredBytesMax / 2;
  for (const bounded of [true, false]) {
    const unsent = new UnsentPublishes(bounded);
    assert.equal(unsent.refusal(3 * half), undefined, "one alone may be large");
    unsent.add(half, () => {});
    assert.equal(unsent.refusal(half), undefined);
    unsent.add(half, () => {});
    assert.equal(unsent.refusal(1)?.code, bounded ? "window-full" : undefined);
    unsent.answer();
    assert.equal(unsent.refusal(half), undefined);
  }
});
