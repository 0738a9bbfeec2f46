import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { after, test } from "node:test";
import { PrometheusMetrics } from "../../../../adapters/metrics/mod.ts";
import { EventLoopLag } from "../../../../adapters/system/mod.ts";
import { limits } from "../../../../core/base/mod.ts";
import { waitForBroker } from "../../../../runtimes/compose/broker-wait.ts";
import {
  CodecHealth,
  registerNodeMetrics,
  registerProcessMetrics,
  registerStreams,
  stallOf,
} from "../../../../runtimes/compose/monitoring/mod.ts";
import type { ClientServer, ServerTls } from "../../../../runtimes/server/mod.ts";
import { Authority } from "../../../support/keys/certificates.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

/** A wait for a broker that a test lets connect or refuse. */
class Wait {
  readonly clock: ManualClock = new ManualClock();
  readonly refusals: string[] = [];
  readonly over: Promise<void>;
  connect: () => void = () => {};
  refuse: () => void = () => {};

  constructor() {
    const connected = new Promise<void>((resolve, reject) => {
      this.connect = resolve;
      this.refuse = () => reject(new Error("bad password"));
    });
    const refusedLater = ({ message }: Error): void => void this.refusals.push(message);
    this.over = waitForBroker(connected, this.clock, refusedLater);
  }
}

test("the start goes on when the broker is connected", async () => {
  const wait = new Wait();
  wait.connect();
  await wait.over;
});

test("a broker that refuses at the start fails the start", async () => {
  const wait = new Wait();
  wait.refuse();
  await assert.rejects(wait.over, /bad password/);
  assert.deepEqual(wait.refusals, []);
});

test("the start goes on without a broker, which may refuse later", async () => {
  const wait = new Wait();
  wait.clock.advance(limits.brokerStartWaitMs);
  await wait.over;
  wait.refuse();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(wait.refusals, ["bad password"]);
});

const authority = new Authority();
after(() => authority[Symbol.dispose]());

test("what a process tells of itself is in Prometheus's units", () => {
  const clock = new ManualClock();
  const lag = new EventLoopLag(clock);
  const metrics = new PrometheusMetrics();
  registerProcessMetrics(metrics, lag);
  lag.start();
  clock.stall(3_250);
  const totals = metrics.totals();
  const read = (name: string): number => totals.get(name) ?? Number.NaN;
  const { user, system } = process.cpuUsage();
  const spent = read("process_cpu_seconds_total");
  assert.ok(spent > 0 && spent <= (user + system) / 1e6, `${spent} s`);
  assert.ok(spent > (user + system) / 1e6 / 2, `${spent} s`);
  const started = read("process_start_time_seconds");
  assert.ok(Math.abs(started - performance.timeOrigin / 1_000) < 1, `${started}`);
  // The delay of the timer, less the time in which it was not due.
  const lagged = read("wss_event_loop_lag_seconds");
  assert.ok(lagged > 1 && lagged <= 3.25, `${lagged} s`);
  const { heapTotal, rss } = process.memoryUsage();
  const resident = read("process_resident_memory_bytes");
  assert.ok(Math.abs(resident - rss) < Math.abs(rss - heapTotal), `${resident} of ${rss}`);
  const [open, max] = [read("process_open_fds"), read("process_max_fds")];
  assert.ok(open > 0 && open < max, `${open} of ${max}`);
  lag.stop();
});

test("a process is unhealthy after its event loop stood still for 5 s", () => {
  const clock = new ManualClock();
  const lag = new EventLoopLag(clock);
  lag.start();
  clock.stall(limits.loopTickMs + 4_999);
  assert.deepEqual(stallOf(lag), []);
  clock.stall(limits.loopTickMs + 5_000);
  assert.deepEqual(stallOf(lag), ["the event loop stalled for 5 s"]);
  lag.stop();
});

test("age of keys and end of a certificate are in seconds, of what is used now", () => {
  const metrics = new PrometheusMetrics();
  const { certFile } = authority.issue("a node");
  let tls: ServerTls | undefined = { cert: readFileSync(certFile, "utf8"), key: "" };
  let keysAgeMs: number | undefined = 1_500;
  registerNodeMetrics(metrics, {
    version: "1.2.3",
    runtime: "node",
    engine: "wasm",
    authorizer: () => ({ keysAgeMs, authorize: () => assert.fail("nobody asks") }),
    tls: () => tls,
  });
  const read = (name: string): number => metrics.totals().get(name) ?? Number.NaN;
  assert.equal(read("wss_jwks_age_seconds"), 1.5);
  keysAgeMs = 0;
  assert.equal(read("wss_jwks_age_seconds"), 0);
  // A reload takes the JWKS away, and brings one again.
  keysAgeMs = undefined;
  assert.ok(!metrics.totals().has("wss_jwks_age_seconds"));
  assert.doesNotMatch(metrics.render(), /jwks_age/);
  keysAgeMs = 2_500;
  assert.equal(read("wss_jwks_age_seconds"), 2.5);
  const days = (read("wss_certificate_expiry_timestamp_seconds") - Date.now() / 1_000) / 86_400;
  assert.ok(days > 1 && days <= 2, `${days} days`);
  tls = undefined;
  assert.equal(read("wss_certificate_expiry_timestamp_seconds"), 0);
});

test("streams without a handshake are those beside the connections", () => {
  const metrics = new PrometheusMetrics();
  const server = { streams: 7 as number | undefined };
  let occupied = 5;
  registerStreams(metrics, server as unknown as ClientServer, () => occupied);
  const read = (): number | undefined =>
    metrics.totals().get("wss_tcp_connections_before_handshake");
  assert.equal(read(), 2);
  // A handshake counts before its stream is seen, or after it is gone.
  occupied = 9;
  assert.equal(read(), 0);
  const untold = new PrometheusMetrics();
  registerStreams(untold, {} as unknown as ClientServer, () => 0);
  assert.equal(untold.totals().size, 0);
});

test("a trap of the WASM module makes a process unhealthy, another error does not", () => {
  const health = new CodecHealth();
  health.note(new TypeError("of a handler"));
  assert.deepEqual(health.reasons, []);
  health.note(new WebAssembly.RuntimeError("unreachable"));
  health.note(new TypeError("of a handler"));
  assert.deepEqual(health.reasons, ["the WASM codec has failed"]);
});
