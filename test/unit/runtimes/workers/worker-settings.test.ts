import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { readSettings, type Settings } from "../../../../core/config/mod.ts";
import { type Platform, reusePortRefusal } from "../../../../runtimes/compose/mod.ts";
import {
  checkWorkers,
  workerSettings,
  workersOf,
} from "../../../../runtimes/workers/worker-settings.ts";

function read(flags: Readonly<Record<string, string>>): Settings {
  return readSettings({ flags, environment: {}, file: undefined, defaults: {} });
}

function platform(refusal: string | undefined): Platform {
  const start = () => assert.fail("nothing is started");
  return {
    name: "bun",
    engines: ["native"],
    startServer: start,
    watch: () => undefined,
    workers: { refusal, start },
  };
}

test("--workers is a number, or auto: one for each processor", () => {
  assert.equal(workersOf(read({})), 1);
  assert.equal(workersOf(read({ workers: "3" })), 3);
  assert.equal(workersOf(read({ workers: "auto" })), availableParallelism());
  for (const wrong of ["0", "257", "two", "-1", ""]) {
    assert.throws(
      () => read({ workers: wrong }),
      /--workers: .* must be auto, or a whole number from 1 to 256$/,
    );
  }
});

test("workers are nodes with names of their own, at one broker", () => {
  const flags = { workers: "4", "service-port": "0", "max-connections": "1002" };
  const settings = read({ ...flags, "broker-user": "u", "broker-password": "p" });
  const place = { worker: 2, node: "edge-1", port: 4_711, brokerUrl: "mqtt://u:p@127.0.0.1:1" };
  const own = workerSettings(settings, place);
  assert.equal(own["node-name"], "edge-1-2");
  assert.equal(own.port, 4_711);
  assert.equal(own.broker, "mqtt://u:p@127.0.0.1:1");
  assert.deepEqual([own["broker-user"], own["broker-password"]], ["", ""]);
  assert.equal(own["mqtt-version"], "4");
  assert.equal(own["service-port"], undefined);
  assert.equal(own["origin-name"], "");
  // All of them together may have a few more than asked for, and never fewer.
  assert.equal(own["max-connections"], 251);
  assert.equal(own.workers, 1);
  // It crosses a channel as JSON, where what is undefined is left out.
  const { "service-port": _, ...rest } = own;
  assert.deepEqual(JSON.parse(JSON.stringify(own)), rest);
});

test("a worker logs in as itself where the user is the node", () => {
  const place = { worker: 1, node: "edge-1", port: 1 };
  const userOf = (brokerUrl: string): string =>
    workerSettings(read({ workers: "2", broker: brokerUrl }), { ...place, brokerUrl }).broker;
  for (const [given, own] of [
    ["mqtt://edge-1:a@b:1883", "mqtt://edge-1-1:a@b:1883"],
    ["mqtts://edge-1@b", "mqtts://edge-1-1@b"],
    ["mqtt://edge-1:edge-1@edge-1", "mqtt://edge-1-1:edge-1@edge-1"],
    ["mqtt://edge-1:a@b,mqtts://edge-1:c@d", "mqtt://edge-1-1:a@b,mqtts://edge-1-1:c@d"],
    ["mqtt://edge-1:a,b@c", "mqtt://edge-1-1:a,b@c"],
    ["mqtt://shop:edge-1@b", "mqtt://shop:edge-1@b"],
    ["mqtt://edge-10:a@b", "mqtt://edge-10:a@b"],
    ["mqtt://edge-1:1883", "mqtt://edge-1:1883"],
    ["mqtt://edge-1", "mqtt://edge-1"],
    ["mqtt://b,mqtt://edge-1:1884", "mqtt://b,mqtt://edge-1:1884"],
  ] as const) {
    assert.equal(userOf(given), own);
  }
});

test("what is not set stays as it is for each worker", () => {
  const settings = read({ workers: "4", broker: "mqtt://b", "origin-name": "bridge" });
  const place = { worker: 0, node: "n", port: 1, brokerUrl: "mqtt://b" };
  const own = workerSettings(settings, place);
  assert.equal(own["max-connections"], settings["max-connections"]);
  assert.equal(own["mqtt-version"], "auto");
  assert.equal(own["origin-name"], "bridge-0");
});

test("names must leave room for the number of a worker", () => {
  const name = "n".repeat(30);
  checkWorkers(read({ workers: "10", "node-name": name }), platform(undefined));
  assert.throws(
    () => checkWorkers(read({ workers: "11", "node-name": name }), platform(undefined)),
    new RegExp(`^ServiceError: --node-name ${name}: the last of 11 workers would be ${name}-10`),
  );
  const origin = { "origin-name": `${name}nn`, origin: "http://127.0.0.1/" };
  checkWorkers(read({ ...origin }), platform(undefined));
  assert.throws(
    () => checkWorkers(read({ workers: "2", ...origin }), platform(undefined)),
    /^ServiceError: --origin-name n+: the last of 2 workers/,
  );
});

test("there are no fewer connections than workers to divide them over", () => {
  const flags = { workers: "3", "max-connections": "3" };
  checkWorkers(read(flags), platform(undefined));
  checkWorkers(read({ "max-connections": "1" }), platform(undefined));
  assert.throws(
    () => checkWorkers(read({ ...flags, "max-connections": "2" }), platform(undefined)),
    /^ServiceError: --max-connections 2 with --workers 3: it is divided over the workers/,
  );
});

test("a system that cannot share a port says so, and only where it has to", () => {
  assert.equal(reusePortRefusal("linux"), undefined);
  const refusal = reusePortRefusal("darwin");
  assert.match(refusal ?? "", /^--workers needs Linux on this runtime, and this is darwin/);
  checkWorkers(read({}), platform(refusal));
  assert.throws(() => checkWorkers(read({ workers: "2" }), platform(refusal)), /needs Linux/);
});

test("workers need a broker: with --origin it is the embedded one where none is named", () => {
  const origin = { origin: "http://127.0.0.1/" };
  assert.equal(read(origin).broker, "none");
  assert.equal(read({ ...origin, workers: "2" }).broker, "embedded");
  assert.equal(read({ ...origin, workers: "2", broker: "mqtt://b" }).broker, "mqtt://b");
  assert.throws(
    () => read({ ...origin, workers: "2", broker: "none" }),
    /--workers with --broker none: workers reach each other by a broker/,
  );
  const peers = { cluster: "http", peers: "http://127.0.0.1:1" };
  assert.throws(() => read({ ...peers, workers: "auto" }), /--workers with --cluster http: /);
  assert.equal(read(peers).broker, "none");
});
