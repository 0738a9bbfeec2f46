import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../../../../core/base/mod.ts";
import {
  type BatchRig,
  message,
  openRig,
  type RigNode,
} from "../../../../support/http/batch-rig.ts";
import type { PendingRequest } from "../../../../support/http/origin-rig.ts";

const a = "n.aaaaaaaaaaaaaaaaaaaaaaaaaa";
const b = "n.bbbbbbbbbbbbbbbbbbbbbbbbbb";
const poison = "poison";
const closeOfA = ["close", a, 1013, "origin-failed", { cause: "error" }];
const assigned = (id: string): unknown[] => ["assigned", id, 1, {}];
const timeOut = new ServiceError("http-timeout", "http://origin.test did not answer");

/** What the HTTP origin of a test does, and what it got. */
class FakeOrigin {
  readonly #rig: BatchRig;
  readonly items: (readonly unknown[])[] = [];
  isPoisoned: (body: string) => boolean = (body) => body.includes(poison);
  seen: (request: PendingRequest) => void = () => {};
  /** How a request with the poison fails. */
  fail: (request: PendingRequest) => Promise<void> = (one) => one.answer(500);
  /** Requests that failed. */
  failed = 0;
  /** What it says to a batch without items. */
  probeStatus = 200;

  constructor(rig: BatchRig) {
    this.#rig = rig;
  }

  /** Answers requests until this is so; returns how long that took. */
  async until(done: () => boolean): Promise<number> {
    const began = this.#rig.clock.now();
    for (let step = 0; !done(); step++) {
      assert.ok(step < 20_000, "it does not end");
      if (this.#rig.requests.length === 0) await this.#rig.advance(50);
      else await this.#answer(this.#rig.next());
    }
    return this.#rig.clock.now() - began;
  }

  async #answer(request: PendingRequest): Promise<void> {
    if (request.body === "[]") return request.answer(this.probeStatus);
    this.seen(request);
    if (this.isPoisoned(request.body)) {
      this.failed++;
      return this.fail(request);
    }
    const batch = JSON.parse(request.body);
    this.items.push(...(batch[0] === 1 ? batch[3] : batch));
    return request.answer(200);
  }
}

interface Scene {
  readonly rig: BatchRig;
  readonly node: RigNode;
  readonly origin: FakeOrigin;
}

const gone = ({ rig }: Scene) => rig.presences.at(-1) === "";

/** The origin was given up over these items, and is back. */
async function givenUp(retryMs: number, ...items: readonly unknown[]): Promise<Scene> {
  const { rig, node } = await openRig({ retryMs, secret: "s" });
  const scene = { rig, node, origin: new FakeOrigin(rig) };
  await node.events("n:i1:h:1", 0, ...items);
  await scene.origin.until(() => gone(scene));
  assert.equal(rig.errors.includes("origin-failed"), false, "nothing was left out");
  await scene.origin.until(() => !gone(scene));
  node.commands();
  return scene;
}

/** It was given up over these items once, is back, and got them again. */
async function givenUpOnce(retryMs: number, ...items: readonly unknown[]): Promise<Scene> {
  const scene = await givenUp(retryMs, ...items);
  scene.origin.items.length = 0;
  scene.origin.failed = 0;
  await scene.node.events("n:i1:h:2", 0, assigned(a), assigned(b), ...items);
  return scene;
}

/** Whether the node was told to close the poison's connection. */
function closed({ node }: Scene): () => boolean {
  const commands: unknown[] = [];
  return () => {
    commands.push(...node.commands());
    if (commands.length === 0) return false;
    assert.deepEqual(commands, [closeOfA]);
    return true;
  };
}

/** In place of a further message of a connection that is being closed. */
const nothing: unknown[] = ["alive", []];

const many = Array.from({ length: 400 }, (_, at) => message(at % 2 === 0 ? a : b, 1 + (at >> 1)));
const poisoned = many.with(170, message(a, 86, poison));

test("an event that always fails is left out, its connection is closed, others pass", async () => {
  const scene = await givenUpOnce(2_000, ...poisoned);
  const { rig, node, origin } = scene;
  const took = await origin.until(closed(scene));
  assert.ok(took >= 2_000 && took < 6_000, `alone it has the time of any request: ${took} ms`);
  await origin.until(() => origin.items.length >= 401);
  const others = poisoned
    .toSpliced(170, 1)
    .map((item, at) => (at > 170 && item[1] === a ? nothing : item));
  assert.deepEqual(origin.items, [assigned(a), assigned(b), ...others], "once and in order");
  assert.deepEqual((await node.acks()).at(-1), ["ack", "n:i1:h:2", 402]);
  assert.equal(rig.errors.filter((code) => code === "origin-failed").length, 1);
  assert.equal(rig.logger.of("origin-failed").length, 1);
  assert.equal(rig.logger.of("origin-unreachable").length, 1, "it was not given up again");
  await node.events("n:i1:h:2", 402, ["close", a, 202, 1013, "origin-failed", "error"]);
  await origin.until(() => origin.items.at(-1)?.[0] === "close");
});

test("a connection with many such events is closed for the first of them", async () => {
  const items = [1, 2, 3].map((seq) => message(a, seq, poison));
  const scene = await givenUpOnce(2_000, ...items, message(b, 1));
  const { rig, node, origin } = scene;
  await origin.until(closed(scene));
  const end = ["close", a, 5, 1013, "", ""];
  await node.events("n:i1:h:2", 6, message(a, 4, poison), message(b, 2), end);
  await origin.until(() => rig.origin.unconfirmedBytes === 0);
  const told = origin.items.filter(([verb]) => verb !== "assigned" && verb !== "alive");
  assert.deepEqual(told, [message(b, 1), message(b, 2), end]);
  assert.equal(rig.errors.filter((code) => code === "origin-failed").length, 1);
  await node.events("n:i1:h:2", 9, message(a, 6));
  await origin.until(() => origin.items.some(([, id, seq]) => id === a && seq === 6));
});

test("each event that is found makes the time of the next one shorter", async () => {
  const retryMs = 8_000;
  const ids = Array.from({ length: 6 }, (_, at) => `n.${String(at).repeat(26)}`);
  const scene = await givenUpOnce(retryMs, ...ids.map((id) => message(id, 1, poison)));
  const { rig, origin } = scene;
  const times: number[] = [];
  const found = (): number => rig.errors.filter((code) => code === "origin-failed").length;
  for (const [index] of ids.entries()) times.push(await origin.until(() => found() > index));
  const expected = [1, 2, 4, 8, 8, 8].map((divisor) => retryMs / divisor);
  for (const [index, time] of times.entries()) {
    const least = expected[index]!;
    assert.ok(time >= least && time <= least + 1_000, `${index}: ${time} ms, ${least} expected`);
  }
});

test("after the search requests are as large as before", async () => {
  const scene = await givenUpOnce(2_000, ...poisoned);
  const { rig, node, origin } = scene;
  await origin.until(closed(scene));
  let next = 402;
  for (; next < 4_002; next += 400) {
    await node.events("n:i1:h:2", next, ...many);
    await origin.until(() => rig.requests.length === 0);
  }
  await node.events("n:i1:h:2", next, ...many);
  assert.equal((rig.bodies[0] as unknown[][])[3]?.length, 400);
});

test("an event that the origin hangs on costs a few time-outs", async () => {
  const scene = await givenUpOnce(0, ...poisoned);
  const { rig, origin } = scene;
  origin.fail = async (request) => {
    await rig.advance(15_000);
    await request.fail(timeOut);
  };
  const took = await origin.until(closed(scene));
  assert.ok(origin.failed <= 6, `${origin.failed} requests hung`);
  assert.ok(took <= 6 * 15_000 + 2_000, `${took} ms`);
});

test("while the origin cannot be reached nothing is left out", async () => {
  const scene = await givenUpOnce(2_000, message(a, 1, poison));
  const { rig, node, origin } = scene;
  origin.probeStatus = 503;
  await origin.until(() => gone(scene));
  assert.deepEqual(node.commands(), []);
  assert.equal(rig.errors.includes("origin-failed"), false);
});

test("long after it was given up a failure is one of the origin again", async () => {
  const scene = await givenUp(2_000, message(a, 1, poison));
  const { rig, node } = scene;
  await rig.advance(600_000);
  await node.events("n:i1:h:2", 0, message(a, 1, poison));
  await scene.origin.until(() => gone(scene));
  assert.deepEqual(node.commands(), []);
});

test("a handshake that always fails is refused; other items end nothing", async () => {
  const scene = await givenUp(0, message(a, 1, poison));
  const { rig, node } = scene;
  const items = [
    ["connect", b, { path: poison }],
    ["close", a, 2, 1000, poison, "client"],
  ];
  await node.events("n:i1:h:2", 0, ...items);
  await scene.origin.until(() => rig.origin.unconfirmedBytes === 0);
  assert.deepEqual((await node.acks()).at(-1), ["ack", "n:i1:h:2", 2]);
  assert.deepEqual(node.commands(), [["reject", b, 503]]);
});

test("the closes of a dead node are searched too, each part under a name of its own", async () => {
  const scene = await givenUpOnce(0, message(a, 1, poison));
  const { rig, node, origin } = scene;
  await origin.until(closed(scene));
  await node.events("n:i1:h:2", 3, ["close", a, 2, 1013, "origin-failed", "error"]);
  const other = `n.${"c".repeat(26)}`;
  await node.events("n:i1:h:2", 4, ["open", other, 0, {}]);
  await origin.until(() => rig.origin.unconfirmedBytes === 0);
  origin.isPoisoned = (body) => body.includes(b);
  const names = new Map<string, string>();
  origin.seen = ({ body, headers }) => names.set(body, headers["webhook-id"]!);
  await node.presence(undefined);
  await rig.advance(2_100);
  await origin.until(() => rig.origin.unconfirmedBytes === 0);
  const closes = [b, other].map((id) => ["close", id, null, 1006, "", "node-lost"]);
  assert.deepEqual(
    [...names.keys()],
    [closes, [closes[0]], [closes[1]]].map((one) => JSON.stringify(one)),
  );
  assert.equal(new Set(names.values()).size, 3);
  assert.deepEqual(origin.items.at(-1), closes[1]);
});

test("with --origin-retry 0 nothing is sent twice, not even by the HTTP client", async () => {
  const { rig, node } = await openRig({ retryMs: 0 });
  await node.events("n:i1:h:1", 0, message(a, 1));
  assert.equal(rig.next().repeatable, false);
  const second = await openRig({ retryMs: 1 });
  await second.node.events("n:i1:h:1", 0, message(a, 1));
  assert.equal(second.rig.next().repeatable, true);
});

test("an origin that is given up again and again is left alone, and rarely logged", async () => {
  const { rig, node } = await openRig({ retryMs: 0 });
  const scene = { rig, node, origin: new FakeOrigin(rig) };
  const minutes = 20;
  const began = rig.clock.now();
  let cycles = 0;
  for (; rig.clock.now() - began < minutes * 60_000; cycles++) {
    scene.origin.probeStatus = 500;
    await node.events(`n:i1:h:${cycles}`, 0, message(a, 1, poison));
    await scene.origin.until(() => gone(scene));
    scene.origin.probeStatus = 200;
    await scene.origin.until(() => !gone(scene));
  }
  assert.ok(cycles <= minutes + 10, `${cycles} times`);
  for (const event of ["origin-unreachable", "origin-reachable"]) {
    const lines = rig.logger.of(event);
    assert.ok(lines.length <= minutes + 1, `${event}: ${lines.length} lines`);
    const times = lines.reduce((sum, { fields }) => sum + Number(fields?.times), 0);
    assert.ok(times > lines.length, "lines that were left out are counted");
  }
});
