import type { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";
import { waitMs } from "../cluster/cluster.ts";
import type { OriginLife } from "../cluster/origin-log.ts";
import {
  connectionsLost,
  endsCleanly,
  type Fault,
  now,
  owned,
  recovery,
  type Scene,
  takenOver,
  waiting,
} from "./fault.ts";

export const originKill: Fault = {
  name: "origin: kill -9",
  errors: waiting,
  closesTwice: true,
  recoveryMsMax: 1_000,
  run: async (scene) => {
    const { cluster, dice } = scene;
    const origin = dice.pick(cluster.origins);
    const victim = cluster.life(origin);
    const at = now();
    await victim.kill();
    // Sometimes the next life begins before anybody has noticed.
    const early = dice.chance(30);
    if (early) cluster.startOrigin(origin);
    const recoveryMs = await takenOver(scene, at, victim);
    if (!early) cluster.startOrigin(origin);
    await cluster.originJoined(origin);
    return recoveryMs;
  },
};

/** As `originKill`, where origins are asked about each handshake. */
export const originKillAuthorized: Fault = {
  ...originKill,
  name: "origin: kill -9, it authorises",
  // It may have accepted a handshake that it had not acknowledged: another origin is asked too.
  errors: [...(originKill.errors ?? []), "handshake-gone"],
  flags: ["--authorize", "origin"],
};

export const allOriginsKill: Fault = {
  name: "all origins: kill -9",
  errors: waiting,
  closesTwice: true,
  run: async (scene) => {
    const { cluster, dice, crowd } = scene;
    const marks = cluster.marks();
    await Promise.all(cluster.origins.map((origin) => cluster.life(origin).kill()));
    await waitFor(() => cluster.logged(marks, "no-origin").length === cluster.nodes.length, {
      what: "nodes to see that no origin is there",
      deadline: waitMs,
    });
    // Enough to fill the no-origin buffers, now and then.
    await crowd.saidMore(dice.below(4_000));
    const at = now();
    for (const origin of cluster.origins) cluster.startOrigin(origin);
    const recoveryMs = await recovery(scene, at, () => true);
    for (const origin of cluster.origins) await cluster.originJoined(origin);
    return recoveryMs;
  },
};

export const originStop: Fault = {
  name: "origin: SIGSTOP, SIGCONT",
  errors: waiting,
  losesInError: true,
  closesTwice: true,
  // Three heartbeats of the library that are missing, and when that is looked at.
  recoveryMsMax: 7_500,
  timersMs: 6_000,
  run: (scene) =>
    presumedDead(
      scene,
      (victim) => victim.program.kill("SIGSTOP"),
      (victim) => victim.program.kill("SIGCONT"),
    ),
};

export const originPartition: Fault = {
  name: "origin: without broker past its Will",
  errors: [...connectionsLost, ...waiting],
  losesInError: true,
  closesTwice: true,
  run: (scene) =>
    presumedDead(
      scene,
      (_, proxy) => proxy.block(),
      (_, proxy) => proxy.unblock(),
    ),
};

type Change = (victim: OriginLife, proxy: TcpProxy) => void;

/** An origin lives and nobody knows: others have its connections when it comes back. */
async function presumedDead(scene: Scene, begin: Change, end: Change): Promise<number> {
  const { cluster, dice, crowd } = scene;
  const origin = dice.pick(cluster.origins);
  const victim = cluster.life(origin);
  const marks = cluster.marks();
  const ids = owned(victim);
  const at = now();
  begin(victim, origin.proxy);
  const all = cluster.nodes.length;
  await waitFor(() => cluster.logged(marks, "origin-left", origin.name).length === all, {
    what: `${origin.name} to be given up`,
    deadline: waitMs,
  });
  const recoveryMs = await recovery(scene, at, (e, life) => life !== victim && ids.has(e.id));
  await crowd.saidMore(dice.below(1_000));
  end(victim, origin.proxy);
  await waitFor(() => cluster.logged(marks, "origin-joined", origin.name).length === all, {
    what: `${origin.name} to be taken back`,
    deadline: waitMs,
  });
  return recoveryMs;
}

export const originCut: Fault = {
  name: "origin: connections cut",
  errors: [...connectionsLost, ...waiting],
  closesTwice: true,
  run: async (scene) => {
    const { cluster, dice, crowd } = scene;
    for (let times = 1 + dice.below(4); times > 0; times--) {
      await crowd.saidMore(dice.below(500));
      dice.pick(cluster.origins).proxy.cut();
    }
    return undefined;
  },
};

export const originDeploy: Fault = {
  name: "origins: rolling deploy",
  resendsNothing: true,
  run: async (scene) => {
    const { cluster } = scene;
    let slowest = 0;
    for (const origin of cluster.origins) {
      const left = cluster.life(origin);
      const begun = now();
      await endsCleanly(left.program);
      slowest = Math.max(slowest, now() - begun);
      cluster.startOrigin(origin);
      await cluster.originJoined(origin);
    }
    return slowest;
  },
};
