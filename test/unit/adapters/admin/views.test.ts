import assert from "node:assert/strict";
import { test } from "node:test";
import { adminLimits } from "../../../../adapters/admin/admin-limits.ts";
import {
  appViews,
  findConnection,
  findConnections,
  nodeViews,
  openTails,
  type TailListener,
} from "../../../../adapters/admin/merge.ts";
import type { AdminMember, AdminSource } from "../../../../adapters/admin/mod.ts";
import { Overview } from "../../../../adapters/admin/overview.ts";
import { tailResponse } from "../../../../adapters/admin/tail-stream.ts";
import { type ErrorCode, ServiceError } from "../../../../core/base/mod.ts";
import type {
  ConnectionsAnswer,
  Question,
  TailFilter,
  TailLine,
} from "../../../../core/inspect/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";

/** A worker with so many connections, which it lists three at a time; or one that fails. */
function member(node: string, count: number, failure?: ErrorCode) {
  const told = { tails: 0, limits: [] as number[], interrupt: () => {} };
  const ask = async (question: Question): Promise<unknown> => {
    if (failure !== undefined) throw new ServiceError(failure, "");
    if (question.what === "node") return { node, ready: true };
    if (question.what === "apps") return [{ app: "default", node }];
    if (question.what !== "connections") return { id: `${node}.x` };
    const { after, limit } = question;
    told.limits.push(limit);
    const end = Math.min(count, after + Math.min(3, limit));
    const ids = Array.from({ length: end - after }, (_, at) => ({ id: `${node}.${after + at}` }));
    return {
      connections: ids,
      next: end < count ? end : undefined,
    } as unknown as ConnectionsAnswer;
  };
  const one: AdminMember = {
    node,
    ask,
    tail: (_filter, _receive, interrupt) => {
      told.interrupt = interrupt;
      if (failure !== undefined) throw new ServiceError(failure, "");
      told.tails++;
      return () => void told.tails--;
    },
  };
  return Object.assign(one, { told });
}

async function pages(members: readonly AdminMember[], limit: number): Promise<string[][]> {
  const found: string[][] = [];
  let after: string | undefined = "0:0";
  while (after !== undefined) {
    const page = await findConnections(members, {}, { limit, after });
    found.push(page.connections.map(({ id }) => id));
    after = page.next;
  }
  return found;
}

test("a search goes from one worker to the next, and no page is too long", async () => {
  const members = [member("a", 4), member("b", 0), member("c", 2)];
  const [first, second] = [
    ["a.0", "a.1", "a.2"],
    ["a.3", "c.0", "c.1"],
  ];
  for (const limit of [3, 4]) assert.deepEqual(await pages(members, limit), [first, second]);
  assert.deepEqual((await pages(members, 1)).flat(), [...first, ...second]);
  assert.ok(members.every(({ told }) => told.limits.every((limit) => limit > 0)));
});

test("a worker that does not answer is passed over, and named", async () => {
  for (const code of ["reply-timeout", "worker-died"] as const) {
    const members = [member("a", 1), member("b", 5, code), member("c", 1)];
    const page = await findConnections(members, {}, { limit: 9, after: "0:0" });
    const ids = page.connections.map(({ id }) => id);
    assert.deepEqual([ids, page.missing], [["a.0", "c.0"], ["b"]]);
    const views = await nodeViews(members);
    const ready = views.map((view) => `${view.node} ${view.ready}`);
    assert.deepEqual(ready, ["a true", "b false", "c true"]);
    assert.deepEqual(views[1]?.reasons, ["does not answer"]);
    assert.equal((await appViews(members)).length, 2);
  }
  const full = [member("a", 1, "requests-full")];
  await assert.rejects(findConnections(full, {}, { limit: 9, after: "0:0" }), {
    code: "requests-full",
  });
});

test("a connection is looked for, and followed, at its own node alone", async () => {
  const members = [member("a", 1), member("b", 1)];
  assert.equal((await findConnection(members, "b.x"))?.id, "b.x");
  assert.equal(await findConnection(members, "c.x"), undefined);
  const interrupted: string[] = [];
  const listener = {
    received: () => {},
    interrupted: (node: string) => void interrupted.push(node),
  };
  const cancel = openTails(members, { connection: "b.x" }, listener);
  members[1]?.told.interrupt();
  assert.deepEqual(interrupted, ["b"]);
  const tails = (): number[] => members.map(({ told }) => told.tails);
  assert.deepEqual(tails(), [0, 1]);
  cancel();
  const all = [...members, member("c", 0, "requests-full")];
  assert.throws(() => openTails(all, { group: "g", app: "a" }, listener), {
    code: "requests-full",
  });
  assert.deepEqual(tails(), [0, 0]);
});

/** A process whose counters and clock are the test's. */
class Rig {
  at = 1_000_000;
  opened = 100;
  reasons: string[] = [];
  readonly overview: Overview;

  constructor() {
    const member = (node: string, connections: number) => ({
      node,
      ask: async () => ({ node, connections }),
      tail: () => () => {},
    });
    const source = {
      identity: { node: "edge-1" },
      members: () => [member("edge-1-0", 2), member("edge-1-1", 3)],
      totals: async () => ({ opened: this.opened }),
      ready: () => this.reasons,
    } as unknown as AdminSource;
    this.overview = new Overview(source, () => this.at);
  }

  async rates(): Promise<unknown> {
    const { rates, ratesOverMs } = await this.overview.read();
    return rates === undefined ? undefined : [rates, ratesOverMs];
  }
}

test("rates are per second, since the reading before", async () => {
  const rig = new Rig();
  assert.equal(await rig.rates(), undefined);
  rig.at += 2_000;
  rig.opened += 5;
  assert.deepEqual(await rig.rates(), [{ opened: 2.5 }, 2_000]);
  rig.at += 4_000;
  assert.deepEqual(await rig.rates(), [{ opened: 0 }, 4_000]);
});

test("a second reader right after the first one gets rates of a long enough time", async () => {
  const rig = new Rig();
  await rig.rates();
  rig.at += 2_000;
  rig.opened += 10;
  await rig.rates();
  rig.at += 10;
  assert.deepEqual(await rig.rates(), [{ opened: 10_000 / 2_010 }, 2_010]);
});

test("a counter that went back is no negative rate", async () => {
  const rig = new Rig();
  await rig.rates();
  rig.at += 1_000;
  rig.opened = 1;
  assert.deepEqual(await rig.rates(), [{ opened: 0 }, 1_000]);
});

test("connections of all workers are summed up, and a reason makes it unready", async () => {
  const rig = new Rig();
  const first = await rig.overview.read();
  assert.deepEqual([first.connections, first.ready, first.reasons], [5, true, []]);
  rig.reasons = ["draining"];
  const then = await rig.overview.read();
  assert.deepEqual([then.node, then.ready, then.reasons], ["edge-1", false, ["draining"]]);
});

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
      return () => void told.cancelled++;
    },
    ended: () => void told.ended++,
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
