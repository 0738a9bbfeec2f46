import assert from "node:assert/strict";
import { test } from "node:test";
import {
  appViews,
  findConnection,
  findConnections,
  nodeViews,
  openTails,
} from "../../../../adapters/admin/merge.ts";
import type { AdminMember } from "../../../../adapters/admin/mod.ts";
import { type ErrorCode, ServiceError } from "../../../../core/base/mod.ts";
import type { ConnectionsAnswer, Question } from "../../../../core/inspect/mod.ts";

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
      return () => {
        told.tails--;
      };
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
  assert.deepEqual(await pages(members, 3), [
    ["a.0", "a.1", "a.2"],
    ["a.3", "c.0", "c.1"],
  ]);
  assert.deepEqual(await pages(members, 4), [
    ["a.0", "a.1", "a.2"],
    ["a.3", "c.0", "c.1"],
  ]);
  assert.deepEqual((await pages(members, 1)).flat(), ["a.0", "a.1", "a.2", "a.3", "c.0", "c.1"]);
  assert.ok(members.every(({ told }) => told.limits.every((limit) => limit > 0)));
});

test("a worker that does not answer is passed over, and named", async () => {
  for (const code of ["reply-timeout", "worker-died"] as const) {
    const members = [member("a", 1), member("b", 5, code), member("c", 1)];
    const page = await findConnections(members, {}, { limit: 9, after: "0:0" });
    assert.deepEqual(
      [page.connections.map(({ id }) => id), page.missing],
      [["a.0", "c.0"], ["b"]],
    );
    const views = await nodeViews(members);
    assert.deepEqual(
      views.map(({ node, ready }) => [node, ready]),
      [
        ["a", true],
        ["b", false],
        ["c", true],
      ],
    );
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
  assert.deepEqual(
    members.map(({ told }) => told.tails),
    [0, 1],
  );
  cancel();
  const all = [...members, member("c", 0, "requests-full")];
  assert.throws(() => openTails(all, { group: "g", app: "a" }, listener), {
    code: "requests-full",
  });
  assert.deepEqual(
    members.map(({ told }) => told.tails),
    [0, 0],
  );
});
