import assert from "node:assert/strict";
import { test } from "node:test";
import { plainClient } from "../../support/broker/broker-rigs.ts";
import { OriginRig } from "../../support/origins/origin-rig.ts";
import { waitFor } from "../../support/process/wait.ts";

test("an origin's own lines are limited too", async () => {
  const rig = await OriginRig.start();
  const stranger = await plainClient(rig.broker.port);
  const written = console.error;
  const lines: string[] = [];
  console.error = (line: string) => void lines.push(line);
  try {
    await rig.connect();
    const faults = 100;
    const presence = { v: 1, incarnation: "another", at: 1, every: 5_000 };
    const payload = new TextEncoder().encode(JSON.stringify(presence));
    for (let index = 0; index < faults; index++) {
      stranger.publish("wss/v1/default/presence/origins/o1", payload, () => {});
    }
    const told = (): Record<string, unknown>[] =>
      lines.map((line) => JSON.parse(line)).filter(({ event }) => event === "origin-name-taken");
    const counted = (): number => told().reduce((sum, { kept }) => sum + Number(kept ?? 1), 0);
    await waitFor(() => counted() === faults, { what: "all of them, told or kept back" });
    assert.ok(told().length <= faults / 2, `${told().length} lines`);
  } finally {
    console.error = written;
    await Promise.all([stranger.stop(), rig.stop()]);
  }
});
