import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { startEmbeddedBroker } from "../../../adapters/embedded-broker/mod.ts";
import { gatewayRuntimes, spawnGateway, startGateway } from "../../support/gateway/gateway.ts";
import { WorkersRig } from "../../support/gateway/workers-rig.ts";
import { freePort } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

const workers = ["--workers", "2", "--node-name", "edge-1", "--drain-period", "0ms"];

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether anybody listens there. */
async function listens(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  const opened = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  socket.destroy();
  return opened;
}

for (const runtime of gatewayRuntimes) {
  describe(`workers on ${runtime}`, { concurrency: 3 }, () => {
    it("start after longer waits if they die again, one line a death", async (context) => {
      const gateway = await startGateway({ runtime, flags: workers });
      const rig = await WorkersRig.over(gateway);
      context.after(() => rig.stop());
      await rig.fill(1, "edge-1-1");
      for (let deaths = 1; deaths <= 4; deaths++) {
        process.kill(rig.pidOf(0), "SIGKILL");
        await waitFor(() => rig.lines("worker-died").length === deaths);
        // The other one serves, so that the node is ready and healthy.
        assert.equal((await rig.admin("/readyz")).status, 200);
        assert.equal((await rig.admin("/healthz")).status, 200);
        await rig.echo(rig.of("edge-1-1"));
        await rig.started(0, deaths + 1);
      }
      const waits = rig.lines("worker-died").map(({ restartMs }) => restartMs);
      assert.deepEqual(waits, [0, 250, 500, 1_000]);
      assert.equal(rig.starts(1).length, 1);
      assert.equal(await rig.end(), 0);
    });

    it("are not ready and not healthy while none of them serves", async (context) => {
      const gateway = await startGateway({ runtime, flags: workers });
      const rig = await WorkersRig.over(gateway);
      context.after(() => rig.stop());
      const reasons = async (): Promise<string[]> =>
        ((await (await rig.admin("/readyz")).json()) as { reasons: string[] }).reasons;
      for (const worker of [0, 1]) process.kill(rig.pidOf(worker), "SIGKILL");
      await waitFor(async () => (await reasons()).includes("no worker"));
      await waitFor(async () => (await reasons()).length === 0);
      assert.equal((await rig.admin("/healthz")).status, 200);
      assert.equal(await rig.end(), 0);
    });

    it("are not ready while one of them is not, and say why", async () => {
      const broker = `mqtt://127.0.0.1:${await freePort()}`;
      const flags = [...workers, "--broker", broker, "--unready-after", "0ms"];
      const gateway = await startGateway({ runtime, flags });
      const answer = await fetch(`http://127.0.0.1:${gateway.info.adminPort}/readyz`);
      assert.equal(answer.status, 503);
      // What both say stands there once.
      assert.deepEqual(await answer.json(), {
        ready: false,
        reasons: [
          "no connection to the broker for commands and presence",
          "no connection to the broker for events",
        ],
      });
      assert.equal((await gateway.stop()).code, 0);
    });

    it("are starting until each of them has opened its port", async () => {
      // Nobody is there, so each of them waits for a moment before it opens its port.
      const broker = `mqtt://127.0.0.1:${await freePort()}`;
      const adminPort = await freePort();
      const flags = [...workers, "--broker", broker, "--admin-port", String(adminPort)];
      const gateway = spawnGateway({ runtime, flags });
      const ready = (): Promise<Response | undefined> =>
        fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined);
      const first = await waitFor(ready, { what: "the admin port" });
      assert.deepEqual(await first.json(), { ready: false, reasons: ["starting"] });
      await gateway.started;
      assert.equal((await gateway.stop()).code, 0);
    });

    it("end with 1 if one of them crashes while they drain", async (context) => {
      const gateway = await startGateway({ runtime, flags: [...workers, "--drain-period", "3s"] });
      const rig = await WorkersRig.over(gateway);
      context.after(() => rig.stop());
      await rig.fill(2, "edge-1-0", "edge-1-1");
      gateway.kill("SIGTERM");
      await gateway.event("stopping");
      process.kill(rig.pidOf(1), "SIGKILL");
      for (const { client } of rig.visitors) client.destroy();
      assert.deepEqual(await gateway.exited, { code: 1, signal: null });
      assert.equal(rig.lines("worker-died").length, 1);
    });

    it("end with their supervisor, and leave the port", async () => {
      const gateway = await startGateway({ runtime, flags: workers });
      const { port } = gateway.info;
      const pids = gateway.log
        .filter(({ event }) => event === "worker-started")
        .map(({ pid }) => pid);
      assert.equal(pids.length, 2);
      assert.ok(await listens(port));
      gateway.kill("SIGKILL");
      await gateway.exited;
      await waitFor(() => !pids.some((pid) => isRunning(Number(pid))), { what: "their end" });
      assert.equal(await listens(port), false);
    });

    it("end when they alone are asked to, and others take their place", async (context) => {
      const gateway = await startGateway({ runtime, flags: workers });
      const rig = await WorkersRig.over(gateway);
      context.after(() => rig.stop());
      await rig.fill(1, "edge-1-0", "edge-1-1");
      process.kill(rig.pidOf(0), "SIGTERM");
      const count = rig.of("edge-1-0").length;
      for (const { client } of rig.of("edge-1-0")) {
        assert.equal((await client.closeFrame())?.code, 1012);
        client.destroy();
      }
      await rig.started(0, 2);
      await waitFor(() => rig.endings.length === count);
      assert.ok(rig.endings.every(({ cause }) => cause === "drain"));
      await rig.echo(rig.of("edge-1-1"));
      assert.equal(rig.lines("worker-died").length, 0);
      assert.equal(rig.lines("worker-ended").length, 1);
      assert.equal(await rig.end(), 0);
    });

    it("drain once if a process manager signals all processes", async (context) => {
      const gateway = await startGateway({ runtime, flags: workers });
      const rig = await WorkersRig.over(gateway);
      context.after(() => rig.stop());
      await rig.fill(1, "edge-1-0", "edge-1-1");
      gateway.kill("SIGTERM");
      for (const worker of [0, 1]) process.kill(rig.pidOf(worker), "SIGTERM");
      for (const { client } of rig.visitors) {
        assert.equal((await client.closeFrame())?.code, 1012);
        client.destroy();
      }
      assert.deepEqual(await gateway.exited, { code: 0, signal: null });
      assert.equal(rig.lines("worker-died").length, 0);
    });

    it("end at once at the second signal", async (context) => {
      const flags = [...workers, "--drain-period", "1h"];
      const gateway = await startGateway({ runtime, flags });
      const rig = await WorkersRig.over(gateway);
      context.after(() => rig.stop());
      await rig.fill(2, "edge-1-0", "edge-1-1");
      const pids = [0, 1].map((worker) => rig.pidOf(worker));
      gateway.kill("SIGTERM");
      await gateway.event("stopping");
      const answer = await rig.admin("/readyz");
      assert.deepEqual(await answer.json(), { ready: false, reasons: ["draining"] });
      gateway.kill("SIGTERM");
      assert.deepEqual(await gateway.exited, { code: 1, signal: null });
      await waitFor(() => !pids.some(isRunning));
    });

    it("do not start where the broker refuses them", async (context) => {
      const broker = await startEmbeddedBroker({ login: { user: "u", password: "right" } });
      context.after(() => broker.close());
      const flags = [...workers, "--broker", `mqtt://u:wrong@127.0.0.1:${broker.port}`];
      const gateway = spawnGateway({ runtime, flags });
      assert.deepEqual(await gateway.exited, { code: 1, signal: null });
      const failed = gateway.log.filter(({ event }) => event === "failed");
      assert.ok(
        failed.some(({ code, worker }) => code === "broker-refused" && worker !== undefined),
      );
      const last = failed.find(({ worker }) => worker === undefined);
      assert.equal(last?.code, "worker-died");
      assert.match(
        String(last?.message),
        /^worker [01] ended with exit code 1 before it had started$/,
      );
    });

    it("do not share the port with a program that has it", async (context) => {
      const first = await startGateway({ runtime, flags: workers });
      const { port } = first.info;
      const server = createServer().listen(0, "0.0.0.0");
      await once(server, "listening");
      context.after(() => server.close());
      const taken = (server.address() as { port: number }).port;
      for (const used of [port, taken]) {
        const second = spawnGateway({ runtime, flags: [...workers, "--port", String(used)] });
        assert.deepEqual(await second.exited, { code: 1, signal: null });
        const failed = second.log.find(({ event }) => event === "failed");
        assert.deepEqual(failed?.code, "port-in-use");
        assert.equal(failed?.message, `port ${used} on 0.0.0.0 is in use`);
      }
      assert.equal((await first.stop()).code, 0);
    });
  });
}
