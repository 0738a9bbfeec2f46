import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { ClientPort } from "../../../../runtimes/framed-server/client-port.ts";
import type { ClientServerOptions } from "../../../../runtimes/server/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

/** A port whose listener notes what is asked of it. */
async function rig(): Promise<{ port: ClientPort; clock: ManualClock; asked: string[] }> {
  const clock = new ManualClock();
  const asked: string[] = [];
  const options = { host: "a", port: 0, clock } as unknown as ClientServerOptions;
  const port = new ClientPort(options);
  await port.start({
    open: async (number) => {
      asked.push(`open ${number}`);
      return 4_711;
    },
    close: () => void asked.push("close"),
    setTls: () => false,
  });
  return { port, clock, asked };
}

/** The turn in which a port opens again is over. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("a port opens again after a shortage, in a later turn", async () => {
  const { port, clock, asked } = await rig();
  port.shortage(true);
  port.shortage(false);
  clock.advance(limits.descriptorsTickMs);
  assert.deepEqual(asked, ["open 0", "close"]);
  await turns();
  assert.deepEqual(asked, ["open 0", "close", "open 4711"]);
});

test("a port that is closed for good in the turn before it opens again stays closed", async () => {
  const { port, clock, asked } = await rig();
  port.shortage(true);
  port.shortage(false);
  clock.advance(limits.descriptorsTickMs);
  port.stop();
  await turns();
  assert.deepEqual(asked, ["open 0", "close", "close"]);
  await port.setTls({ cert: "", key: "" });
  assert.deepEqual(asked.slice(3), ["close"]);
});
