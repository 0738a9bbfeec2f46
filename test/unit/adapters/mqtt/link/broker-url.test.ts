import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBrokerUrl, redactUrl } from "../../../../../adapters/mqtt/link/broker-url.ts";
import { ServiceError } from "../../../../../core/base/mod.ts";

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
    assert.throws(
      () => parseBrokerUrl(url),
      (error) =>
        error instanceof ServiceError &&
        error.code === "setting-invalid" &&
        !/se@?c(ret)?/.test(error.message),
      url,
    );
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
