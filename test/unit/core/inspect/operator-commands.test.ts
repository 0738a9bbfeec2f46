import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection, Registry } from "../../../../core/connection/mod.ts";
import { inspectLimits } from "../../../../core/inspect/mod.ts";
import { OperatorCommands } from "../../../../core/inspect/operator-commands.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { idOf, messagesOf } from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";

type Verb = "send" | "close";

async function started(): Promise<NodeRig> {
  const rig = new NodeRig({ publishBytesMax: 10 });
  await rig.node.gateway.start();
  return rig;
}

/** What becomes of a command, after the end of the turn. */
async function run(
  rig: NodeRig,
  id: string,
  item: readonly [Verb, ...unknown[]],
  app?: string,
): Promise<unknown> {
  const asked = rig.node.gateway.inspector.answer({ what: "command", id, app, item });
  await rig.rest();
  return asked;
}

test("an operator's commands reach a connection while the broker is away", async () => {
  const rig = await started();
  const socket = rig.node.connect();
  rig.broker.up = false;
  assert.equal(await run(rig, idOf(socket), ["send", "hi ✓"]), "sent");
  assert.equal(await run(rig, idOf(socket), ["send", { $binary: "AAE=" }], "default"), "sent");
  assert.deepEqual(messagesOf(socket), ["hi ✓", Uint8Array.of(0, 1)]);
  assert.equal(await run(rig, idOf(socket), ["close", 4001, "bye"]), "closed");
  assert.deepEqual(socket.delivered.at(-1), {
    type: "close",
    closeCode: 4001,
    closeReason: "bye",
  });
  assert.equal(await run(rig, idOf(socket), ["send", "late"]), "gone");
  const closed = rig.node.logger.of("connection-closed").at(-1)?.fields;
  assert.deepEqual([closed?.cause, closed?.by], ["origin", "admin"]);
});

test("what is refused is told by its code, and no reply is published", async () => {
  const rig = await started();
  const socket = rig.node.connect();
  const id = idOf(socket);
  assert.equal(await run(rig, id, ["send", "x".repeat(11)]), "publish-too-big");
  assert.equal(await run(rig, id, ["close", 1005, ""]), "command-malformed");
  assert.equal(await run(rig, id, ["send"]), "command-malformed");
  assert.equal(await run(rig, id, ["send", "hi"], "shop"), "gone");
  assert.equal(await run(rig, `${id}x`, ["send", "hi"]), "gone");
  assert.equal(await run(rig, "m.AAAAother", ["send", "hi"]), "gone");
  assert.deepEqual(messagesOf(socket), []);
  assert.ok(rig.published.every(([, , verb]) => verb !== "reply"));
});

test("what is not known after a while is unknown", async () => {
  const clock = new ManualClock();
  const connection = { id: "n.AAAAone", app: { name: "default" } } as Connection;
  const registry = { get: () => connection } as unknown as Registry;
  const commands = new OperatorCommands({ registry, clock, execute: () => {} }, "n");
  const { id } = connection;
  const asked = commands.run({ what: "command", id, app: undefined, item: ["send", "hi"] });
  clock.advance(inspectLimits.commandMs);
  assert.equal(await asked, "unknown");
});
