import assert from "node:assert/strict";
import { test } from "node:test";
import { type PeerClient, PeerFailure } from "../../../../adapters/peers/peer-client.ts";
import { PeerMembers } from "../../../../adapters/peers/peer-members.ts";
import { peerLimits } from "../../../../adapters/peers/wire/mod.ts";
import { ManualClock, MemoryLogger } from "../../../support/memory/mod.ts";

/** Lets promises that are settled call back. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

test("a peer that refuses is asked once a heartbeat, and logged once a minute", async () => {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const hellos: string[] = [];
  const client = {
    async hello(address: string) {
      hellos.push(address);
      return { node: "b", incarnation: "ib" };
    },
    async messages() {
      throw new PeerFailure("peer-name", "another node has this name", false);
    },
  } as unknown as PeerClient;
  const reachable: boolean[] = [];
  const refused: string[] = [];
  const members = new PeerMembers(
    { node: "a", incarnation: "ia" },
    {
      client,
      clock,
      logger,
      knowledge: { retained: () => [], subscribedApps: () => [] },
      hasLeft: () => false,
    },
    {
      reachable: (_incarnation, now) => reachable.push(now),
      lost: () => {},
      refused: (code) => refused.push(code),
    },
  );
  // Two addresses of one peer: neither may set the other going.
  members.set(new Set(["http://b:1", "http://b:2"]));
  for (let beat = 0; beat < 10; beat++) {
    for (let step = 0; step < 4; step++) {
      await settled();
      clock.advance(peerLimits.heartbeatMs / 4);
    }
  }
  await settled();
  const each = hellos.filter((address) => address === "http://b:1").length;
  assert.ok(each >= 5 && each <= 11, `${each} times in ten heartbeats`);
  assert.ok(hellos.length <= 22, `${hellos.length} times in all`);
  assert.equal(logger.of("peer-down").length, 0);
  const lines = (): unknown[] =>
    logger.of("peer-unreachable").map(({ level, fields }) => `${level} ${fields.code}`);
  assert.deepEqual(new Set(lines()), new Set(["error peer-name"]));
  const before = lines().length;
  assert.ok(before <= 2, "one for each address");
  assert.ok(refused.length >= 5 && refused.every((code) => code === "peer-name"));
  assert.equal(reachable.includes(true), false);
  clock.advance(60_000);
  await settled();
  const later = logger.of("peer-unreachable").slice(before);
  assert.ok(later.length >= 1);
  assert.ok((later[0]?.fields.times as number) > 1);
  members.stop();
});
