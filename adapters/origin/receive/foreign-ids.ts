import { isOfNode, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import { originLimits } from "../base/mod.ts";

function isForeign(id: unknown, node: string): boolean {
  return typeof id === "string" && id.includes(".") && !isOfNode(id, node);
}

/** Whether a reply speaks only for this node and its connections. */
function isReplyOf(result: unknown, node: string): boolean {
  if (typeof result !== "object" || result === null) return true;
  const { node: from, connections, gone } = result as Readonly<Record<string, unknown>>;
  if (typeof from === "string" && from !== node) return false;
  for (const id of Object.keys(result)) if (isForeign(id, node)) return false;
  for (const id of Array.isArray(gone) ? gone : []) if (isForeign(id, node)) return false;
  for (const entry of Array.isArray(connections) ? connections : []) {
    if (isForeign((entry as { id?: unknown } | null)?.id, node)) return false;
  }
  return true;
}

/** Whether an item speaks only of connections of the topic's node. */
export function isOwn(node: string, [verb, id, result]: readonly unknown[]): boolean {
  if (verb === "ack") return true;
  if (verb === "reply") return isReplyOf(result, node);
  if (Array.isArray(id)) return id.every((one) => typeof one !== "string" || isOfNode(one, node));
  // A malformed id is reported as such.
  return typeof id !== "string" || !id.includes(".") || isOfNode(id, node);
}

/**
 * Events whose connection is not of the node that their topic names: another program publishes
 * there, or the node is broken. They are dropped and counted. The first one is reported at once,
 * and further ones together, because there may be many.
 */
export class ForeignIds {
  readonly #clock: Pick<Clock, "ticks">;
  readonly #failed: (error: ServiceError) => void;
  #count = 0;
  #reported = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, "ticks">, failed: (error: ServiceError) => void) {
    this.#clock = clock;
    this.#failed = failed;
  }

  get count(): number {
    return this.#count;
  }

  drop(topic: string): void {
    this.#count++;
    const now = this.#clock.ticks();
    if (now - this.#reportedAt < originLimits.foreignReportMs) return;
    const events = this.#count - this.#reported;
    this.#reported = this.#count;
    this.#reportedAt = now;
    const what =
      events === 1 ? "an event names a connection" : `${events} events name connections`;
    const message = `${topic}: ${what} of another node than the topic: dropped`;
    this.#failed(new ServiceError("id-foreign", message));
  }
}
