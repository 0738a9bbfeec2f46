import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { Dispatcher } from "../../../../../adapters/origin/dispatch/dispatcher.ts";
import {
  EventReceiver,
  type NodeListener,
} from "../../../../../adapters/origin/receive/event-receiver.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";

test("a close says which number it has, and none where no node told it", () => {
  const dispatcher = new Dispatcher();
  const listener = { ackDue() {} } as Partial<NodeListener> as NodeListener;
  const commands = undefined as never;
  const receiver = new EventReceiver(new ManualClock(), dispatcher, commands, listener);
  const ends: unknown[] = [];
  dispatcher.on("close", ({ connection: { id }, seq, cause }) => void ends.push([id, seq, cause]));
  const items = [
    ["open", "n1.a", 0, {}],
    ["message", "n1.a", 1, "hello"],
    ["close", "n1.a", 2, 1000, "", "client"],
    ["open", "n1.b", 0, {}],
  ];
  receiver.receive("origins/o1/events/n1", "n1", encode([1, "s", 0, items]), true);
  receiver.nodeLost("n1", undefined);
  assert.deepEqual(ends, [
    ["n1.a", 2, "client"],
    ["n1.b", undefined, "node-lost"],
  ]);
});
