import assert from "node:assert/strict";
import { test } from "node:test";
import { busAway, channelAway, ReadinessWatch } from "../../../../core/handshake/readiness.ts";
import type { HandshakeApp } from "../../../../core/handshake/reservations.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

interface Router {
  refusal?: "no-origin" | "window-full" | undefined;
  hasOrigin?: boolean;
  noSubscribers?: boolean;
  connectsFull?: boolean;
}

function watch(
  routers: readonly Router[],
  { authorizedByOrigin = false, refusals = [] as string[] } = {},
  clock: ManualClock = new ManualClock(),
): ReadinessWatch {
  const apps = routers.map((router) => {
    const usual = { hasOrigin: true, noSubscribers: false, connectsFull: false };
    return { router: { missingRights: [], ...usual, ...router } } as unknown as HandshakeApp;
  });
  const options = { authorizedByOrigin, unreadyAfterMs: 30_000, refusals: () => refusals };
  const made = new ReadinessWatch(clock, apps, options);
  for (const reason of [busAway, channelAway]) made.link(reason, true);
  return made;
}

const cases: readonly [string, Router[], Parameters<typeof watch>[1], string[]][] = [
  ["nothing is wrong", [{}, {}], {}, []],
  ["one app of two has a full window", [{ refusal: "window-full" }, {}], {}, []],
  ["every window is full", [{ refusal: "window-full" }], {}, ["event window full"]],
  ["no app has an origin", [{ refusal: "no-origin" }], {}, ["no origin"]],
  [
    "one app has no origin, the other's window is full",
    [{ refusal: "no-origin" }, { refusal: "window-full" }],
    {},
    ["no origin"],
  ],
  ["one app has no origin, the other works", [{ refusal: "no-origin" }, {}], {}, []],
  [
    "origins have as many handshakes as they may",
    [{ connectsFull: true }],
    { authorizedByOrigin: true },
    ["too many handshakes wait for an origin"],
  ],
  [
    "one of two apps takes handshakes",
    [{ connectsFull: true }, {}],
    { authorizedByOrigin: true },
    [],
  ],
  ["nobody asks an origin", [{ connectsFull: true }], {}, []],
  [
    "the node is full, and says it once",
    [{ connectsFull: true }],
    { authorizedByOrigin: true, refusals: ["too many handshakes wait for an origin", "full"] },
    ["too many handshakes wait for an origin", "full"],
  ],
];

for (const [says, routers, options, reasons] of cases) {
  test(`readiness: ${says}`, () => {
    const read = watch(routers, options).read();
    assert.deepEqual(read, { ready: reasons.length === 0, reasons });
  });
}

test("readiness: a lost link is the reason for a full window, at once", () => {
  const watched = watch([{ refusal: "window-full" }]);
  watched.link(busAway, false);
  assert.deepEqual(watched.read().reasons, [busAway]);
});

test("readiness: an outage counts from its begin, and a drain at once", () => {
  const clock = new ManualClock();
  const watched = watch([{}], {}, clock);
  watched.link(busAway, false);
  clock.advance(20_000);
  // The link tried once more, in vain.
  watched.link(busAway, false);
  clock.advance(9_999);
  assert.deepEqual(watched.read().reasons, []);
  clock.advance(1);
  assert.deepEqual(watched.read().reasons, [busAway]);
  watched.link(busAway, true);
  assert.deepEqual(watched.read().reasons, []);
  watched.draining = true;
  assert.deepEqual(watched.read(), { ready: false, reasons: ["draining"] });
});

test("readiness: a clock that is set changes nothing of the time of an outage", () => {
  for (const set of [3_600_000, -3_600_000]) {
    const clock = new ManualClock();
    const watched = watch([{}], {}, clock);
    watched.link(busAway, false);
    clock.set(set);
    clock.advance(29_999);
    assert.deepEqual(watched.read().reasons, [], `${set}`);
    clock.advance(1);
    assert.deepEqual(watched.read().reasons, [busAway], `${set}`);
  }
});
