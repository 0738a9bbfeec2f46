import { brokerOf } from "../../../adapters/mqtt/brokers/mod.ts";
import { waitFor } from "../../support/process/wait.ts";
import { type Cluster, waitMs } from "../cluster/cluster.ts";
import { connectionsLost, type Fault, now, recovery, type Scene, waiting } from "./fault.ts";

export const brokerKill: Fault = {
  name: "broker: kill -9, restart",
  errors: [...connectionsLost, ...waiting],
  run: (scene) => outage(scene, () => scene.cluster.broker.kill()),
};

export const brokerStop: Fault = {
  name: "broker: clean restart",
  errors: [...connectionsLost, ...waiting],
  run: (scene) => outage(scene, () => scene.cluster.broker.stop()),
};

/** Events of its share wait; those of the others go on, and the nodes stay ready. */
export const oneBrokerKill: Fault = {
  name: "one of three brokers: kill -9, restart",
  brokers: 3,
  errors: [...connectionsLost, ...waiting],
  run: async (scene) => {
    const { cluster, crowd, dice } = scene;
    for (const [index, victim] of cluster.brokers.entries()) {
      const marks = cluster.marks();
      await victim.kill();
      await waitFor(() => cluster.logged(marks, "broker-lost").length === cluster.nodes.length, {
        what: "nodes to miss a broker",
        deadline: waitMs,
      });
      await crowd.saidMore(500 + dice.below(500));
      for (const node of cluster.nodes) {
        if (await cluster.isReady(node)) continue;
        throw new Error(`${node.name} is not ready, with two of three brokers`);
      }
      if (hasOtherShare(cluster, index)) await recovery(scene, now(), () => true);
      await victim.restart();
      await crowd.saidMore(500);
    }
    for (const { name } of cluster.origins) {
      if (cluster.logged(new Map(), "origin-left", name).length === 0) continue;
      throw new Error(`${name} was given up over a broker that was away`);
    }
    return undefined;
  },
};

/** Whether events of a node travel over another broker than this one: the hash may pick one. */
function hasOtherShare({ nodes, origins }: Cluster, broker: number): boolean {
  return nodes.some((node) => {
    const names = node.brokers.split(",").map((url) => new URL(url).host);
    const owner = (origin: string): number =>
      brokerOf(`default/nodes/${node.name}/${origin}`, names);
    return origins.some(({ name }) => owner(name) !== broker);
  });
}

async function outage(scene: Scene, end: () => Promise<void>): Promise<number> {
  const { cluster, crowd, dice } = scene;
  const marks = cluster.marks();
  await end();
  await waitFor(() => cluster.logged(marks, "broker-lost").length === cluster.nodes.length, {
    what: "nodes to miss the broker",
    deadline: waitMs,
  });
  for (const node of cluster.nodes) {
    if (await cluster.isReady(node)) throw new Error(`${node.name} is ready without a broker`);
  }
  // What fits into the kernel's buffers still counts as said when a window is full.
  await crowd.saidMore(dice.below(2_000));
  const at = now();
  await cluster.broker.restart();
  const recoveryMs = await recovery(scene, at, () => true);
  for (const node of cluster.nodes) await cluster.ready(node);
  return recoveryMs;
}

/** Longer than any silence that nodes and origins put up with; MQTT's keep-alive is longer. */
const hangMs = 8_000;

export const brokerHang: Fault = {
  name: "broker: SIGSTOP, SIGCONT",
  closesTwice: true,
  losesInError: true,
  reopens: true,
  errors: [...connectionsLost, ...waiting],
  run: async (scene) => {
    const { cluster } = scene;
    for (const { name } of cluster.nodes) scene.condemned.add(name);
    const end = now() + hangMs;
    cluster.broker.pause();
    let resumed = now();
    try {
      await waitFor(() => now() > end, { what: "the broker to have hung", deadline: waitMs });
    } finally {
      resumed = now();
      cluster.broker.resume();
    }
    const recoveryMs = await recovery(scene, resumed, () => true);
    const live = cluster.lives
      .flatMap((life) => life.read())
      .find(({ at }) => {
        return at > resumed - hangMs / 2 && at < resumed;
      });
    if (live !== undefined) throw new Error("events came through a broker that hangs");
    for (const node of cluster.nodes) await cluster.ready(node);
    return recoveryMs;
  },
};

export const delays: Fault = {
  name: "every connection: up to 250 ms late",
  errors: waiting,
  run: async (scene) => {
    const { cluster, crowd, dice } = scene;
    const proxies = [...cluster.nodes, ...cluster.origins].map(({ proxy }) => proxy);
    for (const most of [50, 250, 100]) {
      for (const proxy of proxies) proxy.delay(dice.below(most));
      await crowd.saidMore(1_000);
    }
    for (const proxy of proxies) proxy.delay(0);
    return undefined;
  },
};

export const packetLoss: Fault = {
  name: "broker: loses, delays, cuts at random",
  // The Will of an origin that was cut may come before its next presence.
  closesTwice: true,
  // On a busy machine a node that was cut may be back after its Will's grace, which is 2 s.
  reopens: true,
  errors: [...connectionsLost, ...waiting],
  run: async ({ cluster, crowd, dice, condemned }) => {
    const { loss } = cluster;
    const lostBefore = loss.lost;
    const places = [...cluster.nodes, ...cluster.origins];
    const proxies = places.map(({ proxy }) => proxy);
    for (const percent of [2, 10, 30]) {
      loss.percent = percent;
      for (const proxy of proxies) proxy.delay(dice.below(20));
      await crowd.saidMore(1_000);
      const { name, proxy } = dice.pick(places);
      condemned.add(name);
      proxy.cut();
      await crowd.saidMore(500);
    }
    loss.percent = 0;
    for (const proxy of proxies) proxy.delay(0);
    if (loss.lost - lostBefore < 100)
      throw new Error("too few packets were lost to show anything");
    for (const node of cluster.nodes) await cluster.ready(node);
    return undefined;
  },
};
