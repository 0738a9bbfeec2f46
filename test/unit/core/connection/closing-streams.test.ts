import assert from "node:assert/strict";
import { test } from "node:test";
import { RouterRig } from "../../../support/memory-node/router-rig.ts";

test("a connection that is closed counts until its stream is gone", async () => {
  const rig = await new RouterRig({ connectionsMax: 1 }).start("o1");
  const { connection } = rig.node.connect();
  assert.equal(await rig.handshake(), "503 connections-full");
  // As a runtime tells of a close frame, while the TCP stream stands.
  rig.node.gateway.closed(connection as never, 1_000, "");
  assert.equal(rig.node.gateway.connections, 0);
  assert.equal(rig.node.metrics.value("wss_connections_closing"), 1);
  assert.equal(await rig.handshake(), "503 connections-full");
  rig.node.gateway.gone(connection as never);
  assert.equal(rig.node.metrics.value("wss_connections_closing"), 0);
  assert.equal(await rig.handshake(), "welcome");
});
