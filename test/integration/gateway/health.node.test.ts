import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { limits } from "../../../core/base/mod.ts";
import { gatewayRuntimes, startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";

type Running = Awaited<ReturnType<typeof startGateway>>;

async function health({ info }: Running): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${info.adminPort}/healthz`);
  return { status: answer.status, text: await answer.text() };
}

describe("health", { concurrency: true }, () => {
  for (const runtime of gatewayRuntimes) {
    test(`${runtime}: a probe after a stall of the event loop learns of it`, async () => {
      const gateway = await startGateway({ runtime });
      assert.deepEqual(await health(gateway), { status: 200, text: "ok\n" });
      gateway.kill("SIGSTOP");
      await setTimeout(limits.loopStallMs + 500);
      gateway.kill("SIGCONT");
      const { status, text } = await health(gateway);
      assert.equal(status, 503);
      assert.match(text, /^the event loop stalled for \d+ s\n$/);
      assert.equal((await gateway.stop()).code, 0);
    });

    test(`${runtime}: a supervisor knows which worker stalls, and has stalled`, async () => {
      const gateway = await startGateway({ runtime, flags: ["--workers", "2"] });
      assert.equal((await health(gateway)).status, 200);
      const started = gateway.log.find(({ event, worker }) => {
        return event === "worker-started" && worker === 1;
      });
      const pid = Number(started?.pid);
      process.kill(pid, "SIGSTOP");
      const says = async (what: RegExp): Promise<void> => {
        await waitFor(async () => what.test((await health(gateway)).text), { what: String(what) });
      };
      // It is counted in reports that do not come: the worker itself has stood still for less.
      await says(/^worker 1: says nothing for ([7-9]|\d\d) s$/m);
      assert.equal((await health(gateway)).status, 503);
      process.kill(pid, "SIGCONT");
      await says(/^worker 1: the event loop stalled for \d+ s$/m);
      assert.equal((await gateway.stop()).code, 0);
    });
  }
});
