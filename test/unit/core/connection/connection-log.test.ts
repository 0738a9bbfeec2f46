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
import type { SaidOptions } from "../../../support/memory-node/gateway-options.ts";
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

test("the line of a connection that opened says who it is, without its query", async () => {
  const rig = new NodeRig();
  await rig.node.gateway.start();
  const socket = rig.node.open(admission);
  const who = { address: "192.0.2.7", path: "/chat", app: "default", user: undefined };
  assert.deepEqual(fieldsOf(rig, "connection-opened"), { connection: known(socket).id, ...who });
  assert.ok(!JSON.stringify(rig.node.logger.records).includes("secret"));
});

test("a line of which nothing was kept has no empty fields, and no code of its own", async () => {
  const rig = new NodeRig();
  await rig.node.gateway.start();
  rig.node.open({ ...admission, info: {} }).clientCloses(1000, "");
  const line = fieldsOf(rig, "connection-closed") as Record<string, unknown>;
  assert.deepEqual([line.address, line.path, line.code], [undefined, undefined, undefined]);
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

/** A node that has let a user in, and its answer. */
async function admittedAnn(options: SaidOptions = {}): Promise<[NodeRig, HandshakeAdmission]> {
  const rig = new NodeRig({ authorize: "jwt", ...options }, { authorize: grantOfQuery });
  await rig.node.gateway.start();
  const grant = encodeURIComponent(JSON.stringify({ user: "ann" }));
  const answer = await rig.node.handshake(`/chat?${grant}`);
  assert.ok(answer.accepted);
  return [rig, answer];
}

/** The connection of a user, and what each line about it is to say. */
async function openedByAnn(): Promise<[NodeRig, MemorySocket, Record<string, unknown>]> {
  const [rig, answer] = await admittedAnn();
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
    const [rig, answer] = await admittedAnn({ logConnections });
    assert.equal(rig.node.errors("handshake-left"), 0);
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
  const [rig, answer] = await admittedAnn();
  rig.clock.advance(limits.reservationMs);
  rig.node.open(answer);
  await rig.rest();
  const { user, code } = fieldsOf(rig, "connection-closed") as Record<string, unknown>;
  assert.deepEqual([user, code], ["ann", "handshake-timeout"]);
});

test("a refused handshake says who asked for what", async () => {
  const rig = new NodeRig({ routes: [{ pattern: "/chat", app: "chat" }], connectionsMax: 0 });
  await rig.node.gateway.start();
  const refused = () => fieldsOf(rig, "handshake-refused");
  for (const [path, code, status, app] of [
    ["/other", "route-unknown", 404, undefined],
    ["/chat", "connections-full", 503, "chat"],
  ] as const) {
    await rig.node.handshake(`${path}?token=secret`);
    const who = { address: "192.0.2.1", app, path, user: undefined, connection: undefined };
    assert.deepEqual(refused(), { ...who, code, status });
  }
  const silent = { code: "handshake-timeout", address: "192.0.2.9" } as const;
  rig.node.gateway.refused(silent);
  assert.deepEqual(refused(), { ...silent, status: undefined, app: undefined, path: undefined });
  const late = { ...silent, status: 408, path: "/chat" };
  rig.node.gateway.refused(late);
  assert.deepEqual(refused(), { ...late, app: "chat" });
  assert.ok(!JSON.stringify(rig.node.logger.records).includes("secret"));
});
