import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkClose,
  checkedGroup,
  groupOfUser,
} from "../../../../adapters/origin/base/arguments.ts";
import { originLimits } from "../../../../adapters/origin/base/origin-limits.ts";
import { KnownConnections } from "../../../../adapters/origin/connections/known-connections.ts";
import { OriginConnection } from "../../../../adapters/origin/connections/origin-connection.ts";
import { connectOrigin, type Origin, reject } from "../../../../adapters/origin/mod.ts";
import { EventStreams } from "../../../../adapters/origin/receive/event-streams.ts";
import type { ServiceError } from "../../../../core/base/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

interface Seat {
  readonly room: string;
}

type User = `u-${number}`;

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function is<Truth extends true>(_truth?: Truth): void {}

/** Never called: the compiler is the test. */
export function typed(origin: Origin<Seat, User>): void {
  origin.on("open", ({ connection, info }) => {
    is<Same<typeof connection.state, Seat | undefined>>();
    is<Same<typeof connection.user, User | undefined>>();
    is<Same<typeof info.state, Seat | undefined>>();
    void connection.setState({ room: "a" });
    void connection.setState(undefined);
    // @ts-expect-error: no such state
    void connection.setState({ rooms: 1 });
    origin.group("g").publish("x", { except: connection });
    origin.send([connection, "n1.a", { id: "n1.b" }], "x", { ttlMs: 5 });
  });
  origin.on("assigned", ({ connection, info }) => {
    is<Same<typeof connection.state, Seat | undefined>>();
    is<Same<typeof info.user, User | undefined>>();
    is<Same<typeof info.groups, readonly string[] | undefined>>();
  });
  origin.on("message", ({ state }) => is<Same<typeof state, Seat | undefined>>());
  origin.authorize(() => ({ user: "u-1", state: { room: "a" } }));
  origin.authorize(async () => reject(401));
  origin.authorize(() => {});
  // @ts-expect-error: no such user
  origin.authorize(() => ({ user: "x" }));
  // @ts-expect-error: no such user
  origin.user("x");
  void origin.connections({ user: "u-1" }).then(({ connections: [first] }) => {
    is<Same<NonNullable<typeof first>["user"], User | undefined>>();
    is<Same<NonNullable<typeof first>["connection"]["state"], Seat | undefined>>();
  });
  void origin.count({ group: "g", timeoutMs: 5 });
  // @ts-expect-error: one thing at a time
  void origin.count({ group: "g", user: "u-1" });
  void origin
    .connection("n1.a")
    .join("g")
    .then((outcome) => {
      is<Same<typeof outcome, "joined" | "gone" | "unknown">>();
    });
  const untyped: Origin = origin;
  void untyped.connection("n1.a").setState(5);
}

test("state and user are typed by the parameters of connectOrigin", () => {
  assert.equal(typeof connectOrigin<Seat, User>, "function");
});

test("a close reason has at most 123 bytes of UTF-8", () => {
  checkClose(1000, "é".repeat(61));
  assert.throws(() => checkClose(1000, "é".repeat(62)), /123 bytes/);
  checkClose(4_999, "");
  for (const code of [999, 1005, 1006, 5_000, 1.5]) assert.throws(() => checkClose(code, ""));
});

test("a group has 1 to 256 bytes of UTF-8, a user at least one character", () => {
  assert.equal(checkedGroup("é".repeat(128)), "é".repeat(128));
  for (const name of ["", "é".repeat(129), 5 as never]) {
    assert.throws(() => checkedGroup(name), { code: "group-name" });
  }
  assert.throws(() => groupOfUser(""), { code: "group-name" });
});

function connection(number: number): OriginConnection {
  const made = new OriginConnection(`n1.${number}`, undefined as never);
  made.incarnation = "i1";
  return made;
}

test("connections are found by the bytes of their ids, equal hashes too", () => {
  const known = new KnownConnections();
  // The hash looks at the last eight bytes alone: these three have the same.
  const ids = ["n1.aSameTail", "n1.bSameTail", "n2.aSameTail", "n1.short", "n1.x", "a.b"];
  const connections = ids.map((id) => new OriginConnection(id, undefined as never));
  for (const connection of connections) known.add(connection);
  const find = (id: string): OriginConnection | undefined => {
    const bytes = new TextEncoder().encode(`<<${id}>>`);
    return known.find(bytes, 2, bytes.length - 2);
  };
  ids.forEach((id, index) => {
    assert.equal(find(id), connections[index]);
  });
  assert.equal(find("n3.aSameTail"), undefined);
  assert.equal(known.size, ids.length);
  assert.equal(connections[0]!.node, "n1");
  for (const index of [1, 0, 2]) {
    known.remove(connections[index]!);
    known.remove(connections[index]!);
    assert.equal(find(ids[index]!), undefined);
  }
  assert.equal(known.size, 3);
  assert.equal(find("n1.x"), connections[4]);
});

test("an origin remembers 100,000 connections that others have now, the latest", () => {
  const former = new KnownConnections();
  const count = originLimits.detachedConnectionsMax;
  for (let number = 0; number <= count; number++) former.detach(connection(number), false);
  assert.equal(count, 100_000);
  assert.equal(former.takeDetached("n1.0"), undefined, "the oldest is forgotten");
  assert.equal(former.takeDetached("n1.1")?.connection.id, "n1.1");
  assert.equal(former.takeDetached("n1.1"), undefined, "it is not detached any more");
  assert.equal(former.takeDetached(`n1.${count}`)?.closeReported, false);
});

test("an origin remembers the ids of 10,000 connections that were closed, the latest", () => {
  const closed = new KnownConnections();
  const count = originLimits.endedConnectionsMax;
  for (let number = 0; number <= count; number++) closed.end(connection(number));
  assert.equal(count, 10_000);
  assert.equal(closed.ended("n1.0"), undefined, "the oldest is forgotten");
  assert.ok(closed.ended("n1.1"));
  assert.ok(closed.ended(`n1.${count}`));
});

test("what a node's earlier lives had is forgotten with its new one", () => {
  const former = new KnownConnections();
  former.detach(connection(1), true);
  former.forgetDetached("n2", "i2");
  former.forgetDetached("n1", "i1");
  former.detach(former.takeDetached("n1.1")?.connection ?? assert.fail("kept"), true);
  former.forgetDetached("n1", "i2");
  assert.equal(former.takeDetached("n1.1"), undefined);
});

function start() {
  const failed: string[] = [];
  const nothing = (): void => {};
  const told = ({ code }: ServiceError): void => void failed.push(code);
  const sources = new EventStreams(new ManualClock(), nothing, told, nothing);
  /** How many of two items, the first two of a stream, are known already. */
  const known = (node: string, topic: string): number => {
    sources.enter(topic, node, false);
    const skip = sources.begin(`${node}:i:0`, 0, 2);
    sources.leave();
    return skip;
  };
  return { failed, known };
}

test("a node with endless topics makes no other node's stream be forgotten", () => {
  const { failed, known } = start();
  assert.equal(known("quiet", "events/0/quiet"), 0);
  for (let index = 0; index < 2 * originLimits.sourcesMax; index++) {
    known("loud", `events/${index}/loud`);
  }
  assert.equal(known("quiet", "events/0/quiet"), 2);
  assert.deepEqual(failed, []);
});

test("where all topics are taken a new node is told of, and the others are remembered", () => {
  const { failed, known } = start();
  for (let index = 0; index < originLimits.sourcesMax; index++) {
    known(`n${index}`, `events/0/n${index}`);
  }
  known("new", "events/0/new");
  assert.deepEqual(failed, ["streams-full"]);
  assert.equal(known("n0", "events/0/n0"), 2);
});
