import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createWasmCodec } from "../../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { messagesOf, settled } from "../../../support/memory-node/memory-node.ts";
import { GroupModel } from "./group-model.ts";
import {
  appNames,
  closeStep,
  connectStep,
  type GroupStep,
  GroupWorld,
  memberStep,
  narrow,
  nodeNames,
  outageStep,
  publishStep,
  refusalStep,
  type WorldOptions,
  waitStep,
} from "./group-world.ts";

const step: fc.Arbitrary<GroupStep> = fc.oneof(
  { weight: 5, arbitrary: connectStep },
  { weight: 8, arbitrary: memberStep },
  { weight: 12, arbitrary: publishStep },
  { weight: 3, arbitrary: closeStep },
  { weight: 2, arbitrary: outageStep },
  { weight: 2, arbitrary: refusalStep },
  { weight: 1, arbitrary: waitStep },
);
/** Among few: mostly joins and leaves, in long outages. */
const meeting: fc.Arbitrary<GroupStep> = fc.oneof(
  { weight: 6, arbitrary: connectStep },
  { weight: 12, arbitrary: memberStep },
  { weight: 3, arbitrary: publishStep },
  { weight: 3, arbitrary: closeStep },
  { weight: 2, arbitrary: outageStep },
  { weight: 1, arbitrary: refusalStep },
  { weight: 1, arbitrary: waitStep },
);
const schedule = fc.array(step, { minLength: 5, maxLength: 40, size: "max" });
const runs = Number(process.env.PROPERTY_RUNS ?? 500);

/** Enough members for the sockets' own fan-out, on both nodes. */
const crowd: readonly GroupStep[] = nodeNames.flatMap((node) =>
  Array.from({ length: 17 }, (_, index) => ({
    do: "connect" as const,
    node,
    app: "chat" as const,
    user: index % 3 === 0 ? "u1" : undefined,
    groups: index % 2 === 0 ? ["a", "b"] : ["a"],
  })),
);

async function rest(world: GroupWorld): Promise<void> {
  await settled();
  world.clock.turn();
}

/** What the nodes have is what the model says they have. */
function compare(world: GroupWorld, model: GroupModel): void {
  for (const name of nodeNames) {
    const node = world.nodes[name];
    const groups = model.groupsAt(name).sort();
    assert.deepEqual([...node.bus.joined].sort(), groups, `what ${name} has subscribed`);
    assert.equal(node.groups, groups.length, `groups of ${name}`);
    assert.equal(node.taken, model.taken(name), `connections of ${name}`);
  }
}

/** Each message reached those whom it must reach, once, in order, and its sender was told. */
function compareMessages(world: GroupWorld, model: GroupModel): void {
  for (const [index, { state, received }] of model.clients.entries()) {
    const client = world.clients[index]!;
    const opened = state === "open" || state === "closed";
    assert.equal(client.socket !== undefined, opened, `client ${index}`);
    if (client.socket === undefined) continue;
    assert.deepEqual(messagesOf(client.socket), received, `messages of client ${index}`);
  }
  const told = new Map<number, number>();
  const seen = new Set<string>();
  for (const [node, , verb, ref, result] of world.events) {
    if (verb !== "reply") continue;
    const { sent, slow, gone, expired } = result as Record<string, number>;
    assert.deepEqual([slow, gone, expired], [0, 0, 0]);
    assert.equal(seen.has(`${node} ${ref}`), false, "one answer of each node");
    seen.add(`${node} ${ref}`);
    told.set(ref as number, (told.get(ref as number) ?? 0) + sent!);
  }
  for (const [number, count] of model.counts) {
    assert.equal(told.get(number) ?? 0, count, `the answer to ${number}`);
  }
}

/** Everybody goes; nothing of them is left. */
async function end(world: GroupWorld, timers: number): Promise<void> {
  world.do({ do: "outage", up: true });
  await rest(world);
  world.clients.forEach((_, who) => {
    world.do({ do: "close", who, by: "client" });
  });
  world.clock.advance(10_000);
  await rest(world);
  await rest(world);
  assert.equal(world.clock.pendingTimers, timers, "timers");
  for (const name of nodeNames) {
    const { bus, groups, taken } = world.nodes[name];
    assert.deepEqual([[...bus.joined], groups, taken], [[], 0, 0], name);
  }
}

async function check(
  options: WorldOptions,
  before: readonly GroupStep[],
  steps: readonly GroupStep[],
): Promise<void> {
  const [world, model] = [new GroupWorld(options), new GroupModel()];
  await world.start();
  const timers = world.clock.pendingTimers;
  for (const one of [...before, ...steps, { do: "outage", up: true } as const]) {
    world.do(one);
    model.do(one);
    await rest(world);
    compare(world, model);
  }
  for (let turn = 0; turn < 3; turn++) await rest(world);
  compareMessages(world, model);
  await end(world, timers);
}

test("each message reaches whom it must, once, in order; a node subscribes to what it has", () =>
  fc.assert(
    fc.asyncProperty(schedule, (steps) => check({}, [], steps)),
    { numRuns: runs },
  ));

test("the same where few things meet often, in outages too", () =>
  fc.assert(
    fc.asyncProperty(fc.array(meeting, { minLength: 10, maxLength: 50, size: "max" }), (steps) =>
      check({}, [], steps.map(narrow)),
    ),
    { numRuns: runs },
  ));

test("the same with the sockets' own fan-out, and with the codec in WASM", () =>
  fc.assert(
    fc.asyncProperty(fc.boolean(), schedule, (wasm, steps) => {
      const codec = wasm ? createWasmCodec : createReferenceCodec;
      return check({ broadcast: true, codec }, crowd, steps);
    }),
    { numRuns: Math.ceil(runs / 20) },
  ));

/** Runs steps with the turns where they say, and no rest in between. */
async function rush(world: GroupWorld, steps: readonly (GroupStep | "turn")[]): Promise<void> {
  for (const one of steps) {
    if (one === "turn") world.clock.turn();
    else world.do(one);
    if (one === "turn") await settled();
    else await Promise.resolve();
  }
  for (let turn = 0; turn < 3; turn++) await rest(world);
}

const hurried = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant("turn" as const) },
    { weight: 2, arbitrary: connectStep },
    { weight: 6, arbitrary: memberStep },
    { weight: 12, arbitrary: publishStep },
    { weight: 2, arbitrary: closeStep },
  ),
  { minLength: 10, maxLength: 60, size: "max" },
);

test("in a hurry nothing comes twice, in another order, or from another app", () =>
  fc.assert(
    fc.asyncProperty(hurried, async (steps) => {
      const worlds = [new GroupWorld(), new GroupWorld({ broadcast: true })];
      for (const world of worlds) {
        await world.start();
        for (const one of crowd) world.do(one);
        await rest(world);
        await rush(world, steps);
      }
      const [loop, native] = worlds.map(({ clients }) =>
        clients.map(({ socket }) => (socket === undefined ? [] : messagesOf(socket))),
      );
      assert.deepEqual(native, loop, "both ways of fan-out deliver the same");
      worlds[0]!.clients.forEach(({ app }, index) => {
        orderOf(loop![index] as string[], app);
      });
    }),
    { numRuns: Math.ceil(runs / 10) },
  ));

/** Numbers of one publisher by one path rise; there is nothing of another app. */
function orderOf(messages: readonly string[], app: string): void {
  const last = new Map<string, number>();
  for (const message of messages) {
    const [of, reach, , number] = message.split(" ");
    assert.ok(appNames.includes(of as "chat") && of === app, message);
    const path = `${reach}`;
    assert.ok(Number(number) > (last.get(path) ?? -1), `${message} after ${last.get(path)}`);
    last.set(path, Number(number));
  }
}
