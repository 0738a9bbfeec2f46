import type { Connection } from "../connection/mod.ts";
import {
  assignedEvent,
  type EventDependencies,
  type EventStream,
  type KnownConnection,
  knownOf,
} from "../events/mod.ts";
import type { EventEncoder, ValueCodec } from "../ports/mod.ts";

type ReassignDependencies = Pick<EventDependencies, "events" | "values" | "registry" | "metrics">;

/** Gives a connection's events another stream from now on. */
function moveConnection(events: EventEncoder, connection: Connection, target: EventStream): void {
  if (connection.stream === target) return;
  connection.stream = target;
  connection.lastItem = target.next;
  connection.shareBytes = 0;
  connection.shareItem = 0;
  events.move(connection.slot, target.buffer);
}

/** Tells an origin that it gets a connection, before any event of the connection. */
function introduce(
  values: ValueCodec,
  stream: EventStream,
  known: KnownConnection,
  seq: number,
): void {
  // The no-origin buffer has no reader. The origin that takes the connection later gets the event.
  if (stream.toOrigin) stream.append(assignedEvent(values, known, seq));
}

/** Moves a connection of which no event is under way, and introduces it. */
export function moveIdle(
  { events, values }: Pick<ReassignDependencies, "events" | "values">,
  connection: Connection,
  target: EventStream,
): void {
  moveConnection(events, connection, target);
  introduce(values, target, knownOf(events, connection), events.nextSeq(connection.slot));
  connection.lastItem = target.next;
}

/** Gives an idle connection to the origin that rendezvous hashing picks now. */
export function rebalance(
  dependencies: ReassignDependencies,
  connection: Connection,
  target: EventStream,
): void {
  // The former origin forgets the connection.
  connection.stream.append(["moved", [connection.id]]);
  moveIdle(dependencies, connection, target);
  target.alive([connection.id]);
  connection.lastItem = target.next;
  dependencies.metrics.rebalanced.add(1);
}

/**
 * Moves a stream's connections, and what of it was not confirmed, to the origins present now: in
 * order, and before anything new, because nothing else runs in between. `target` picks by id.
 */
export function reassign(
  dependencies: ReassignDependencies,
  from: EventStream,
  target: (id: string) => EventStream,
): void {
  const { events, values, registry, metrics } = dependencies;
  const { items: left, paused, sparse } = from.takeUnacknowledged();
  const items = sparse ? withoutHandled(left, nextSeqsOf(dependencies, from)) : left;
  const firstSeqs = firstSeqsOf(items);
  const targets = new Map<string, EventStream>();
  // Walks all connections: origins rarely leave, and a list per stream would cost memory.
  for (const connection of registry.all()) {
    if (connection.stream !== from) continue;
    const { id, slot } = connection;
    const to = target(id);
    targets.set(id, to);
    moveConnection(events, connection, to);
    const seq = firstSeqs.get(id) ?? events.nextSeq(slot);
    // With seq 0 its `open` is repeated, which introduces it.
    if (seq > 0) introduce(values, to, knownOf(events, connection), seq);
  }
  const departed = from.departed.take();
  for (const known of departed) {
    const seq = firstSeqs.get(known.id) ?? 0;
    if (seq > 0) introduce(values, target(known.id), known, seq);
  }
  for (const item of items) {
    const [verb, id] = item as [string, string];
    // Replies are only for this origin; skip them. `alive` is sent anew below.
    if (verb !== "connect" && !isOfConnection(verb)) continue;
    metrics.reassigned.add(1);
    const to = targets.get(id) ?? target(id);
    if (verb === "connect") to.appendConnect(item);
    else to.append(item);
  }
  for (const known of departed) {
    const to = target(known.id);
    to.departed.add(known, to.next);
  }
  sendAlive(targets);
  for (const connection of registry.all()) {
    if (targets.has(connection.id)) connection.lastItem = connection.stream.next;
  }
  events.closeBuffer(from.buffer);
  for (const connection of paused) {
    if (connection.closing !== undefined) continue;
    connection.socket.resume();
    connection.stream.pauseIfFull(connection);
  }
}

/** Whether the item is one of the events that `seq` numbers in a connection. */
function isOfConnection(verb: unknown): boolean {
  return verb === "open" || verb === "message" || verb === "close";
}

/** The number of the next event of each of the stream's connections. */
function nextSeqsOf(
  { events, registry }: Pick<ReassignDependencies, "events" | "registry">,
  from: EventStream,
): Map<string, number> {
  const seqs = new Map<string, number>();
  for (const { id, slot, stream } of registry.all()) {
    if (stream === from) seqs.set(id, events.nextSeq(slot));
  }
  return seqs;
}

/**
 * Removes events that are certainly handled, though no acknowledgement named them. An origin
 * handles the events of a connection in order. So if an event is missing among the items, because
 * it is acknowledged, those before it are handled too. What remains of a connection has no gap and
 * ends with its last event: the one before `nextSeqs` of an open connection, else its `close`.
 */
function withoutHandled(
  items: readonly unknown[][],
  nextSeqs: Map<string, number>,
): readonly unknown[][] {
  const kept: unknown[][] = [];
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index]!;
    const [verb, id, seq] = item as [unknown, string, number];
    if (isOfConnection(verb)) {
      const next = nextSeqs.get(id);
      const isLast = next === undefined && verb === "close";
      if (!isLast && seq + 1 !== next) continue;
      nextSeqs.set(id, seq);
    }
    kept.push(item);
  }
  return kept.reverse();
}

/** The number of each connection's first event among the items. */
function firstSeqsOf(items: readonly unknown[][]): ReadonlyMap<string, number> {
  const seqs = new Map<string, number>();
  for (const [verb, id, seq] of items) {
    if (!isOfConnection(verb) || seqs.has(id as string)) continue;
    seqs.set(id as string, seq as number);
  }
  return seqs;
}

/** Names the moved connections in `alive`, for origins that ignore `assigned`. */
function sendAlive(targets: ReadonlyMap<string, EventStream>): void {
  const byStream = new Map<EventStream, string[]>();
  for (const [id, stream] of targets) {
    const ids = byStream.get(stream);
    if (ids === undefined) byStream.set(stream, [id]);
    else ids.push(id);
  }
  for (const [stream, ids] of byStream) stream.alive(ids);
}
