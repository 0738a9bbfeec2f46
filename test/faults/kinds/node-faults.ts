import { waitFor } from "../../support/process/wait.ts";
import { type NodePlace, waitMs } from "../cluster/cluster.ts";
import {
  connectionsLost,
  endsCleanly,
  type Fault,
  nodeLost,
  now,
  recovery,
  type Scene,
  waiting,
} from "./fault.ts";

/** Until an origin is told that a connection of this node is lost. */
function loss(scene: Scene, node: NodePlace, at: number): Promise<number> {
  const isLoss = (rest: string): boolean => rest === "node-lost";
  return recovery(scene, at, ({ type, id, rest }) => {
    return type === "close" && id.startsWith(`${node.name}.`) && isLoss(rest);
  });
}

export const nodeKill: Fault = {
  name: "node: kill -9",
  cuts: { closeCode: 1_006, told: nodeLost },
  run: async (scene) => {
    const { cluster, crowd, dice } = scene;
    const node = dice.pick(cluster.nodes);
    scene.condemned.add(node.name);
    const at = now();
    node.away = true;
    node.process.kill("SIGKILL");
    await node.process.exited;
    // Sometimes the next incarnation is there before the grace of the last one is over.
    const early = dice.chance(50);
    if (early) await cluster.startNode(node);
    const recoveryMs = await loss(scene, node, at);
    if (!early) await cluster.startNode(node);
    await crowd.refill(node);
    return recoveryMs;
  },
};

export const nodeStop: Fault = {
  name: "node: SIGSTOP, SIGCONT",
  reopens: true,
  errors: [...connectionsLost, ...waiting],
  run: (scene) =>
    presumedDead(
      scene,
      (node) => {
        node.away = true;
        node.process.kill("SIGSTOP");
      },
      (node) => {
        node.process.kill("SIGCONT");
        node.away = false;
      },
    ),
};

export const nodePartition: Fault = {
  name: "node: without broker past its Will",
  reopens: true,
  errors: [...connectionsLost, ...waiting],
  run: (scene) =>
    presumedDead(
      scene,
      (node) => node.proxy.block(),
      (node) => node.proxy.unblock(),
    ),
};

type Change = (node: NodePlace) => void;

/** Origins conclude that a node is dead, which then goes on. */
async function presumedDead(scene: Scene, begin: Change, end: Change): Promise<number> {
  const { cluster, dice } = scene;
  const node = dice.pick(cluster.nodes);
  scene.condemned.add(node.name);
  const begun = now();
  begin(node);
  await loss(scene, node, begun);
  const at = now();
  end(node);
  await waitFor(() => cluster.ready(node).then(() => true), { deadline: waitMs });
  return recovery(scene, at, ({ id, type }) => {
    return id.startsWith(`${node.name}.`) && type === "message";
  });
}

export const nodeCut: Fault = {
  name: "node: connections cut",
  errors: [...connectionsLost, ...waiting],
  run: async (scene) => {
    const { cluster, dice, crowd } = scene;
    for (let times = 1 + dice.below(4); times > 0; times--) {
      await crowd.saidMore(dice.below(500));
      dice.pick(cluster.nodes).proxy.cut();
    }
    return undefined;
  },
};

export const nodeDeploy: Fault = {
  name: "nodes: rolling deploy",
  cuts: { closeCode: 1_012, told: "1012 drain" },
  resendsNothing: true,
  errors: ["draining"],
  run: async ({ cluster, crowd, condemned }) => {
    const begins = new Map(cluster.lives.map((life) => [life, life.read().length]));
    let slowest = 0;
    for (const node of cluster.nodes) {
      condemned.add(node.name);
      const begun = now();
      node.away = true;
      await endsCleanly(node.process);
      slowest = Math.max(slowest, now() - begun);
      await cluster.startNode(node);
      await crowd.refill(node);
    }
    const presumed = cluster.lives
      .flatMap((life) => life.read().slice(begins.get(life)))
      .find(({ type, rest }) => type === "close" && rest === "node-lost");
    // The node itself has to tell of its clients' ends, and wait until that is confirmed.
    if (presumed !== undefined) throw new Error(`${presumed.id} was told as lost by a drain`);
    return slowest;
  },
};
