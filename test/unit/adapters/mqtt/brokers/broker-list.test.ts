import assert from "node:assert/strict";
import { test } from "node:test";
import {
  brokerNames,
  brokerUrls,
  openBrokers,
  redactUrls,
} from "../../../../../adapters/mqtt/brokers/mod.ts";
import { testPorts } from "../../../../support/broker/broker-rigs.ts";

test("a list is cut at its URLs, whatever a password has in it", () => {
  const list = "mqtt://u:a,b@mq-a,mqtts://u:x%2Fy@mq-b:8884,mqtt://[::1]:1884";
  assert.deepEqual(brokerUrls(list), [
    "mqtt://u:a,b@mq-a",
    "mqtts://u:x%2Fy@mq-b:8884",
    "mqtt://[::1]:1884",
  ]);
  assert.deepEqual(brokerNames(list), ["mq-a:1883", "mq-b:8884", "[::1]:1884"]);
  assert.equal(redactUrls(list), "mqtt://u:***@mq-a,mqtts://u:***@mq-b:8884,mqtt://[::1]:1884");
});

test("the name of a broker has its port, and no capitals", () => {
  assert.deepEqual(brokerNames("mqtts://MQ-A/,mqtt://mq-a"), ["mq-a:8883", "mq-a:1883"]);
});

for (const [list, what] of [
  ["mqtt://a,mqtt://u:p@A:1883", /a:1883 is there twice/],
  [Array.from({ length: 17 }, (_, i) => `mqtt://b${i}`).join(","), /16 of them at most/],
  ["mqtt://a,http://b", /the scheme must be mqtt or mqtts/],
] as const) {
  test(`refused: ${list.slice(0, 40)}`, () => {
    assert.throws(() => brokerNames(list), { code: "setting-invalid", message: what });
    assert.throws(() => openBrokers({ urls: list }, testPorts()), { message: what });
  });
}

test("one broker is a link to it, as it always was", () => {
  assert.equal(openBrokers({ urls: "mqtt://a" }, testPorts()).brokers, undefined);
  assert.equal(openBrokers({ urls: "mqtt://a,mqtt://b" }, testPorts()).brokers?.size, 2);
});
