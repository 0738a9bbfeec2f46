import assert from "node:assert/strict";
import { test } from "node:test";
import { closeReasons } from "../../../../core/base/mod.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import type { HandshakeAdmission } from "../../../../core/ports/mod.ts";
import { known } from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";

const admission: HandshakeAdmission = {
  accepted: true,
  app: "default",
  subprotocol: undefined,
  deflate: false,
  info: { path: "/chat", query: "token=secret", ip: "192.0.2.7" },
};

function fieldsOf(rig: NodeRig, event: string): unknown {
  return rig.node.logger.of(event).at(-1)?.fields;
}

test("every line about a connection says who it is", async () => {
  const rig = new NodeRig();
  await rig.node.gateway.start();
  const socket = rig.node.open(admission);
  const { id } = known(socket);
  const who = { connection: id, address: "192.0.2.7", path: "/chat", app: "default" };
  assert.deepEqual(fieldsOf(rig, "connection-opened"), { ...who, user: undefined });
  (socket.connection as Connection).close(closeReasons.messageTooBig);
  const code = "message-too-big";
  assert.deepEqual(fieldsOf(rig, "connection-ended"), { code, ...who, user: undefined });
  await rig.rest();
  const closed = { ...who, user: undefined, closeCode: 1009, cause: "limit", code };
  assert.deepEqual(fieldsOf(rig, "connection-closed"), closed);
  assert.ok(!JSON.stringify(rig.node.logger.records).includes("secret"));
});

test("a close that is no error has no code", async () => {
  const rig = new NodeRig();
  await rig.node.gateway.start();
  rig.node.open(admission).clientCloses(1000, "");
  const { code } = fieldsOf(rig, "connection-closed") as { code?: string };
  assert.equal(code, undefined);
});

test("a refused handshake says who asked for what", async () => {
  const rig = new NodeRig({ routes: [{ pattern: "/chat", app: "chat" }], connectionsMax: 0 });
  await rig.node.gateway.start();
  await rig.node.handshake("/other?token=secret");
  const who = { address: "192.0.2.1" };
  assert.deepEqual(fieldsOf(rig, "handshake-refused"), {
    ...who,
    code: "route-unknown",
    status: 404,
    app: undefined,
    path: "/other",
  });
  await rig.node.handshake("/chat?token=secret");
  assert.deepEqual(fieldsOf(rig, "handshake-refused"), {
    ...who,
    code: "connections-full",
    status: 503,
    app: "chat",
    path: "/chat",
  });
  rig.node.gateway.refused("handshake-timeout", "192.0.2.9");
  const late = { code: "handshake-timeout", address: "192.0.2.9" };
  assert.deepEqual(fieldsOf(rig, "handshake-refused"), late);
  assert.ok(!JSON.stringify(rig.node.logger.records).includes("secret"));
});
