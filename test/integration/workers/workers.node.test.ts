import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { WorkersRig } from "../../support/gateway/workers-rig.ts";
import { waitFor } from "../../support/process/wait.ts";

const nodes = ["edge-1-0", "edge-1-1"] as const;

describe("two workers", () => {
  for (const { runtime, engine } of combinations) {
    it(`share a port, are replaced, and drain, on ${runtime}, ${engine}`, async (context) => {
      const flags = ["--engine", engine, "--workers", "2", "--node-name", "edge-1"];
      flags.push("--drain-period", "0ms");
      const gateway = await startGateway({ runtime, flags });
      const { info } = gateway;
      assert.deepEqual([info.node, info.workers, info.runtime], ["edge-1", 2, runtime]);
      const rig = await WorkersRig.over(gateway);
      context.after(() => rig.stop());
      await rig.fill(2, ...nodes);
      await rig.echo(rig.visitors);
      assert.equal(
        new Set(rig.visitors.map(({ connection }) => connection.id)).size,
        rig.visitors.length,
      );

      // The broker is one for both: what is published reaches the members of each.
      rig.origin.everyone().publish("to all");
      for (const { client } of rig.visitors) assert.equal(await client.nextText(), "to all");

      const before = await rig.metrics();
      assert.equal(before.get("wss_workers"), 2);
      assert.equal(before.get("wss_connections"), rig.visitors.length);
      for (const [worker, node] of nodes.entries()) {
        const part = before.get(`wss_connections{node="${node}",worker="${worker}"}`);
        assert.equal(part, rig.of(node).length, node);
      }

      // Worker 0 dies.
      const [lost, kept] = nodes.map((node) => [...rig.of(node)]);
      process.kill(rig.pidOf(0), "SIGKILL");
      await waitFor(() => rig.endings.length >= lost!.length, { what: "the losses" });
      assert.deepEqual(
        new Set(rig.endings.map(({ id, code, cause }) => `${id} ${code} ${cause}`)),
        new Set(lost!.map(({ connection }) => `${connection.id} 1006 node-lost`)),
      );
      await rig.echo(kept!);
      const [died] = await waitFor(
        () => rig.lines("worker-died").length === 1 && rig.lines("worker-died"),
      );
      const { worker, node, code, signal, restartMs } = died!;
      assert.deepEqual(
        [worker, node, code, signal, restartMs],
        [0, nodes[0], "worker-died", "SIGKILL", 0],
      );
      await rig.started(0, 2);
      await rig.fill(lost!.length + 1, nodes[0]);
      await rig.echo([...kept!, rig.of(nodes[0]).at(-1)!]);
      assert.equal(rig.endings.length, lost!.length);

      // The sums go on: what is counted never becomes less.
      const after = await rig.metrics();
      const opened = "wss_connections_opened_total";
      assert.ok(after.get(opened)! >= before.get(opened)!, "a sum became less");
      assert.equal(after.get("wss_connections"), rig.visitors.length - lost!.length);
      assert.equal(after.get('wss_errors_total{code="worker-died"}'), 1);
      assert.deepEqual(await (await rig.admin("/readyz")).json(), { ready: true, reasons: [] });

      gateway.kill("SIGTERM");
      const living = rig.visitors.filter((visitor) => !lost!.includes(visitor));
      for (const { client } of living) {
        assert.equal((await client.closeFrame())?.code, 1012);
        client.destroy();
      }
      assert.deepEqual(await gateway.exited, { code: 0, signal: null });
      await waitFor(() => rig.endings.length === rig.visitors.length, { what: "every close" });
      const drained = rig.endings.slice(lost!.length);
      assert.deepEqual(new Set(drained.map(({ cause }) => cause)), new Set(["drain"]));
      assert.equal(rig.lines("events-unconfirmed").length, 0);
    });
  }
});
