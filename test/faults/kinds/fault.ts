import type { Program } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";
import type { Dice } from "../../vectors/dice.ts";
import type { Crowd } from "../clients/crowd.ts";
import { type Cluster, waitMs } from "../cluster/cluster.ts";
import type { Handled, OriginLife } from "../cluster/origin-log.ts";
import type { Ending } from "../judge/judge-endings.ts";

export { now } from "../cluster/now.ts";
export { nodeLost } from "../judge/judge-endings.ts";

/** What a fault may use. */
export interface Scene {
  readonly cluster: Cluster;
  readonly crowd: Crowd;
  readonly dice: Dice;
  /** Nodes and clients, by name and label, whose connections the fault is about to end. */
  readonly condemned: Set<string>;
}

export interface Fault {
  readonly name: string;
  /** Flags of the nodes that it needs besides those that all have. */
  readonly flags?: readonly string[];
  /** How many brokers it needs; one by default. */
  readonly brokers?: number;
  /** How it ends connections of whom it condemns; otherwise none may end. */
  readonly cuts?: Ending;
  /** An origin that was away may take nodes for lost that the others do not. */
  readonly losesInError?: boolean;
  /** Codes that nodes and origins may complain of besides those that stand for nothing wrong. */
  readonly errors?: readonly string[];
  /**
   * An origin may be told of an end that another is told of too: the one did not confirm it, or
   * is alive though it was presumed to be dead.
   */
  readonly closesTwice?: boolean;
  /** A node seems to be dead for a while: its connections are told as lost, and opened anew. */
  readonly reopens?: boolean;
  /** No event may be published to two origins, or to one by two streams. */
  readonly resendsNothing?: boolean;
  /** An origin has to be given again what it has handled: else the run shows nothing. */
  readonly offersAgain?: boolean;
  /** The longest that recovery may take, where that is promised. */
  readonly recoveryMsMax?: number;
  /** Of that, what timers take: a slow machine does not make it longer. */
  readonly timersMs?: number;
  /** Breaks something and mends it; the milliseconds that recovery took, where that is one. */
  readonly run: (scene: Scene) => Promise<number | undefined>;
}

/** Codes of whoever was without a connection, and may have missed commands meanwhile. */
export const connectionsLost: readonly string[] = ["broker-lost", "batch-gap"];

/** Of nodes that let nobody in while what they hold is not confirmed. */
export const waiting: readonly string[] = ["window-full"];

/**
 * Whether publishes to groups may be lost or come twice: they are confirmed by the broker alone,
 * so nobody repeats what a node missed that had lost its connection.
 */
export function losesNews({ errors, offersAgain }: Fault): boolean {
  return offersAgain === true || errors?.includes("broker-lost") === true;
}

/** Whether a cluster has the flags and the brokers that a fault needs. */
export function serves(cluster: Cluster, fault: Fault): boolean {
  if (cluster.brokers.length !== (fault.brokers ?? 1)) return false;
  return cluster.flags.join(" ") === (fault.flags ?? []).join(" ");
}

/** The first event after `at` that `match` accepts, at any origin. */
function firstHandled(
  cluster: Cluster,
  at: number,
  match: (event: Handled, life: OriginLife) => boolean,
): Handled | undefined {
  let first: Handled | undefined;
  for (const life of cluster.lives) {
    const { length } = life.read();
    for (let index = length - 1; index >= 0; index--) {
      const event = life.handled[index]!;
      if (event.at < at) break;
      if (match(event, life) && (first === undefined || event.at < first.at)) first = event;
    }
  }
  return first;
}

/** Milliseconds from `at` to the first event that `match` accepts. */
export async function recovery(
  { cluster }: Scene,
  at: number,
  match: (event: Handled, life: OriginLife) => boolean,
): Promise<number> {
  const what = "the first event after a fault";
  const event = await waitFor(() => firstHandled(cluster, at, match), { what, deadline: waitMs });
  return event.at - at;
}

/** A process, once told to, ends by itself and cleanly. */
export async function endsCleanly(program: Program): Promise<void> {
  const { code, signal } = await program.stop();
  if (code !== 0) throw new Error(`ended with ${code ?? signal}:\n${program.output}`);
}

/** Connections whose events an origin's process was given until now, and that have no end. */
export function owned(life: OriginLife): Set<string> {
  const ids = new Set<string>();
  for (const { type, id } of life.read()) {
    if (type === "close") ids.delete(id);
    else ids.add(id);
  }
  return ids;
}

/** Until the first event that the victim owned is handled by another process. */
export function takenOver(scene: Scene, at: number, victim: OriginLife): Promise<number> {
  const ids = owned(victim);
  return recovery(scene, at, ({ id }, life) => life !== victim && ids.has(id));
}
