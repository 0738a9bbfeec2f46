import { waitFor } from "../../support/process/wait.ts";
import { type Marks, type NodePlace, type OriginPlace, waitMs } from "../cluster/cluster.ts";
import { endsCleanly, type Fault, now, recovery, type Scene } from "./fault.ts";
import { impatient } from "./impatience.ts";

/**
 * One origin is left, is given up though it lives, and comes back: nodes give it again, by a new
 * stream, what it has already. Nothing of that may reach its handlers.
 */
export const originSlow: Fault = {
  name: "lone origin: slower than ack-timeout",
  flags: impatient,
  errors: ["ack-timeout", "window-full", "batch-gap"],
  offersAgain: true,
  // A node may give it up once more just when the others come back: they get what it did not
  // acknowledge in time.
  closesTwice: true,
  run: (scene) =>
    alone(scene, async (origin) => {
      const { cluster, crowd, dice } = scene;
      const life = cluster.life(origin);
      for (let times = 1 + dice.below(2); times > 0; times--) {
        const marks = cluster.marks();
        await life.hold();
        await givenUp(scene, origin, marks);
        await takenBack(scene, origin, marks);
        // Now and then so late that it is given up once more.
        if (dice.chance(30)) await givenUp(scene, origin, cluster.marks());
        await life.hold();
        await stays(scene, origin);
        await crowd.saidMore(500);
      }
      return undefined;
    }),
};

export const originMute: Fault = {
  name: "lone origin: all it says is swallowed",
  flags: impatient,
  errors: ["ack-timeout", "window-full", "batch-gap"],
  offersAgain: true,
  // It may have handled a `close` whose acknowledgement was swallowed: another origin gets it too.
  closesTwice: true,
  run: (scene) =>
    alone(scene, async (origin) => {
      const { cluster, crowd, dice } = scene;
      const marks = cluster.marks();
      origin.proxy.swallow();
      await givenUp(scene, origin, marks);
      await crowd.saidMore(dice.below(300));
      const at = now();
      origin.proxy.recover();
      await takenBack(scene, origin, marks);
      return recovery(scene, at, () => true);
    }),
};

/** The other origins leave, and come back in the end. */
async function alone(
  { cluster, dice }: Scene,
  act: (origin: OriginPlace) => Promise<number | undefined>,
): Promise<number | undefined> {
  const lone = dice.pick(cluster.origins);
  const others = cluster.origins.filter((origin) => origin !== lone);
  for (const origin of others) await endsCleanly(cluster.life(origin).program);
  const result = await act(lone);
  for (const origin of others) cluster.startOrigin(origin);
  for (const origin of others) await cluster.originJoined(origin);
  return result;
}

function givenUp(scene: Scene, origin: OriginPlace, marks: Marks): Promise<unknown> {
  return everyNode(scene, marks, { event: "origin-left", origin });
}

function takenBack(scene: Scene, origin: OriginPlace, marks: Marks): Promise<unknown> {
  return everyNode(scene, marks, { event: "origin-joined", origin });
}

/** Resolves when every node gives the origin connections, and has not given it up since. */
function stays({ cluster }: Scene, { name }: OriginPlace): Promise<unknown> {
  const last = ({ process }: NodePlace): unknown =>
    process.log.findLast(
      ({ event, origin }) =>
        origin === name && (event === "origin-left" || event === "origin-joined"),
    )?.event;
  return waitFor(() => cluster.nodes.every((node) => last(node) === "origin-joined"), {
    what: `${name} to stay`,
    deadline: waitMs,
  });
}

/** Resolves when every node has logged an event of an origin since `marks`. */
function everyNode(
  { cluster }: Scene,
  marks: Marks,
  { event, origin: { name } }: { event: string; origin: OriginPlace },
): Promise<unknown> {
  const all = cluster.nodes.length;
  return waitFor(() => cluster.logged(marks, event, name).length === all, {
    what: `${event} of ${name} at every node`,
    deadline: waitMs,
  });
}
