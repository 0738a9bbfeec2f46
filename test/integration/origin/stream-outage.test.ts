import assert from "node:assert/strict";
import { test } from "node:test";
import { OriginRig } from "../../support/origins/origin-rig.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

test("an origin whose broker is back says where its streams stand", async () => {
  const rig = await OriginRig.start();
  const proxy = await TcpProxy.start(rig.broker.port);
  const origin = await rig.connect({ broker: proxy.url, name: "o1" });
  rig.gateway.presence("n1", "i1");
  rig.gateway.assigned("n1", "o1", [["open", "n1.a", 0, {}]]);
  const acks = (): unknown[][] =>
    rig.gateway.commands.filter(({ item }) => item[0] === "ack").map(({ item }) => [...item]);
  await waitFor(() => acks().length > 0, { what: "it confirms" });
  assert.deepEqual(acks(), [["ack", "n1:i1:o1:1", 1]], "handled, and not what it received");
  proxy.cut();
  await waitFor(() => !origin.connected, { what: "it is away" });
  await waitFor(() => acks().length > 1, { what: "it says what it has received" });
  assert.deepEqual(acks().at(-1), ["ack", "n1:i1:o1:1", 1, 1]);
  // An origin that leaves waits for its nodes.
  rig.gateway.presence("n1", undefined);
  await rig.stop();
  await proxy.close();
});
