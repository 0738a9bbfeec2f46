import { waitFor } from "../support/wait.ts";
import { waitMs } from "./cluster.ts";
import { type Fault, now, recovery, type Scene } from "./fault.ts";

export const brokerKill: Fault = {
  name: "broker: kill -9, restart",
  run: (scene) => outage(scene, () => scene.cluster.broker.kill()),
};

export const brokerStop: Fault = {
  name: "broker: clean restart",
  run: (scene) => outage(scene, () => scene.cluster.broker.stop()),
};

async function outage(scene: Scene, end: () => Promise<void>): Promise<number> {
  const { cluster, crowd, dice } = scene;
  const marks = cluster.marks();
  await end();
  await waitFor(() => cluster.logged(marks, "broker-lost").length === cluster.nodes.length, {
    what: "nodes to miss the broker",
    deadline: waitMs,
  });
  // What fits into the kernel's buffers still counts as said when a window is full.
  await crowd.saidMore(dice.below(2_000));
  const at = now();
  await cluster.broker.restart();
  const recoveryMs = await recovery(scene, at, () => true);
  for (const node of cluster.nodes) await cluster.ready(node);
  return recoveryMs;
}

export const delays: Fault = {
  name: "every connection: up to 250 ms late",
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
