import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { retainedPresences } from "../../support/broker/broker-rigs.ts";
import type { Mosquitto } from "../../support/broker/mosquitto.ts";
import { type GatewayRuntime, gatewayRuntimes } from "../../support/gateway/gateway.ts";
import {
  BrokerTrial,
  NumberTalker,
  type TrialNode,
} from "../../support/many-brokers/broker-trial.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

async function page(node: TrialNode, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${node.info.adminPort}${path}`)).text();
}

async function misses(node: TrialNode, broker: string): Promise<void> {
  const line = `wss_broker_up{broker="${broker}"} 0\n`;
  await waitFor(async () => (await page(node, "/metrics")).includes(line), { what: line });
}

/** Clients until each of these origins has `count` of them. */
async function talkers(
  node: TrialNode,
  count: number,
  names: readonly string[],
): Promise<Map<string, NumberTalker[]>> {
  const byOrigin = new Map<string, NumberTalker[]>(names.map((name) => [name, []]));
  await waitFor(
    async () => {
      const talker = await NumberTalker.open(node.info.port);
      byOrigin.get(talker.originName)!.push(talker);
      return [...byOrigin.values()].every((all) => all.length >= count);
    },
    { what: `${count} clients of each of ${names}` },
  );
  return byOrigin;
}

describe("several brokers", { concurrency: 3 }, () => {
  for (const runtime of gatewayRuntimes) killed(runtime);

  /** One of two brokers is killed and comes back. */
  function killed(runtime: GatewayRuntime): void {
    test(`${runtime}: a broker that is killed takes its share alone, which goes on`, async () => {
      const trial = await BrokerTrial.start(2);
      const [stays, dies] = trial.brokers as [Mosquitto, Mosquitto];
      const well = trial.originNameOn(stays, ["n1", "n2"]);
      const cut = trial.originNameOn(dies, ["n1", "n2"]);
      await Promise.all([trial.origin(well), trial.origin(cut)]);
      const nodes = await Promise.all([trial.node(runtime, "n1"), trial.node(runtime, "n2")]);
      for (const node of nodes) await trial.joined(node, [well, cut]);
      const all = await Promise.all(nodes.map((node) => talkers(node, 2, [well, cut])));
      const ofWell = all.flatMap((byOrigin) => byOrigin.get(well)!);
      const ofCut = all.flatMap((byOrigin) => byOrigin.get(cut)!);
      for (const talker of [...ofWell, ...ofCut]) talker.talk(5);
      await Promise.all([...ofWell, ...ofCut].map((talker) => talker.moreEchoes(20)));

      await dies.kill();
      for (const node of nodes) await misses(node, trial.nameOf(dies));
      const heldAt = ofCut.map(({ echoes }) => echoes.length);
      await Promise.all(ofWell.map((talker) => talker.moreEchoes(50)));
      assert.deepEqual(
        ofCut.map(({ echoes }) => echoes.length),
        heldAt,
        "what the dead broker carries waits",
      );
      for (const node of nodes) {
        assert.equal(JSON.parse(await page(node, "/readyz")).ready, true);
        // A new connection goes where its events arrive.
        assert.equal((await NumberTalker.open(node.info.port)).originName, well);
        const left = node.log.filter(({ event }) => event === "origin-left");
        assert.deepEqual(left, [], "no origin is given up");
      }

      await dies.restart();
      await Promise.all(ofCut.map((talker) => talker.moreEchoes(50)));
      await Promise.all([...ofWell, ...ofCut].map((talker) => talker.hush()));
      for (const talker of [...ofWell, ...ofCut]) {
        await waitFor(() => talker.echoes.length >= talker.sent, { what: "every echo" });
        assert.deepEqual(talker.echoes, talker.numbers, "0 echoes lost, reordered, twice");
        assert.deepEqual(trial.handled.get(talker.id), talker.numbers);
      }
      assert.deepEqual(trial.errors, []);
    });
  }

  /** A broker dies for good, and every process is restarted with a list without it. */
  test("a broker is taken out by a rolling restart, and nothing is lost", async () => {
    const trial = await BrokerTrial.start(3);
    const [, , dies] = trial.brokers as [Mosquitto, Mosquitto, Mosquitto];
    const rest = trial.list(trial.brokers.slice(0, 2));
    const cut = trial.originNameOn(dies, ["n1", "n2"]);
    const old = await trial.origin(cut);
    const nodes = [await trial.node("bun", "n1"), await trial.node("node", "n2")] as const;
    for (const node of nodes) await trial.joined(node, [cut]);
    const clients = await Promise.all(nodes.map((node) => NumberTalker.open(node.info.port)));
    const group = trial.groupOn(dies);
    for (const { id } of clients) await old.connection(id).join(group);

    await dies.kill();
    for (const node of nodes) await misses(node, trial.nameOf(dies));
    for (const client of clients) for (let count = 0; count < 100; count++) client.say();
    for (const node of nodes) {
      const line = "wss_messages_received_total 101\n";
      await waitFor(async () => (await page(node, "/metrics")).includes(line), { what: line });
    }
    for (const { echoes } of clients) assert.deepEqual(echoes, ["0"], "they wait");
    old.group(group).publish("news - published while its broker was away");

    // The nodes are restarted first: what waits goes by the other brokers before each ends.
    const renewed: TrialNode[] = [];
    for (const [index, node] of nodes.entries()) {
      renewed.push(await trial.node("bun", `m${index}`, { brokers: rest }));
      const { code } = await node.stop();
      assert.equal(code, 0, node.output);
      assert.equal(node.log.filter(({ event }) => event === "events-unconfirmed").length, 0);
    }
    for (const { id, numbers } of clients) assert.deepEqual(trial.handled.get(id), numbers);
    assert.deepEqual(trial.closes.sort(), clients.map(({ id }) => id).sort());

    await trial.origin("after", rest.split(","));
    for (const node of renewed) await trial.joined(node, ["after"]);
    // What it has to tell a node may belong to the dead broker, as far as it knows.
    await old.close();
    const [first] = await Promise.all(renewed.map((node) => NumberTalker.open(node.info.port)));
    first!.talk(2);
    await first!.moreEchoes(50);
    await first!.hush();
    await waitFor(() => first!.echoes.length === first!.sent, { what: "every echo" });
    assert.deepEqual(first!.echoes, first!.numbers);
  });

  test("an origin that closes while its broker is away sends what waits by another", async () => {
    const trial = await BrokerTrial.start(2);
    const [, dies] = trial.brokers as [Mosquitto, Mosquitto];
    const name = trial.originNameOn(dies, ["n1"]);
    const origin = await trial.origin(name);
    const node = await trial.node("bun", "n1");
    await trial.joined(node, [name]);
    const talker = await NumberTalker.open(node.info.port);
    await dies.kill();
    await misses(node, trial.nameOf(dies));
    const said = Array.from({ length: 500 }, (_, number) => String(number + 1));
    // A batch for each turn of the event loop.
    for (const number of said) {
      origin.connection(talker.id).send(`${name} ${talker.id} ${number}`);
      await new Promise(setImmediate);
    }
    assert.deepEqual(talker.echoes, ["0"], "they wait");
    await origin.close();
    await waitFor(() => talker.echoes.length > 500, { what: "all that was sent" });
    assert.deepEqual(talker.echoes, ["0", ...said]);
    assert.deepEqual(trial.errors, [], "nothing was dropped");
  });

  test("an origin that is cut off from one broker of two keeps its connections", async () => {
    const trial = await BrokerTrial.start(2);
    const [stays, lost] = trial.brokers as [Mosquitto, Mosquitto];
    const name = trial.originNameOn(lost, ["n1"]);
    const proxy = await TcpProxy.start(lost.port);
    after(() => proxy.close());
    await trial.origin(name, [stays.url(), proxy.url]);
    await trial.origin("other");
    const node = await trial.node("bun", "n1", { flags: ["--ack-timeout", "1s"] });
    await trial.joined(node, [name, "other"]);
    const talker = (await talkers(node, 1, [name, "other"])).get(name)![0]!;
    proxy.block();
    // Its Will comes over this broker alone.
    const isCut = async (): Promise<boolean> =>
      (await retainedPresences(lost.port)).every((topic) => !topic.endsWith(`/${name}`));
    await waitFor(isCut, { what: "its Will" });
    const held = talker.sent;
    const other = (await talkers(node, 1, ["other"])).get("other")![0]!;
    for (let count = 0; count < 50; count++) talker.say();
    other.talk(50);
    // More than an origin that confirms nothing would be given.
    await other.moreEchoes(60);
    await other.hush();
    assert.deepEqual(
      node.log.filter(({ event }) => event === "origin-left"),
      [],
    );
    assert.equal(talker.echoes.length, held);
    proxy.unblock();
    await waitFor(() => talker.echoes.length === talker.sent, { what: "every echo" });
    assert.deepEqual(talker.echoes, talker.numbers);
    assert.deepEqual(trial.handled.get(talker.id), talker.numbers);
  });

  test("a broker is added: processes list it before it runs, then use it", async () => {
    const trial = await BrokerTrial.start(2);
    const [runs, comes] = trial.brokers as [Mosquitto, Mosquitto];
    await comes.kill();
    const [now, later] = [runs, comes].map((broker) => trial.originNameOn(broker, ["n1"]));
    // Still with the shorter list.
    const former = await trial.origin("former", runs.url());
    await Promise.all([trial.origin(now!), trial.origin(later!)]);
    const node = await trial.node("bun", "n1");
    await trial.joined(node, [now!, later!]);
    await former.close();
    const first = await NumberTalker.open(node.info.port);
    assert.equal(first.originName, now);
    first.talk(5);
    await comes.restart();
    await talkers(node, 1, [later!, now!]);
    await first.moreEchoes(50);
    await first.hush();
    await waitFor(() => first.echoes.length === first.sent, { what: "every echo" });
    assert.deepEqual(first.echoes, first.numbers);
    assert.deepEqual(trial.errors, []);
  });
});
