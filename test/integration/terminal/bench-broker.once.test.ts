import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startGuardedBroker } from "../../support/broker/access-rules.ts";
import {
  type GatewayRuntime,
  gatewayRuntimes,
  spawnCommand,
} from "../../support/gateway/gateway.ts";
import { freePort, type Program } from "../../support/process/spawn.ts";

function bench(words: readonly string[], runtime: GatewayRuntime): Program {
  return spawnCommand(["bench-broker", ...words], { runtime });
}

for (const runtime of gatewayRuntimes) {
  test(`bench-broker measures with the rights of a node, on ${runtime}`, async () => {
    const guarded = await startGuardedBroker(false);
    after(() => guarded.end());
    const words = ["--broker", guarded.url("edge-1"), "--node-name", "edge-1"];
    const running = bench([...words, "--duration", "400ms", "--size", "100", "--json"], runtime);
    assert.equal((await running.exited).code, 0, running.output);
    const results = JSON.parse(running.output);
    const measured = results.map(({ qos, sizeBytes }: Record<string, unknown>) => [
      qos,
      sizeBytes,
    ]);
    assert.deepEqual(measured, [
      [0, 100],
      [0, 16_384],
      [1, 100],
      [1, 16_384],
    ]);
    for (const { roundTripMs, messagesPerSecond, lost } of results) {
      assert.ok(roundTripMs.p50 > 0 && roundTripMs.max >= roundTripMs.p50, running.output);
      assert.ok(messagesPerSecond > 0, running.output);
      assert.equal(lost, 0, running.output);
    }
  });
}

test("bench-broker prints a table, or why it cannot measure", async () => {
  const [runtime = "node"] = gatewayRuntimes;
  const guarded = await startGuardedBroker(false);
  after(() => guarded.end());
  const words = ["--broker", guarded.url("edge-1"), "--duration", "200ms"];
  const shown = bench([...words, "--node-name", "edge-1", "--large-size", "128"], runtime);
  assert.equal((await shown.exited).code, 0, shown.output);
  assert.match(
    shown.lines[0] ?? "",
    /^QoS +bytes +p50 ms +p99 ms +max ms +messages\/s +MB\/s +lost$/,
  );
  assert.equal(shown.lines.length, 3);
  // The rules let a node publish under its own name alone.
  const refused = bench([...words, "--node-name", "edge-2", "--mqtt-version", "5"], runtime);
  assert.equal((await refused.exited).code, 1, refused.output);
  assert.match(refused.output, /does not let this user write there/);
  const away = bench(["--broker", `mqtt://a:hush@127.0.0.1:${await freePort()}`], runtime);
  assert.equal((await away.exited).code, 1);
  assert.match(away.output, /^the broker cannot be reached: .*ECONNREFUSED/);
  assert.doesNotMatch(away.output, /hush/);
  const none = bench([], runtime);
  assert.equal((await none.exited).code, 2);
  assert.match(none.output, /^bench-broker needs --broker/);
});
