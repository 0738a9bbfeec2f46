import assert from "node:assert/strict";
import { test } from "node:test";
import { adminLimits } from "../../../../adapters/admin/admin-limits.ts";
import type { TailListener } from "../../../../adapters/admin/merge.ts";
import { tailResponse } from "../../../../adapters/admin/tail-stream.ts";
import type { TailFilter, TailLine } from "../../../../core/inspect/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

const line: TailLine = { at: 1, kind: "event", verb: "message", text: "x".repeat(500) };
const none = { lines: 0, batches: 0 };

function open(filter: TailFilter = { connection: "n.AAAAx" }) {
  const clock = new ManualClock();
  let listener: TailListener | undefined;
  const told = { cancelled: 0, ended: 0 };
  const response = tailResponse({
    clock,
    filter,
    open: (given) => {
      listener = given;
      return () => {
        told.cancelled++;
      };
    },
    ended: () => {
      told.ended++;
    },
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  return {
    clock,
    told,
    response,
    reader,
    take: (lines: TailLine[], leftOut = none) => listener?.received(lines, leftOut),
    interrupt: (node: string) => listener?.interrupted(node),
  };
}

async function readAll({ reader }: Pick<ReturnType<typeof open>, "reader">): Promise<string> {
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += new TextDecoder().decode(value);
  }
}

test("a reader that is slow gets what fits, and the number of the others", async () => {
  const tail = open();
  assert.equal(tail.response.headers.get("content-type"), "text/event-stream");
  const lines = 1_000;
  for (let count = 0; count < lines; count++) tail.take([line], { lines: 1, batches: 1 });
  // Somebody reads again.
  let text = "";
  for (let count = 0; count < 40; count++) {
    text += new TextDecoder().decode((await tail.reader.read()).value);
  }
  assert.match(text, /^event: ready\n/);
  tail.take([], { lines: 3, batches: 2 });
  for (let count = 0; count < lines; count++) tail.take([line]);
  tail.clock.advance(adminLimits.tailMsMax);
  text += await readAll(tail);
  const shown = text.match(/^event: line$/gm)?.length ?? 0;
  const said = [...text.matchAll(/^event: left-out\ndata: (.*)$/gm)].map(([, data = ""]) =>
    JSON.parse(data),
  );
  const sum = (name: string): number => said.reduce((total, one) => total + one[name], 0);
  assert.deepEqual([sum("lines"), sum("batches")], [lines + 3, lines + 2]);
  assert.ok(sum("slow") > 0);
  assert.equal(shown + sum("slow"), 2 * lines);
  assert.ok(text.length < 3 * adminLimits.tailBytesMax);
  assert.match(text, /event: end\ndata: \{"reason":"time"\}\n\n$/);
  assert.deepEqual(tail.told, { cancelled: 1, ended: 1 });
  assert.equal(tail.clock.pendingTimers, 0);
});

test("a tail of a connection ends with its close, and comments keep it alive", async () => {
  const tail = open();
  tail.clock.advance(adminLimits.tailCommentMs * 2);
  tail.take([{ at: 1, kind: "command", verb: "close" }]);
  tail.take([{ at: 1, kind: "event", verb: "close" }]);
  tail.take([line]);
  const text = await readAll(tail);
  assert.equal(text.match(/^:$/gm)?.length, 2);
  assert.match(text, /"kind":"event","verb":"close"\}\n\nevent: end\ndata: \{"reason":"closed"\}/);
  assert.equal(tail.clock.pendingTimers, 0);
});

test("a tail of a connection ends with its worker, and one of a group goes on", async () => {
  const one = open();
  one.interrupt("n");
  one.interrupt("n");
  assert.match(await readAll(one), /\n\nevent: end\ndata: \{"reason":"worker-died"\}\n\n$/);
  assert.deepEqual(one.told, { cancelled: 1, ended: 1 });
  const group = open({ group: "g", app: "a" });
  group.interrupt("n");
  group.take([line]);
  group.clock.advance(adminLimits.tailMsMax);
  const text = await readAll(group);
  assert.match(text, /event: interrupted\ndata: \{"node":"n"\}\n\nevent: line\n/);
});

test("a reader that is slow is not told of every worker that ends", async () => {
  const group = open({ group: "g", app: "a" });
  for (let count = 0; count < 10_000; count++) group.interrupt("n");
  group.clock.advance(adminLimits.tailMsMax);
  const text = await readAll(group);
  assert.ok(text.length < 2 * adminLimits.tailBytesMax);
  const told = text.match(/^event: interrupted$/gm)?.length ?? 0;
  const [, slow] = /"slow":(\d+)/.exec(text) ?? [];
  assert.equal(told + Number(slow), 10_000);
});

test("a reader that goes ends the tail at once", async () => {
  const tail = open();
  await tail.reader.cancel();
  assert.deepEqual(tail.told, { cancelled: 1, ended: 1 });
  assert.equal(tail.clock.pendingTimers, 0);
  tail.take([line]);
});
