import assert from "node:assert/strict";
import { test } from "node:test";
import { connectOrigin, type Origin, reject } from "../../../../../adapters/origin/mod.ts";

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
