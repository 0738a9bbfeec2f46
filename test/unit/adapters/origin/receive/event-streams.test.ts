import assert from "node:assert/strict";
import { test } from "node:test";
import { originLimits } from "../../../../../adapters/origin/base/origin-limits.ts";
import { EventStreams } from "../../../../../adapters/origin/receive/event-streams.ts";
import type { ServiceError } from "../../../../../core/base/mod.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";

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
