import type { Connection } from "./connection.ts";
import type { EventStream } from "./event-stream.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { Codec } from "./ports/mod.ts";
import type { Connections } from "./registry.ts";

export interface ReassignParts {
  readonly codec: Codec;
  readonly registry: Connections;
  readonly metrics: GatewayMetrics;
}

/** Gives a connection's events another stream from now on. */
export function moveConnection(codec: Codec, connection: Connection, target: EventStream): void {
  if (connection.stream === target) return;
  connection.stream = target;
  connection.lastItem = target.next;
  codec.move(connection.slot, target.lane);
}

/**
 * Moves a stream's connections, and what of it was not confirmed, to those that are there now:
 * in order, and before anything new, because nothing else runs in between. `target` picks by id.
 */
export function reassign(
  parts: ReassignParts,
  from: EventStream,
  target: (id: string) => EventStream,
): void {
  const { codec, registry, metrics } = parts;
  const { items, paused } = from.surrender();
  const targets = new Map<string, EventStream>();
  // Every connection is looked at: an origin does not leave often, and a list each would cost.
  for (const connection of registry.all()) {
    if (connection.stream !== from) continue;
    const to = target(connection.id);
    targets.set(connection.id, to);
    moveConnection(codec, connection, to);
  }
  for (const item of items) {
    const [verb, id] = item as [string, string];
    // Others would not know what to do with an answer, and `alive` follows.
    if (verb !== "connect" && verb !== "open" && verb !== "message" && verb !== "close") continue;
    metrics.reassigned.add(1);
    (targets.get(id) ?? target(id)).append(item);
  }
  introduce(targets);
  for (const connection of registry.all()) {
    if (targets.has(connection.id)) connection.lastItem = connection.stream.next;
  }
  codec.closeLane(from.lane);
  for (const connection of paused) {
    if (connection.closing !== undefined) continue;
    connection.socket.resume();
    connection.stream.hold(connection);
  }
}

/**
 * Tells origins which connections they have now. One that is silent would otherwise be unknown to
 * its origin, and nobody would be told of its end if this node dies.
 */
function introduce(targets: ReadonlyMap<string, EventStream>): void {
  const byStream = new Map<EventStream, string[]>();
  for (const [id, stream] of targets) {
    const ids = byStream.get(stream);
    if (ids === undefined) byStream.set(stream, [id]);
    else ids.push(id);
  }
  for (const [stream, ids] of byStream) stream.alive(ids);
}
