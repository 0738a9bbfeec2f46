import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { type PeerPost, peerLimits } from "../../../adapters/peers/mod.ts";
import type { Link } from "../../../adapters/topics/mod.ts";
import { PeerNetwork, type PeerNode } from "../../support/broker/peer-network.ts";
import { listen } from "../../support/broker/rogue-peer.ts";
import { waitFor } from "../../support/process/wait.ts";

async function withNetwork(run: (network: PeerNetwork) => Promise<void>): Promise<void> {
  const network = await PeerNetwork.start();
  try {
    await run(network);
  } finally {
    await network.end();
  }
}

const topic = (rest: string): string => `wss/v1/default/${rest}`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function linkOf(node: PeerNode): Promise<Link> {
  const link = node.cluster.open({ name: "test", role: "test" });
  await link.start({ connected: () => {}, message: () => {} });
  return link;
}

/** Resolves to the code of the error, or to `sent`. */
function publish(link: Link, rest: string, payload: string, retain = false): Promise<string> {
  return new Promise((resolve) =>
    link.publish(topic(rest), bytes(payload), (error) => resolve(error?.code ?? "sent"), retain),
  );
}

function presence(incarnation: string, more: object = {}): string {
  return JSON.stringify({ v: 1, incarnation, at: 1, every: 5_000, ...more });
}

/** Notes the URLs that were answered. */
function notingAnswers(answered: string[]): (http: PeerPost) => PeerPost {
  return (http) => ({
    async post(url, request) {
      const answer = await http.post(url, request);
      answered.push(url);
      return answer;
    },
  });
}

test("a peer with several addresses gets everything once, and each of them will do", async () => {
  await withNetwork(async (network) => {
    const first = new URL(network.url(1));
    const second = new URL(first.href.replace("127.0.0", "127.1.0"));
    const answered: string[] = [];
    const through = notingAnswers(answered);
    const a = await network.join("a", { peers: [first.href, second.href], through });
    const b = await network.start("b");
    await b.listen(second);
    await network.joined();
    await waitFor(() => answered.includes(`${second.origin}/v1/hello`), { what: "both answer" });
    const seen = await listen(b);
    const link = await linkOf(a);
    for (let i = 0; i < 50; i++) link.publish(topic("commands/o1"), bytes(`${i}`), () => {});
    assert.equal(await publish(link, "groups/room/commands/o1", "last"), "sent");
    const expected = Array.from({ length: 50 }, (_, i) => `default/commands/o1 ${i}`);
    assert.deepEqual(seen, [...expected, "default/groups/room/commands/o1 last"]);
    const faults = a.ports.logger.records.filter(({ level }) => level === "error");
    assert.deepEqual(faults, [], "it is no second node of that name");
    await b.leave(first);
    await waitFor(async () => (await publish(link, "nodes/b/commands/o", "x")) === "sent", {
      what: "the other address",
    });
    assert.equal(seen.filter((line) => line.endsWith(" x")).length, 1);
  });
});

test("a node never sends to itself, whatever address its peers give it", async () => {
  await withNetwork(async (network) => {
    const answered: string[] = [];
    const through = notingAnswers(answered);
    const a = await network.join("a", { peers: [network.url(0)], through });
    await waitFor(() => answered.length > 0, { what: "its own answer" });
    const seen = await listen(a);
    const link = await linkOf(a);
    assert.equal(await publish(link, "commands/o1", "x"), "sent");
    assert.equal(await publish(link, "nodes/a/commands/o1", "y"), "sent");
    assert.deepEqual(seen, ["default/commands/o1 x", "default/nodes/a/commands/o1 y"]);
    assert.deepEqual(answered, [`${network.url(0)}/v1/hello`]);
    assert.deepEqual(a.logged, [], "and takes itself for no other node");
  });
});

test("a command for an unknown node is answered at once, and costs nothing else", async () => {
  await withNetwork(async (network) => {
    const a = await network.join("a");
    const b = await network.join("b");
    const seen = await listen(b);
    const link = await linkOf(a);
    const answers = await Promise.all(
      ["x", "b", "10.0.0.1:80", "a.b"].map((node) =>
        publish(link, `nodes/${node}/commands/o`, "1"),
      ),
    );
    // No topic names the last two: they are published here, and nobody subscribes them.
    assert.deepEqual(answers, ["peer-unknown", "sent", "sent", "sent"]);
    assert.deepEqual(seen, ["default/nodes/b/commands/o 1"]);
  });
});

/** Every so many answers of messages are lost on their way back. */
function losingAnswers(of: number): (http: PeerPost) => PeerPost {
  let count = 0;
  return (http) => ({
    async post(url, request) {
      const answer = await http.post(url, request);
      if (url.endsWith("/v1/messages") && ++count % of === 0) throw new Error("lost");
      return answer;
    },
  });
}

test("where answers are lost each message still arrives once, in order", async () => {
  await withNetwork(async (network) => {
    const a = await network.join("a", { through: losingAnswers(2) });
    const b = await network.join("b");
    const seen = await listen(b);
    const link = await linkOf(a);
    for (let i = 0; i < 20; i++) {
      assert.equal(await publish(link, "nodes/b/commands/o", `${i}`), "sent");
    }
    const expected = Array.from({ length: 20 }, (_, i) => `default/nodes/b/commands/o ${i}`);
    assert.deepEqual(seen, expected);
  });
});

test("what gathers while a request is under way goes as one", async () => {
  await withNetwork(async (network) => {
    let requests = 0;
    const through = (http: PeerPost): PeerPost => ({
      post(url, request) {
        if (request.body.length > 1_000) requests++;
        return http.post(url, request);
      },
    });
    const a = await network.join("a", { through });
    const b = await network.join("b");
    const seen = await listen(b);
    const link = await linkOf(a);
    const large = "x".repeat(100_000);
    const sent = Array.from({ length: 100 }, () => publish(link, "nodes/b/commands/o", large));
    assert.deepEqual(new Set(await Promise.all(sent)), new Set(["sent"]));
    assert.equal(seen.length, 100);
    assert.ok(requests >= 10 && requests <= 12, `${requests} requests of 1 MiB each`);
  });
});

/** A server that accepts connections and answers nothing. */
async function hangingServer(host: string, port: number): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return server;
}

test("a dead peer costs its own messages, which fail, and nobody waits for it", async () => {
  await withNetwork(async (network) => {
    const a = await network.join("a");
    const b = await network.join("b");
    const c = await network.join("c");
    const [seenA, seenC] = [await listen(a), await listen(c)];
    const linkB = await linkOf(b);
    await publish(linkB, "presence/nodes/b", presence("b"), true);
    await waitFor(() => seenA.some((line) => line.startsWith("default/presence/nodes/b {")));
    await network.die(b);
    const { hostname, port } = new URL(network.url(1));
    const hanging = await hangingServer(hostname, Number(port));
    const link = await linkOf(a);
    const began = Date.now();
    const lost = publish(link, "nodes/b/commands/o", "lost");
    assert.equal(await publish(link, "nodes/c/commands/o", "1"), "sent");
    assert.equal(await publish(link, "commands/o", "2"), "sent");
    assert.ok(Date.now() - began < peerLimits.answerMs + 400, "as long as one answer may take");
    const soon = Date.now();
    for (let i = 3; i < 20; i++) assert.equal(await publish(link, "commands/o", `${i}`), "sent");
    assert.ok(Date.now() - soon < 400, "a peer that did not answer is not waited for again");
    assert.equal(await lost, "peer-lost");
    assert.ok(Date.now() - began < peerLimits.deadMs + 2_000);
    await waitFor(() => seenA.includes("default/presence/nodes/b"), { what: "the end of b" });
    assert.equal(await publish(link, "nodes/b/commands/o", "later"), "peer-unknown");
    assert.ok((a.metrics.value("wss_errors_total", { code: "peer-lost" }) ?? 0) > 10);
    assert.deepEqual(
      a.ports.logger.of("peer-down").map(({ fields }) => fields.peer),
      ["b"],
    );
    const numbers = seenC
      .filter((line) => line.includes("/commands/"))
      .map((l) => l.split(" ")[1]);
    assert.deepEqual(
      numbers,
      Array.from({ length: 19 }, (_, i) => String(i + 1)),
    );
    hanging.close();
  });
});

test("a peer that sends nothing any more has no presence, though it listens", async () => {
  await withNetwork(async (network) => {
    let mute = false;
    const through = (http: PeerPost): PeerPost => ({
      post: (url, request) => (mute ? new Promise(() => {}) : http.post(url, request)),
    });
    const a = await network.join("a");
    const b = await network.join("b", { through });
    const [seen, seenB] = [await listen(a), await listen(b)];
    const link = await linkOf(b);
    await publish(link, "presence/nodes/b", presence("b"), true);
    assert.equal(seen.length, 1);
    mute = true;
    await waitFor(() => seen.at(-1) === "default/presence/nodes/b", { what: "the end of b" });
    assert.equal(await publish(await linkOf(a), "nodes/b/commands/o", "1"), "sent");
    assert.equal(seenB.at(-1), "default/nodes/b/commands/o 1");
  });
});

test("past its limit a peer's queue takes no more, and the rest arrives", async () => {
  await withNetwork(async (network) => {
    let held: (() => void) | undefined;
    const through = (http: PeerPost): PeerPost => ({
      async post(url, request) {
        if (request.body.length > 1_000) {
          await new Promise<void>((resolve) => {
            held = resolve;
          });
        }
        return http.post(url, request);
      },
    });
    const a = await network.join("a", { through });
    const b = await network.join("b");
    const seen = await listen(b);
    const link = await linkOf(a);
    const large = "x".repeat(8_000_000);
    const sent = Array.from({ length: 6 }, () => publish(link, "nodes/b/commands/o", large));
    const answers: string[] = [];
    for (const one of sent) void one.then((answer) => answers.push(answer));
    await waitFor(() => answers.length === 2 && held !== undefined, { what: "two refusals" });
    assert.deepEqual(answers, ["peer-queue-full", "peer-queue-full"]);
    while (answers.length < 6) {
      const release = await waitFor(() => held, { what: "a request" });
      held = undefined;
      const before = answers.length;
      release();
      await waitFor(() => answers.length > before, { what: "an answer" });
    }
    assert.equal(seen.length, 4);
  });
});

test("of two nodes with one name the first stays, and the log of both says it", async () => {
  await withNetwork(async (network) => {
    const a = await network.join("a");
    const b = await network.join("b");
    const second = await network.start("b");
    const taken = ({ ports }: PeerNode): boolean =>
      ports.logger.records.some(
        ({ level, fields }) => level === "error" && fields.code === "peer-name",
      );
    await waitFor(() => taken(a) && taken(second) && taken(b), { what: "three lines" });
    const [seen, other] = [await listen(b), await listen(second)];
    const link = await linkOf(a);
    assert.equal(await publish(link, "nodes/b/commands/o", "1"), "sent");
    assert.equal(await publish(link, "commands/o", "2"), "sent");
    assert.deepEqual(seen, ["default/nodes/b/commands/o 1", "default/commands/o 2"]);
    assert.deepEqual(other, []);
  });
});

test("a node that was killed and starts again under its name is a peer again soon", async () => {
  await withNetwork(async (network) => {
    const a = await network.join("a");
    const b = await network.join("b");
    await network.die(b);
    const again = await network.start("b");
    await network.joined();
    const seen = await listen(again);
    const link = await linkOf(a);
    await waitFor(async () => (await publish(link, "nodes/b/commands/o", "1")) === "sent");
    assert.deepEqual(seen, ["default/nodes/b/commands/o 1"]);
  });
});

test("nodes that know different secrets send each other nothing, and warn of it", async () => {
  await withNetwork(async (network) => {
    const peers = [network.url(0), network.url(1)];
    const a = await network.start("a", { peers });
    const b = await network.start("b", { peers, secret: "another secret, of another cluster" });
    const count = ({ metrics }: PeerNode, code: string): number =>
      metrics.value("wss_errors_total", { code }) ?? 0;
    for (const node of [a, b]) {
      // As sender and as receiver, every second anew.
      await waitFor(() => count(node, "peer-refused") > 1 && count(node, "peer-signature") > 1, {
        what: `${node.name} refuses and is refused`,
      });
      const warnings = (event: string, code: string): unknown[] =>
        node.ports.logger
          .of(event)
          .filter(({ level, fields }) => level === "warn" && fields.code === code)
          .map(({ fields }) => fields.times);
      assert.deepEqual(warnings("peer-unreachable", "peer-refused"), [1]);
      assert.deepEqual(warnings("peer-request-refused", "peer-signature"), [1]);
    }
    assert.deepEqual([a.cluster.reachable, b.cluster.reachable], [0, 0]);
  });
});

test("whoever answers without knowing the secret gets no message", async () => {
  await withNetwork(async (network) => {
    const own = network.url(0);
    const through = (http: PeerPost): PeerPost => ({
      async post(url, request) {
        const answer = await http.post(url, request);
        if (url.startsWith(own)) return answer;
        return { ...answer, headers: new Map([["x-wss-signature", "forged"]]) };
      },
    });
    const a = await network.start("a", { through });
    await network.start("b");
    const faults = (): unknown[] =>
      a.ports.logger.of("peer-unreachable").map(({ fields }) => fields.code);
    await waitFor(() => faults().includes("peer-signature"), { what: "the fault" });
    assert.equal(a.cluster.reachable, 0);
  });
});

test("origins of peers are known here, and weigh nothing where the node has its own", async () => {
  await withNetwork(async (network) => {
    const a = await network.join("a");
    const own = await network.join("own", { hasOrigins: true });
    const bare = await network.join("bare");
    const [seenA, seenOwn, seenBare] = [await listen(a), await listen(own), await listen(bare)];
    const link = await linkOf(a);
    const announced = presence("o", { window: 5, extra: true });
    assert.equal(await publish(link, "presence/origins/o1", announced, true), "sent");
    const line = "default/presence/origins/o1 ";
    assert.deepEqual(seenBare, [line + announced]);
    const weightless = presence("o", { window: 5, extra: true, weight: 0 });
    assert.deepEqual(seenOwn, [line + weightless]);
    const linkOfBare = await linkOf(bare);
    assert.equal(await publish(linkOfBare, "origins/o1/events/bare", "1"), "sent");
    assert.equal(seenA.at(-1), "default/origins/o1/events/bare 1");
    assert.equal(await publish(linkOfBare, "origins/o2/events/bare", "2"), "sent");
    assert.equal(await publish(link, "origins/o1/events/a", "3"), "sent");
    assert.equal(seenA.at(-1), "default/origins/o1/events/a 3");
    // Who comes later is told of it too, and of its end.
    const late = await network.join("late");
    const seenLate = await listen(late);
    await waitFor(() => seenLate.length === 1, { what: "the presence" });
    assert.equal(await publish(link, "presence/origins/o1", "", true), "sent");
    assert.deepEqual(seenLate.slice(1), [line.trim()]);
    assert.ok(!seenOwn.some((text) => text.includes("/events/")), "nothing of it is for others");
  });
});

test("events of open mode go to the peers that subscribe them", async () => {
  await withNetwork(async (network) => {
    const a = await network.join("a");
    const b = await network.join("b");
    const c = await network.join("c");
    const seenC = await listen(c);
    const link = await linkOf(a);
    const subscribed = (): Promise<boolean | undefined> =>
      new Promise((resolve) =>
        link.publish(topic("events/0/a"), bytes("x"), (_error, has) => resolve(has)),
      );
    assert.equal(await subscribed(), false);
    const seenB: string[] = [];
    const reader = b.cluster.open({ name: "r", role: "test", filters: [topic("events/+/+")] });
    await reader.start({ connected: () => {}, message: (of) => seenB.push(of) });
    await waitFor(subscribed, { what: "b subscribes" });
    assert.equal(seenB.length, 1);
    await reader.stop();
    await waitFor(async () => !(await subscribed()), { what: "b does not any more" });
    assert.deepEqual(seenC, []);
  });
});

test("a node that leaves says so, and what it sent before arrives", async () => {
  await withNetwork(async (network) => {
    const a = await network.join("a");
    const b = await network.join("b");
    const seen = await listen(b);
    const link = await linkOf(a);
    await publish(link, "presence/nodes/a", presence("a"), true);
    link.publish(topic("nodes/b/commands/o"), bytes("last"), () => {});
    link.publish(topic("presence/nodes/a"), new Uint8Array(0), () => {}, true);
    const began = Date.now();
    await a.stop();
    assert.ok(Date.now() - began < peerLimits.flushMs);
    const lines = seen.map((line) => line.split(" {")[0]);
    const expected = ["presence/nodes/a", "nodes/b/commands/o last", "presence/nodes/a"];
    assert.deepEqual(
      lines,
      expected.map((line) => `default/${line}`),
    );
  });
});

test("an address that a name gets later is found", async () => {
  await withNetwork(async (network) => {
    let hosts = ["127.0.0.1"];
    const port = new URL(network.url(0)).port;
    const options = { peers: [`http://nodes.test:${port}`], resolve: async () => hosts };
    const a = await network.start("a", options);
    await waitFor(() => a.ports.logger.records.length === 0);
    hosts = ["127.0.0.1", "127.0.0.2"];
    const b = await network.start("b", options);
    // b finds a, and a looks its peers' name up again because it does not know b.
    await waitFor(() => b.cluster.reachable === 1, { what: "b reaches a" });
    await waitFor(() => a.cluster.reachable === 1, { what: "a reaches b" });
    const link = await linkOf(a);
    assert.equal(await publish(link, "nodes/b/commands/o", "1"), "sent");
  });
});
