import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CloseReason,
  closeCodeOf,
  closedByOrigin,
  closeReasons,
  type ErrorCode,
  faultCloseCodes,
  isLimit,
  limits,
} from "../../../../core/base/mod.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import type { HandshakeAdmission } from "../../../../core/ports/mod.ts";
import type { MemorySocket } from "../../../support/memory/mod.ts";
import { grantOfQuery, known } from "../../../support/memory-node/memory-node.ts";
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

test("a line about a connection of which nothing was kept has no empty fields", async () => {
  const rig = new NodeRig();
  await rig.node.gateway.start();
  rig.node.open({ ...admission, info: {} }).clientCloses(1000, "");
  const { address, path } = fieldsOf(rig, "connection-closed") as Record<string, unknown>;
  assert.deepEqual([address, path], [undefined, undefined]);
});

test("connections that end are counted by cause, whether or not they are logged", async () => {
  const rig = new NodeRig();
  await rig.node.gateway.start();
  rig.node.logger.enabled = () => false;
  rig.node.open(admission).clientCloses(1000, "");
  assert.deepEqual(rig.node.logger.of("connection-closed"), []);
  const cause = { cause: "client" };
  assert.equal(rig.node.metrics.value("wss_connections_closed_total", cause), 1);
});

test("a close that is no error has no code", async () => {
  const rig = new NodeRig();
  await rig.node.gateway.start();
  rig.node.open(admission).clientCloses(1000, "");
  const { code } = fieldsOf(rig, "connection-closed") as { code?: string };
  assert.equal(code, undefined);
});

/** The connection of a user, and what each line about it is to say. */
async function openedByAnn(): Promise<[NodeRig, MemorySocket, Record<string, unknown>]> {
  const rig = new NodeRig({ authorize: "jwt" }, { authorize: grantOfQuery });
  await rig.node.gateway.start();
  const grant = encodeURIComponent(JSON.stringify({ user: "ann" }));
  const answer = await rig.node.handshake(`/chat?${grant}`);
  assert.ok(answer.accepted);
  const socket = rig.node.open(answer);
  const who = { address: "192.0.2.1", app: "default", path: "/chat", user: "ann" };
  return [rig, socket, { connection: known(socket).id, ...who }];
}

const reasons: readonly (readonly [string, CloseReason])[] = [
  ...Object.entries(closeReasons),
  ["an origin", closedByOrigin(4000, "bye")],
  ["an operator", closedByOrigin(4000, "bye", { by: "admin" })],
];
for (const [name, reason] of reasons) {
  test(`the lines of a close by ${name} say who it was and why`, async () => {
    const [rig, socket, who] = await openedByAnn();
    (socket.connection as Connection).close(reason);
    await rig.rest();
    const { by, cause, closeCode, errorCode: code } = reason;
    const closed = { ...who, closeCode, cause, code };
    assert.deepEqual(
      fieldsOf(rig, "connection-closed"),
      by === undefined ? closed : { ...closed, by },
    );
    const ended = code === undefined ? undefined : { ...who, code };
    assert.deepEqual(fieldsOf(rig, "connection-ended"), ended);
  });
}

for (const code of Object.keys(faultCloseCodes) as ErrorCode[]) {
  test(`the lines of a client's fault ${code} say who it was and what`, async () => {
    const [rig, socket, who] = await openedByAnn();
    rig.node.gateway.fault(socket.connection as Connection, code);
    socket.close(closeCodeOf(code), code);
    await rig.rest();
    const closed = {
      closeCode: closeCodeOf(code),
      cause: isLimit(code) ? "limit" : "error",
      code,
    };
    assert.deepEqual(fieldsOf(rig, "client-fault"), { code, ...who });
    assert.deepEqual(fieldsOf(rig, "connection-closed"), { ...who, ...closed });
  });
}

test("a client that leaves before its connection is open is counted and logged", async () => {
  for (const [logConnections, level] of [
    [true, "info"],
    [false, "debug"],
  ] as const) {
    const rig = new NodeRig({ authorize: "jwt", logConnections }, { authorize: grantOfQuery });
    await rig.node.gateway.start();
    assert.equal(rig.node.errors("handshake-left"), 0);
    const grant = encodeURIComponent(JSON.stringify({ user: "ann" }));
    const answer = await rig.node.handshake(`/chat?${grant}`);
    assert.ok(answer.accepted);
    rig.node.gateway.abandon(answer);
    assert.equal(rig.node.errors("handshake-left"), 1);
    const [line] = rig.node.logger.of("connection-abandoned");
    const { connection = "", ...who } = line?.fields ?? {};
    assert.match(String(connection), /^n\./);
    assert.equal(line?.level, level);
    const known = { address: "192.0.2.1", path: "/chat", app: "default", user: "ann" };
    assert.deepEqual(who, { ...known, code: "handshake-left" });
    rig.node.gateway.abandon({ ...admission, info: {} }, "handshake-upgrade");
    assert.equal(rig.node.errors("handshake-upgrade"), 1);
    rig.node.logger.enabled = () => false;
    rig.node.gateway.abandon(admission);
    assert.equal(rig.node.errors("handshake-left"), 2, "counted where it is not logged");
    assert.equal(rig.node.logger.of("connection-abandoned").length, 2);
  }
});

test("a connection that comes after its place was given back has its user", async () => {
  const rig = new NodeRig({ authorize: "jwt" }, { authorize: grantOfQuery });
  await rig.node.gateway.start();
  const grant = encodeURIComponent(JSON.stringify({ user: "ann" }));
  const answer = await rig.node.handshake(`/chat?${grant}`);
  assert.ok(answer.accepted);
  rig.clock.advance(limits.reservationMs);
  rig.node.open(answer);
  await rig.rest();
  const { user, code } = fieldsOf(rig, "connection-closed") as Record<string, unknown>;
  assert.deepEqual([user, code], ["ann", "handshake-timeout"]);
});

test("a refused handshake says who asked for what", async () => {
  const rig = new NodeRig({ routes: [{ pattern: "/chat", app: "chat" }], connectionsMax: 0 });
  await rig.node.gateway.start();
  await rig.node.handshake("/other?token=secret");
  const who = { address: "192.0.2.1" };
  const nobody = { user: undefined, connection: undefined };
  assert.deepEqual(fieldsOf(rig, "handshake-refused"), {
    ...who,
    code: "route-unknown",
    status: 404,
    app: undefined,
    path: "/other",
    ...nobody,
  });
  await rig.node.handshake("/chat?token=secret");
  assert.deepEqual(fieldsOf(rig, "handshake-refused"), {
    ...who,
    code: "connections-full",
    status: 503,
    app: "chat",
    path: "/chat",
    ...nobody,
  });
  const silent = { code: "handshake-timeout", address: "192.0.2.9" } as const;
  rig.node.gateway.refused(silent);
  const nothing = { status: undefined, app: undefined, path: undefined };
  assert.deepEqual(fieldsOf(rig, "handshake-refused"), { ...silent, ...nothing });
  const late = { ...silent, status: 408, path: "/chat" };
  rig.node.gateway.refused(late);
  assert.deepEqual(fieldsOf(rig, "handshake-refused"), { ...late, app: "chat" });
  assert.ok(!JSON.stringify(rig.node.logger.records).includes("secret"));
});
