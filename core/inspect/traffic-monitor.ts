import { everyone, ServiceError } from "../base/mod.ts";
import { type Connection, type Registry, slotOfConnectionId } from "../connection/mod.ts";
import {
  type Cancel,
  type Clock,
  type CommandDecoder,
  type CommandSource,
  type GroupMessage,
  MessageKind,
  type ValueCodec,
  Verb,
} from "../ports/mod.ts";
import type { TrafficTap } from "../telemetry/mod.ts";
import { findConnection } from "./describe-connection.ts";
import { type EventItem, eventItems, seqOf, valueHead } from "./event-items.ts";
import { inspectLimits } from "./inspect-limits.ts";
import { detailsOf, previewOf } from "./preview.ts";
import type { TailFilter, TailLine, TailReceiver } from "./questions.ts";
import { Tail } from "./tail.ts";

export interface MonitorDependencies {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly values: ValueCodec;
}

const decoder = new TextDecoder();

/**
 * Shows operators what passes. Events are looked through after the turn that published them, in
 * slices of time; commands are compared with the connections of the tails as they come.
 */
export class TrafficMonitor implements TrafficTap {
  isOpen = false;
  readonly #dependencies: MonitorDependencies;
  readonly #tails: Set<Tail> = new Set();
  #batches: Uint8Array[] = [];
  #batchBytes = 0;
  #missed = 0;
  #looking = false;

  constructor(dependencies: MonitorDependencies) {
    this.#dependencies = dependencies;
  }

  /** Follows a connection or a group until it is cancelled. Throws `requests-full`. */
  open(filter: TailFilter, receive: TailReceiver): Cancel {
    if (this.#tails.size >= inspectLimits.tailsMax) {
      throw new ServiceError("requests-full", "too many tails are open");
    }
    const tail = new Tail(filter, this.#dependencies.clock, receive);
    this.#tails.add(tail);
    this.isOpen = true;
    return () => {
      tail.stop();
      this.#tails.delete(tail);
      this.isOpen = this.#tails.size > 0;
      if (!this.isOpen) this.#forget();
    };
  }

  events(batch: Uint8Array): void {
    if (this.#batchBytes + batch.byteLength > inspectLimits.batchBytesMax) {
      this.#missed++;
    } else {
      this.#batches.push(batch);
      this.#batchBytes += batch.byteLength;
    }
    if (this.#looking) return;
    this.#looking = true;
    this.#dependencies.clock.endOfTurn(() => this.#look());
  }

  command(source: CommandSource, commands: CommandDecoder): void {
    const verb = commands.verb();
    if (verb === Verb.unknown || verb === Verb.ack || verb === Verb.query) return;
    for (const tail of this.#tails) {
      if (this.#concerns(tail, source, commands)) {
        tail.add(() => commandLine(source, commands, tail));
      }
    }
  }

  message({ app, group, kind, payload }: GroupMessage): void {
    for (const tail of this.#tails) {
      if (!this.#isForGroup(tail, app, group)) continue;
      const isText = kind === MessageKind.text;
      tail.add(() => ({ kind: "raw", verb: "publish", group, ...previewOf(payload, isText) }));
    }
  }

  #concerns(tail: Tail, { app }: CommandSource, commands: CommandDecoder): boolean {
    const { filter } = tail;
    if (commands.verb() === Verb.publish) return this.#isForGroup(tail, app, commands.group());
    if ("group" in filter) {
      const verb = commands.verb();
      const joins = verb === Verb.join || verb === Verb.leave;
      return joins && filter.app === app && commands.group() === filter.group;
    }
    const slot = slotOfConnectionId(filter.connection);
    const count = Math.min(commands.targets(), inspectLimits.targetsMax);
    for (let index = 0; index < count; index++) {
      if (commands.target(index) === slot) return commands.targetId(index) === filter.connection;
    }
    return false;
  }

  /** Whether the tail follows this group, or one of its members. */
  #isForGroup({ filter }: Tail, app: string, group: string): boolean {
    if ("group" in filter) return filter.app === app && filter.group === group;
    const connection = findConnection(this.#dependencies.registry, filter.connection);
    if (connection?.app.name !== app) return false;
    return group === everyone || connection.groups?.has(group) === true;
  }

  /** Looks through the batches for a moment, and goes on later. */
  #look(): void {
    const { clock } = this.#dependencies;
    const endsAt = clock.ticks() + inspectLimits.lookMs;
    let done = 0;
    for (const batch of this.#batches) {
      if (done > 0 && clock.ticks() >= endsAt) break;
      this.#lookThrough(batch);
      this.#batchBytes -= batch.byteLength;
      done++;
    }
    this.#batches.splice(0, done);
    if (this.#missed > 0) for (const tail of this.#tails) tail.missed(this.#missed);
    this.#missed = 0;
    this.#looking = this.#batches.length > 0;
    if (this.#looking) clock.after(inspectLimits.lookPauseMs, () => this.#look());
  }

  #lookThrough(batch: Uint8Array): void {
    for (const item of eventItems(batch)) {
      for (const tail of this.#tails) {
        if (!this.#isOfTail(tail, batch, item)) continue;
        const connection = decoder.decode(batch.subarray(item.idStart, item.idEnd));
        const { seq, at } = seqOf(batch, item);
        if (!tail.isNew(connection, seq)) continue;
        tail.add(() => ({ ...this.#eventLine(batch, item, at), connection, seq }));
      }
    }
  }

  #isOfTail(tail: Tail, batch: Uint8Array, item: EventItem): boolean {
    const { idStart, idEnd, verb } = item;
    if (!shownEvents.has(verb)) return false;
    if (tail.id !== undefined) return isSame(batch.subarray(idStart, idEnd), tail.id);
    const { filter } = tail;
    if (!("group" in filter)) return false;
    const id = decoder.decode(batch.subarray(idStart, idEnd));
    const connection = findConnection(this.#dependencies.registry, id);
    // When its `close` is looked at, the connection is gone. The tail knows it from before.
    return connection === undefined ? tail.knows(id) : isMember(connection, filter);
  }

  /** `at`: where the element behind `seq` begins. */
  #eventLine(batch: Uint8Array, item: EventItem, at: number): Omit<TailLine, "at"> {
    const { verb, start, end } = item;
    if (verb === "message") {
      const data = valueHead(batch, at);
      const payload = batch.subarray(data.start, data.end);
      return { kind: "event", verb, ...previewOf(payload, data.kind === "text") };
    }
    if (end - start > inspectLimits.itemBytesMax) return { kind: "event", verb, cut: true };
    const value = this.#dependencies.values.decodeValue(batch.subarray(start, end));
    const [, , , ...rest] = value as unknown[];
    return { kind: "event", verb, details: detailsOf(rest.map(withoutSecrets)) };
  }

  #forget(): void {
    this.#batches = [];
    this.#batchBytes = 0;
    this.#missed = 0;
  }
}

/** The events that a tail shows. `alive` names many connections, and says nothing new of them. */
const shownEvents: ReadonlySet<string> = new Set(["open", "message", "close", "assigned"]);

function isMember(
  { app, groups }: Connection,
  filter: { readonly group: string; readonly app: string },
): boolean {
  if (app.name !== filter.app) return false;
  return filter.group === everyone || groups?.has(filter.group) === true;
}

function commandLine(
  { sender }: CommandSource,
  commands: CommandDecoder,
  { filter }: Tail,
): Omit<TailLine, "at"> {
  const kind = "command";
  const verb = commands.verbName();
  const group = commands.group() || undefined;
  const connection = "connection" in filter ? filter.connection : undefined;
  const head = { kind, verb, sender, group, connection } as const;
  const code = commands.verb();
  if (code === Verb.send || code === Verb.publish) {
    const isText = commands.dataKind() === MessageKind.text;
    return { ...head, ...previewOf(commands.data(), isText) };
  }
  // A state is the application's own, and may be a secret.
  if (code === Verb.state) return head;
  const [, , ...rest] = commands.value();
  return { ...head, details: detailsOf(rest.map(withoutSecrets)) };
}

/** Removes queries, headers and states: they may hold tokens, which operators need not see. */
function withoutSecrets(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const {
    query: _query,
    headers: _headers,
    state: _state,
    ...shown
  } = value as {
    readonly [key: string]: unknown;
  };
  return Array.isArray(value) ? value : shown;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.byteLength !== other.byteLength) return false;
  for (let index = 0; index < one.byteLength; index++) {
    if (one[index] !== other[index]) return false;
  }
  return true;
}
