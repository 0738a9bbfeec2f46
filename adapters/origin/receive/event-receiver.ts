import { isOfNode, nodeLostClose, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import type { Acknowledgement } from "../../../core/streams/mod.ts";
import {
  checkedId,
  isConnectionId,
  type MessageData,
  type OriginCloseEvent,
  traceOf,
} from "../base/mod.ts";
import { KnownConnections, OriginConnection } from "../connections/mod.ts";
import type { Dispatcher } from "../dispatch/mod.ts";
import type { CommandAck, ConnectionSender } from "../send/mod.ts";
import { type BatchListener, BatchReader } from "./batch-reader.ts";
import { EventStreams } from "./event-streams.ts";
import { ForeignIds, isOwn } from "./foreign-ids.ts";

/** What a `close` event says of the end. */
interface ToldEnd extends Pick<OriginCloseEvent, "seq" | "code" | "reason" | "cause"> {
  readonly trace?: string | undefined;
}

/** What nodes say besides events of connections. */
export interface NodeListener {
  /** Items of a stream are handled, or missing: the node must get this acknowledgement. */
  ackDue(node: string, ack: Acknowledgement): void;
  replied(ref: unknown, result: unknown): void;
  /** A node has carried out commands, or misses some. */
  acknowledged(node: string, ack: CommandAck): void;
  /** A node has given everything to other origins, because this one leaves. */
  released(node: string): void;
  /** A node that was taken for dead has sent an event. */
  revived(node: string): void;
  /** A handshake waits for an answer. Resolves when it no longer waits. */
  connecting(id: string, request: unknown, assigned: boolean): Promise<void> | undefined;
}

/** Makes events of connections from batches: drops what was seen before, and finds gaps. */
export class EventReceiver implements BatchListener {
  readonly #dispatcher: Dispatcher;
  readonly #commands: ConnectionSender;
  readonly #listener: NodeListener;
  readonly #connections: KnownConnections = new KnownConnections();
  readonly #streams: EventStreams;
  readonly #reader: BatchReader = new BatchReader(this);
  readonly #foreign: ForeignIds;

  constructor(
    clock: Pick<Clock, "ticks">,
    dispatcher: Dispatcher,
    commands: ConnectionSender,
    listener: NodeListener,
  ) {
    this.#dispatcher = dispatcher;
    this.#commands = commands;
    this.#listener = listener;
    const failed = (error: ServiceError): void => dispatcher.failed(error);
    this.#foreign = new ForeignIds(clock, failed);
    this.#streams = new EventStreams(
      clock,
      (node, ack) => listener.ackDue(node, ack),
      failed,
      (node, incarnation) => this.#givenToOthers(node, incarnation),
    );
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Events that never came, by the numbers of those that did. */
  get missedEvents(): number {
    return this.#streams.missed;
  }

  /** Events that were dropped: their connection is of another node than their topic. */
  get foreignEvents(): number {
    return this.#foreign.count;
  }

  /** Nodes that have given this origin connections of its own. */
  get assigningNodes(): string[] {
    return this.#streams.assigning;
  }

  /** Tells the nodes how far their streams were received, so that they repeat the rest. */
  acknowledgeReceived(): void {
    this.#streams.acknowledgeReceived();
  }

  receive(topic: string, node: string, payload: Uint8Array, assigned: boolean): void {
    this.#streams.enter(topic, node, assigned);
    this.#reader.read(payload);
    this.#streams.leave();
  }

  /** The handle of an id: the known one, or a new one if the connection is not known. */
  connection(id: string): OriginConnection {
    return this.#connections.get(id) ?? new OriginConnection(checkedId(id), this.#commands);
  }

  /**
   * The node is taken for dead, or has restarted as `alive`: each of its other connections is told
   * as closed, once. Those of a node that was only cut off come back with their next event.
   */
  nodeLost(node: string, alive: string | undefined): void {
    if (alive !== undefined) this.#connections.forgetDetached(node, alive);
    const { closeCode: code, closeReason: reason, cause } = nodeLostClose;
    for (const connection of this.#connections.ofNode(node)) {
      if (alive !== undefined && connection.incarnation === alive) continue;
      if (alive === undefined) this.#connections.detach(connection, true);
      else this.#connections.remove(connection);
      this.#reportClose(connection, { seq: undefined, code, reason, cause });
      if (alive !== undefined) this.#connections.end(connection);
    }
  }

  began(stream: string | undefined, first: number, items: number): number {
    return this.#streams.begin(stream, first, items);
  }

  message(
    bytes: Uint8Array,
    start: number,
    end: number,
    seq: number,
    data: MessageData,
    state?: unknown,
    said?: unknown,
  ): void {
    const connection = this.#find(bytes, start, end);
    if (connection === undefined) return;
    const { record } = this.#streams;
    if (seq <= connection.seq) {
      // Another stream has brought this event before. It may still wait for its handler.
      this.#dispatcher.again(connection, record);
      return;
    }
    connection.seq = seq;
    connection.stateReceived(state);
    const trace = said === undefined ? undefined : traceOf(said);
    this.#dispatcher.dispatch(
      connection,
      trace === undefined
        ? { type: "message", connection, data, seq, state }
        : { type: "message", connection, data, seq, state, trace },
      record,
    );
  }

  item(item: readonly unknown[]): void {
    const [verb, id] = item;
    const { node, topic } = this.#streams.source;
    if (!isOwn(node, item)) {
      this.#foreign.drop(topic);
      return;
    }
    const named = typeof id === "string";
    if (named && (verb === "open" || verb === "assigned")) this.#introduced(verb, id, item[3]);
    else if (named && verb === "close") this.#closed(id, item);
    else if (named && verb === "connect") this.#connecting(id, item[2]);
    else if (named && verb === "ack") this.#acknowledged(id, item);
    else if (verb === "alive" && Array.isArray(id)) this.#alive(id);
    else if (verb === "moved" && Array.isArray(id)) this.#moved(id);
    else if (verb === "released") this.#listener.released(node);
    else if (verb === "reply") this.#listener.replied(id, item[2]);
  }

  refused(error: ServiceError): void {
    this.#dispatcher.failed(error);
  }

  /**
   * The connection opened now, or earlier at another origin. The number of its next event is
   * ignored: at the change from open mode, events below it may still be on their way.
   */
  #introduced(type: "open" | "assigned", id: string, given: unknown): void {
    const assigned = type === "assigned";
    const connection = this.#connections.get(id) ?? this.#unknown(id, assigned);
    if (connection === undefined) return;
    const { record } = this.#streams;
    if (connection.seq >= 0 && !assigned) {
      this.#dispatcher.again(connection, record);
      return;
    }
    connection.seq = Math.max(connection.seq, 0);
    const info = connection.introduced(given);
    this.#dispatcher.dispatch(connection, { type, connection, info }, record);
  }

  /** The batch is acknowledged when the handshake is decided, as with any other event. */
  #connecting(id: string, request: unknown): void {
    if (!isConnectionId(id)) {
      this.refused(new ServiceError("id-malformed", "a handshake names no connection id"));
      return;
    }
    const { record, source } = this.#streams;
    const decided = this.#listener.connecting(id, request, source.assigned);
    if (decided === undefined || record === undefined) return;
    record.pending++;
    decided.then(() => record.stream.settle(record));
  }

  #acknowledged(stream: string, [, , count, missing, sender]: readonly unknown[]): void {
    if (typeof count !== "number") return;
    this.#listener.acknowledged(this.#streams.source.node, {
      stream,
      count,
      received: typeof missing === "number" ? missing : undefined,
      sender: typeof sender === "string" ? sender : undefined,
    });
  }

  #closed(id: string, [, , seq, code, reason, cause, grant]: readonly unknown[]): void {
    const known = this.#connections.get(id);
    const detached = known === undefined ? this.#connections.takeDetached(id) : undefined;
    const connection = known ?? detached?.connection ?? this.#add(id);
    if (connection === undefined) return;
    this.#connections.remove(connection);
    connection.closedAs(grant);
    if (detached?.closeReported !== true) {
      const { trace } = (grant ?? {}) as { readonly trace?: unknown };
      this.#reportClose(connection, {
        seq: typeof seq === "number" ? seq : undefined,
        code: Number(code ?? 1006),
        reason: String(reason ?? ""),
        cause: String(cause ?? ""),
        trace: traceOf(trace),
      });
    }
    this.#connections.end(connection);
  }

  #reportClose(connection: OriginConnection, { trace, ...end }: ToldEnd): void {
    const traced = trace === undefined ? {} : { trace };
    const event = { type: "close", connection, ...end, ...traced } as const;
    this.#dispatcher.dispatch(connection, event, this.#streams.record);
  }

  /** Other origins have these connections now. */
  #moved(ids: readonly unknown[]): void {
    for (const id of ids) {
      const connection = typeof id === "string" ? this.#connections.get(id) : undefined;
      if (connection !== undefined) this.#connections.remove(connection);
    }
  }

  #alive(ids: readonly unknown[]): void {
    const connections: OriginConnection[] = [];
    for (const id of ids) {
      if (typeof id !== "string") continue;
      const connection = this.#connections.get(id) ?? this.#unknown(id);
      if (connection !== undefined) connections.push(connection);
    }
    if (connections.length > 0) this.#dispatcher.dispatchUnbound({ type: "alive", connections });
  }

  /**
   * A node that begins another stream for this origin had given it up in between. Its connections
   * moved to other origins, and may come back one by one. Those of an earlier incarnation ended
   * with it: `nodeLost` tells that, since events of a new one may come before its presence.
   */
  #givenToOthers(node: string, incarnation: string | undefined): void {
    for (const connection of this.#connections.ofNode(node)) {
      if ((connection.incarnation ?? incarnation) !== incarnation) continue;
      this.#connections.detach(connection, false);
    }
  }

  /** The connection of an event; a new object if it opened before this origin started. */
  #find(bytes: Uint8Array, start: number, end: number): OriginConnection | undefined {
    const { node, topic } = this.#streams.source;
    const known = this.#connections.find(bytes, start, end);
    if (known !== undefined && known.node === node) return known;
    const id = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
    if (id.includes(".") && !isOfNode(id, node)) {
      this.#foreign.drop(topic);
      return undefined;
    }
    return this.#unknown(id);
  }

  /** `introduced`: the event has its info, so that handlers need no `open` again. */
  #unknown(id: string, introduced = false): OriginConnection | undefined {
    const detached = this.#connections.takeDetached(id);
    if (detached === undefined) return this.#add(id);
    const { connection, closeReported } = detached;
    this.#connections.add(connection);
    if (!closeReported) return connection;
    this.#listener.revived(connection.node);
    if (introduced) return connection;
    const { info = {} } = connection;
    const { record } = this.#streams;
    this.#dispatcher.dispatch(connection, { type: "open", connection, info }, record);
    return connection;
  }

  #add(id: string): OriginConnection | undefined {
    const { record, source } = this.#streams;
    const ended = this.#connections.ended(id);
    if (ended !== undefined) {
      this.#dispatcher.again(ended, record);
      return undefined;
    }
    if (!isConnectionId(id)) {
      this.refused(new ServiceError("id-malformed", "an event names no connection id"));
      return undefined;
    }
    const connection = new OriginConnection(id, this.#commands);
    connection.incarnation = source.stream?.incarnation;
    this.#connections.add(connection);
    return connection;
  }
}
