import assert from "node:assert/strict";
import { test } from "node:test";
import { PublishTurn } from "../../../../core/events/publish-turn.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { settled } from "../../../support/memory-node/memory-node.ts";
import { eventsOf } from "../../../support/memory-node/node-rig.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

class BurstClock extends ManualClock {
  readonly turnsOfBurst = 3;
}

interface Rig {
  readonly clock: ManualClock;
  readonly opens: () => void;
  readonly writes: () => void;
  /** Ends a turn: how many items go out. */
  readonly turn: () => number;
}

function rig(clock: ManualClock = new BurstClock()): Rig {
  let next = 0;
  let sent = 0;
  let out = 0;
  const turn = new PublishTurn(clock, () => {
    out = next - sent;
    sent = next;
  });
  return {
    clock,
    opens: () => {
      next++;
      turn.opened();
    },
    writes: () => {
      next++;
      turn.written();
    },
    turn: () => {
      out = 0;
      clock.turn();
      return out;
    },
  };
}

test("clients that come in one by one go out together, as long as one comes in each turn", () => {
  const { opens, turn } = rig();
  opens();
  assert.equal(turn(), 0);
  opens();
  assert.equal(turn(), 0);
  assert.equal(turn(), 2, "none came in this turn");
  assert.equal(turn(), 0);
});

test("they wait for as many turns as the clock says, and no longer", () => {
  const { opens, turn } = rig();
  const out: number[] = [];
  for (let count = 0; count < 8; count++) {
    opens();
    out.push(turn());
  }
  assert.deepEqual(out, [0, 0, 0, 4, 0, 0, 0, 4]);
});

test("whatever else is written goes out at the end of its turn, and they with it", () => {
  const { opens, turn, writes } = rig();
  opens();
  assert.equal(turn(), 0);
  writes();
  opens();
  assert.equal(turn(), 3);
  writes();
  assert.equal(turn(), 1);
});

test("where clients come in together they go out at the end of the turn", () => {
  const { opens, turn } = rig(new ManualClock());
  opens();
  opens();
  assert.equal(turn(), 2);
});

test("in a gateway, clients that connect wait for one another, and messages do not", async () => {
  const clock = new BurstClock();
  const rig = await ReplyRig.start({}, { clock });
  const opened = async (): Promise<number> => {
    clock.turn();
    await settled();
    return eventsOf(rig.published, "open").length;
  };
  rig.node.connect();
  assert.equal(await opened(), 0);
  rig.node.connect();
  assert.equal(await opened(), 0);
  assert.equal(await opened(), 2);
  const socket = rig.node.connect();
  assert.equal(await opened(), 2);
  socket.receive("x");
  assert.equal(await opened(), 3);
});
