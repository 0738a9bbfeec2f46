import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { type Command, readCommands } from "../../../../../adapters/http-wire/mod.ts";
import { InProcessBus } from "../../../../../adapters/in-process/mod.ts";
import { serviceLimits } from "../../../../../adapters/service-port/base/service-limits.ts";
import { LinkCommandPort } from "../../../../../adapters/service-port/mod.ts";
import { encodePresence, type Link, type OpenLink } from "../../../../../adapters/topics/mod.ts";
import { ManualClock, MemoryLogger, SeededRandom } from "../../../../support/memory/mod.ts";
import { settled } from "../../../../support/memory-node/memory-node.ts";

type Item = readonly [verb: string, ...rest: unknown[]];
type Result = Readonly<Record<string, unknown>> | undefined;
type Answer = (item: Item) => Result | Promise<Result>;

const root = "wss/v1/default";

/** Publishes, and resolves when the bus has it. */
function publish(link: Link, topic: string, payload: Uint8Array, retain = false): Promise<void> {
  return new Promise((resolve) =>
    link.publish(`${root}/${topic}`, payload, () => resolve(), retain),
  );
}

/** The command port of node `a`, and nodes that answer what a test says. */
class Rig {
  readonly clock: ManualClock = new ManualClock();
  readonly bus: InProcessBus = new InProcessBus();
  readonly port: LinkCommandPort;
  /** What was published: `TOPIC item …`, in order. */
  readonly seen: [topic: string, ...items: Item[]][] = [];

  constructor(through: (openLink: OpenLink) => OpenLink = (openLink) => openLink, isNode = true) {
    const ports = {
      clock: this.clock,
      random: new SeededRandom(1),
      logger: new MemoryLogger(),
      openLink: through(this.bus.open),
    };
    const options = { apps: ["default"], node: "a", isNode, lost: () => {} };
    this.port = new LinkCommandPort(options, ports);
  }

  static async start(
    through?: (openLink: OpenLink) => OpenLink,
    isNode: boolean = true,
  ): Promise<Rig> {
    const rig = new Rig(through, isNode);
    await rig.port.start();
    return rig;
  }

  /** A node lives; it answers each command that has a `ref`. */
  async node(name: string, answer: Answer = () => undefined): Promise<Link> {
    const filters = [`${root}/nodes/${name}/commands/+`, `${root}/commands/+`];
    const link = this.bus.open({ name, role: "test", filters });
    await link.start({
      connected: () => {},
      message: (topic, payload) => {
        const items = decode(payload) as Item[];
        if (topic.includes(`/nodes/${name}/`))
          this.seen.push([topic.slice(root.length), ...items]);
        for (const item of items) void this.#reply(link, name, item, answer(item));
      },
    });
    const presence = { v: 1, incarnation: name, at: 1, every: 1e6 } as const;
    const full = { ...presence, connections: 0, runtime: "node", version: "0" };
    await publish(link, `presence/nodes/${name}`, encodePresence(full), true);
    await settled();
    return link;
  }

  async #reply(
    link: Link,
    name: string,
    item: Item,
    answer: Result | Promise<Result>,
  ): Promise<void> {
    const result = await answer;
    const { ref } = (item.at(-1) ?? {}) as { readonly ref?: unknown };
    if (result === undefined || ref === undefined) return;
    await publish(link, `origins/a/events/${name}`, encode([["reply", ref, result]]));
  }

  /** Resolves when nodes have so many batches. */
  async has(batches: number): Promise<void> {
    while (this.seen.length < batches) await settled();
  }

  run(...items: readonly unknown[][]): ReturnType<LinkCommandPort["run"]> {
    return this.port.run("default", readCommands(items));
  }
}

/** Links whose publishes are carried out in another way. */
const publishing =
  (change: (publish: Link["publish"]) => Link["publish"]) =>
  (openLink: OpenLink): OpenLink =>
  (options) => {
    const link = openLink(options);
    return Object.assign(link, { publish: change(link.publish.bind(link)) });
  };

/** As a node answers for ids. */
const outcome =
  (word: string): Answer =>
  ([, ids]) =>
    Object.fromEntries([ids].flat().map((id) => [id, word]));

test("the port of a supervisor waits for nodes that are present, and for no other", async () => {
  const rig = await Rig.start(undefined, false);
  assert.equal(rig.port.reaches("default", "a.x"), false);
  await rig.node("a-0", () => ({ node: "a-0", count: 2, connections: [] }));
  assert.equal(rig.port.reaches("default", "a-0.x"), true);
  const [result] = await rig.run(["query", "@all", { count: true }]);
  assert.deepEqual(result, { count: 2, gone: [], connections: [], missing: [] });
});

test("a node of several apps has the connections of all, heard of when it last told", async () => {
  const bus = new InProcessBus();
  const ports = {
    clock: new ManualClock(),
    random: new SeededRandom(1),
    logger: new MemoryLogger(),
    openLink: bus.open,
  };
  const apps = ["default", "chat", "left"];
  const port = new LinkCommandPort({ apps, node: "a", isNode: false, lost: () => {} }, ports);
  await port.start();
  const link = bus.open({ name: "b", role: "test", filters: [] });
  await link.start({ connected: () => {}, message: () => {} });
  const said = { v: 1, incarnation: "two", every: 1e6 } as const;
  const presence = { ...said, runtime: "node", version: "0" };
  for (const [app, more] of [
    ["default", { at: 5, connections: 3 }],
    ["chat", { at: 4, connections: 4 }],
    ["left", { at: 1, connections: 9, incarnation: "one" }],
  ] as const) {
    const payload = encodePresence({ ...presence, ...more });
    const topic = `wss/v1/${app}/presence/nodes/b`;
    await new Promise<void>((resolve) => link.publish(topic, payload, () => resolve(), true));
  }
  await settled();
  const told = port.nodePresences().get("b");
  assert.deepEqual(told, { ...presence, at: 5, connections: 7 });
});

test("commands go to the nodes of their ids, one batch each; the outcomes come back", async () => {
  const rig = await Rig.start();
  await rig.node("a", outcome("sent"));
  await rig.node("b", outcome("slow"));
  const [first, second] = await rig.run(
    ["send", ["a.1", "b.1", "a.2"], "x"],
    ["send", "b.2", "y", { ttl: 50 }],
  );
  assert.deepEqual(first, { "a.1": "sent", "b.1": "slow", "a.2": "sent" });
  assert.deepEqual(second, { "b.2": "slow" });
  const shown = rig.seen.map(([topic, ...items]) => [
    topic,
    ...items.map(([verb, ids, data]) => [verb, ids, data]),
  ]);
  assert.deepEqual(shown, [
    ["/nodes/a/commands/a", ["send", ["a.1", "a.2"], "x"]],
    ["/nodes/b/commands/a", ["send", ["b.1"], "x"], ["send", ["b.2"], "y"]],
  ]);
  const options = rig.seen.flatMap(([, ...items]) => items.map((item) => item.at(-1)));
  for (const one of options) assert.equal((one as { direct: unknown }).direct, true);
  // Whoever gets it late knows how old it is.
  assert.deepEqual((options[2] as { at: unknown }).at, rig.clock.now());
});

test("ids of nodes that do not live are gone, and nothing is published for them", async () => {
  const rig = await Rig.start();
  await rig.node("a", outcome("sent"));
  const b = await rig.node("b", outcome("sent"));
  await publish(b, "presence/nodes/b", new Uint8Array(0), true);
  const [sent, asked] = await rig.run(
    ["send", ["a.1", "b.1", "c.1"], "x"],
    ["query", ["b.1", "c.1"]],
  );
  assert.deepEqual(sent, { "a.1": "sent", "b.1": "gone", "c.1": "gone" });
  assert.deepEqual([asked?.gone, asked?.missing], [["b.1", "c.1"], []]);
  const topics = rig.seen.map(([topic]) => topic);
  assert.deepEqual(topics, ["/nodes/a/commands/a"]);
  const reached = ["a.1", "b.1", "c.1"].filter((id) => rig.port.reaches("default", id));
  assert.deepEqual(reached, ["a.1"]);
});

test("a command to a group waits for what stands before it, and every node answers", async () => {
  const rig = await Rig.start();
  const order: string[] = [];
  const counts = { sent: 1, slow: 0, gone: 0, expired: 0 };
  let join = (): void => {};
  const joined = new Promise<void>((resolve) => {
    join = resolve;
  });
  for (const node of ["a", "b"]) {
    await rig.node(node, async (item) => {
      order.push(`${node} ${item[0]}`);
      if (item[0] === "publish") return { node, ...counts };
      if (node === "b") await joined;
      return outcome("joined")(item);
    });
  }
  const run = rig.run(["join", ["a.1", "b.1"], "g"], ["publish", "g", "x"]);
  await rig.has(2);
  await settled();
  assert.deepEqual(order, ["a join", "b join"]);
  join();
  const [, published] = await run;
  const nodes = { a: counts, b: counts };
  assert.deepEqual(published, { ...counts, sent: 2, nodes, missing: [] });
  assert.deepEqual(order, ["a join", "b join", "a publish", "b publish"]);
});

test("a node that does not answer in time leaves its ids unknown", async () => {
  const rig = await Rig.start();
  await rig.node("a");
  const run = rig.run(["send", "a.1", "x"]);
  await rig.has(1);
  rig.clock.advance(10_000);
  assert.deepEqual(await run, [{ "a.1": "unknown" }]);
});

test("another's reply, and one that is no batch, is nobody's", async () => {
  const rig = await Rig.start();
  const a = await rig.node("a");
  const run = rig.run(["send", "a.1", "x"]);
  await rig.has(1);
  const forged = [["reply", "guess:0", { "a.1": "sent" }]];
  for (const payload of [
    encode(forged),
    new Uint8Array([0xc1]),
    encode(1),
    encode([1, "s", 0, forged]),
  ]) {
    await publish(a, "origins/a/events/a", payload);
  }
  rig.clock.advance(10_000);
  assert.deepEqual(await run, [{ "a.1": "unknown" }]);
});

test("commands that the bus does not take are bounded; what is not begun is told", async () => {
  const held: (() => void)[] = [];
  let hold = false;
  const rig = await Rig.start(
    publishing((publish) => (topic, payload, done, retain) => {
      const answered: typeof done = (...answer) =>
        hold ? held.push(() => done(...answer)) : done(...answer);
      publish(topic, payload, answered, retain);
    }),
  );
  await rig.node("a", outcome("sent"));
  hold = true;
  const data = new Uint8Array(16_000_000);
  const large: Command[] = readCommands([["send", "a.1", data]]);
  const fits = Math.floor(serviceLimits.commandsBytesMax / data.length);
  for (let count = 0; count < fits; count++) await rig.port.send("default", large);
  await assert.rejects(rig.port.send("default", large), { code: "requests-full" });
  await assert.rejects(rig.port.run("default", large), { code: "requests-full" });
  const [small, refused] = await rig.run(["send", "a.1", "x"], ["publish", "g", data]);
  assert.deepEqual([small, refused], [{ "a.1": "sent" }, { error: "requests-full" }]);
  hold = false;
  await settled();
  for (const release of held.splice(0)) release();
  await rig.port.send("default", large);
});

test("a fault of the program in the middle of a batch is told too", async () => {
  let isBroken = false;
  const rig = await Rig.start(
    publishing((publish) => (topic, ...rest) => {
      if (isBroken && topic === `${root}/commands/a`) throw new Error("a fault");
      publish(topic, ...rest);
    }),
  );
  await rig.node("a", outcome("sent"));
  isBroken = true;
  const results = await rig.run(["send", "a.1", "x"], ["publish", "g", "y"], ["send", "a.1", "z"]);
  assert.deepEqual(results, [{ "a.1": "sent" }, { error: "internal" }, { error: "internal" }]);
  await assert.rejects(rig.run(["publish", "g", "y"]), /a fault/);
});

test("a command that fits no packet of the broker is refused before any is sent", async () => {
  const rig = await Rig.start(
    (openLink) => (options) =>
      Object.defineProperty(openLink(options), "packetBytesMax", { value: 2_000 }),
  );
  await rig.node("a", outcome("sent"));
  const run = rig.run(["send", "a.1", "x"], ["send", "a.2", "x".repeat(2_000)]);
  await assert.rejects(run, { code: "batch-too-big" });
  assert.deepEqual(rig.seen, []);
});

test("nothing can be sent before the link is up", async () => {
  const rig = new Rig();
  assert.equal(rig.port.ready, false);
  await rig.port.start();
  assert.equal(rig.port.ready, true);
  await rig.port.stop();
  assert.equal(rig.port.ready, false);
});

const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `a.${at}`);

test("a command of many ids goes out in pieces, in their order", async () => {
  const rig = await Rig.start();
  await rig.node("a", ([verb, ids]) => {
    const own = ids as string[];
    if (verb === "send") return Object.fromEntries(own.map((id) => [id, "sent"]));
    const connections = own.map((id) => ({ id, at: 1, bufferedAmount: 0 }));
    return { node: "a", count: own.length, connections, gone: [] };
  });
  const ids = many(5_500);
  const [sent] = await rig.run(["send", ids, "x"]);
  assert.deepEqual(sent, Object.fromEntries(ids.map((id) => [id, "sent"])));
  const pieces = rig.seen.flatMap(([, ...items]) => items.map(([, own]) => own as string[]));
  assert.deepEqual(pieces.flat(), ids);
  assert.ok(pieces.every(({ length }) => length <= serviceLimits.pieceIds));
  const [found] = await rig.run(["query", [...ids.slice(0, 2_500), "a.1", "b.1"]]);
  assert.equal(found?.count, 2_500, "an id that stands twice is one connection");
  assert.deepEqual(
    (found?.connections as { id: string }[] | undefined)?.map(({ id }) => id),
    ids.slice(0, 2_500),
  );
  assert.deepEqual([found?.gone, found?.missing], [["b.1"], []]);
});

test("where a batch takes this node long, the event loop turns before the next", async () => {
  const rig = await Rig.start();
  let turn = 0;
  const turns: number[] = [];
  const next = (): void => {
    turn++;
    if (turns.length < 4) setImmediate(next);
  };
  await rig.node("a", (item) => {
    turns.push(turn);
    const until = performance.now() + serviceLimits.sliceMs;
    while (performance.now() < until) {
      // The node works.
    }
    return outcome("sent")(item);
  });
  setImmediate(next);
  const data = "x".repeat(serviceLimits.batchBytesTarget);
  await rig.run(...Array.from({ length: 4 }, () => ["send", "a.1", data]));
  assert.equal(new Set(turns).size, 4, String(turns));
});

test("a long message is not repeated for every thousand ids", async () => {
  const rig = await Rig.start();
  await rig.node("a", outcome("sent"));
  const ids = many(20_000);
  await rig.run(["send", ids, "x".repeat(1_000_000)]);
  assert.equal(rig.seen.flatMap(([, ...items]) => items).length, 1);
});

test("results that are too long are errors, and what was not begun is told", async () => {
  const rig = await Rig.start();
  let published = 0;
  const info = { path: "x".repeat(0.6 * serviceLimits.resultsBytesMax) };
  await rig.node("a", ([verb]) => {
    if (verb === "publish") {
      published++;
      return { node: "a", sent: 1, slow: 0, gone: 0, expired: 0 };
    }
    return { node: "a", count: 1, connections: [{ id: "a.1", at: 1, bufferedAmount: 0, info }] };
  });
  const results = await rig.run(
    ["publish", "g", "x"],
    ["query", "@all", { info: true }],
    ["query", "@all", { info: true }],
    ["publish", "g", "x"],
  );
  assert.deepEqual([results[0]?.sent, results[1]?.count], [1, 1]);
  assert.deepEqual(results.slice(2), [{ error: "batch-too-big" }, { error: "batch-too-big" }]);
  assert.equal(published, 1);
});

test("a request that waits for too many replies is refused, and keeps no place", async () => {
  const rig = await Rig.start();
  await rig.node("a", outcome("closed"));
  const commands = readCommands(Array(65_537).fill(["close", "a.1"]));
  await assert.rejects(rig.port.run("default", commands), { code: "requests-full" });
  assert.deepEqual(rig.seen, []);
  assert.deepEqual(await rig.run(["close", "a.2"]), [{ "a.2": "closed" }]);
});
