import { ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import {
  checkedId,
  ForeignIds,
  isConnectionId,
  isOfNode,
  isReplyOf,
  type MessageData,
} from "../base/mod.ts";
import {
  ClosedConnections,
  ConnectionTable,
  DetachedConnections,
  type Dispatcher,
  OriginConnection,
} from "../dispatch/mod.ts";
import { BatchReader, type BatchSink } from "./batch-reader.ts";
import { type EventSource, newSource } from "./event-source.ts";
import { EventSources } from "./event-sources.ts";
import type { ReceiverEffects } from "./receiver-effects.ts";

/** From batches of events to events of connections: drops what was seen, finds gaps. */
export class EventReceiver implements BatchSink {
  readonly #effects: ReceiverEffects;
  readonly #dispatcher: Dispatcher;
  readonly #table: ConnectionTable = new ConnectionTable();
  readonly #sources: EventSources;
  readonly #reader: BatchReader = new BatchReader(this);
  readonly #former: DetachedConnections = new DetachedConnections();
  #source: EventSource = newSource("", "", false);
  readonly #closedConnections: ClosedConnections = new ClosedConnections();
  readonly #foreign: ForeignIds;

  constructor(effects: ReceiverEffects, dispatcher: Dispatcher, clock: Pick<Clock, "now">) {
    this.#effects = effects;
    this.#dispatcher = dispatcher;
    this.#sources = new EventSources({
      confirm: (node, stream, counts) => effects.confirm(node, stream, counts),
      failed: (error) => dispatcher.failed(error),
      begunAnew: (node) => this.#givenToOthers(node),
    });
    this.#foreign = new ForeignIds(clock, (error) => dispatcher.failed(error));
  }

  /** Connections known to this origin. */
  get connections(): number {
    return this.#table.size;
  }

  /** Events that never came, by the numbers of those that did. */
  get missedEvents(): number {
    return this.#sources.missed;
  }

  /** Events that were dropped: their connection is of another node than their topic. */
  get foreignEvents(): number {
    return this.#foreign.count;
  }

  /** Nodes that have given this origin connections of its own. */
  get assigningNodes(): string[] {
    return this.#sources.assigning;
  }

  /** Says where every stream stands: what came while the broker was away is to come again. */
  tellReceived(): void {
    this.#sources.tellReceived();
  }

  receive(topic: string, node: string, payload: Uint8Array, assigned: boolean): void {
    this.#source = this.#sources.enter(topic, node, assigned);
    this.#reader.read(payload);
    this.#sources.leave();
  }

  /** The handle of an id; one that is kept only where the connection is known. */
  connection(id: string): OriginConnection {
    const known = this.#table.byId(id);
    if (known !== undefined) return known;
    return new OriginConnection(checkedId(id), this.#effects);
  }

  /**
   * The node seems to be dead or lives anew as `alive`: its other connections are closed, once
   * each. Those of a node that was only cut off come back with their next event.
   */
  nodeLost(node: string, alive: string | undefined): void {
    if (alive !== undefined) this.#former.forget(node, alive);
    for (const connection of this.#table.ofNode(node)) {
      if (alive !== undefined && connection.incarnation === alive) continue;
      this.#table.remove(connection);
      if (alive === undefined) this.#former.keep(connection, true);
      this.#tellClose(connection, [1006, "", "node-lost"]);
      if (alive !== undefined) this.#closedConnections.add(connection);
    }
  }

  begin(stream: string | undefined, first: number, items: number): number {
    return this.#sources.begin(stream, first, items);
  }

  message(
    bytes: Uint8Array,
    start: number,
    end: number,
    seq: number,
    data: MessageData,
    state?: unknown,
  ): void {
    const connection = this.#find(bytes, start, end);
    if (connection === undefined) return;
    if (seq <= connection.seq) {
      // Seen: another stream has told of it before. It may wait for its handler still.
      this.#dispatcher.again(connection, this.#sources.record);
      return;
    }
    connection.seq = seq;
    connection.heard(state);
    this.#dispatcher.dispatch(
      connection,
      { type: "message", connection, data, seq, state },
      this.#sources.record,
    );
  }

  item(item: readonly unknown[]): void {
    const [verb, id] = item;
    if (!this.#isOwn(verb, id, item[2])) {
      this.#foreign.drop(this.#source.topic);
      return;
    }
    const opens = verb === "open" || verb === "assigned";
    if (opens && typeof id === "string") this.#introduced(verb, id, item[3]);
    else if (verb === "close" && typeof id === "string") this.#closed(id, item);
    else if (verb === "connect" && typeof id === "string") this.#connect(id, item[2]);
    else if (verb === "alive" && Array.isArray(id)) this.#alive(id);
    else if (verb === "released") this.#effects.released(this.#source.node);
    else if (verb === "moved" && Array.isArray(id)) this.#moved(id);
    else if (verb === "reply") this.#effects.reply(id, item[2]);
    else if (verb === "ack" && typeof id === "string" && typeof item[2] === "number") {
      const sender = typeof item[4] === "string" ? item[4] : undefined;
      const ack = { sender, stream: id, count: item[2], gap: typeof item[3] === "number" };
      this.#effects.acknowledged(this.#source.node, ack);
    }
  }

  refused(error: ServiceError): void {
    this.#dispatcher.failed(error);
  }

  /** Whether an item speaks of connections of the topic's node alone. */
  #isOwn(verb: unknown, id: unknown, result: unknown): boolean {
    const { node } = this.#source;
    if (verb === "ack") return true;
    if (verb === "reply") return isReplyOf(result, node);
    if (Array.isArray(id))
      return id.every((one) => typeof one !== "string" || isOfNode(one, node));
    // What is no id at all is told as such.
    return typeof id !== "string" || !id.includes(".") || isOfNode(id, node);
  }

  /**
   * The connection opened now, or earlier with another origin. Which number comes next is not
   * looked at: at the change from open mode, events below it may still be on their way.
   */
  #introduced(type: "open" | "assigned", id: string, said: unknown): void {
    const assigned = type === "assigned";
    const connection = this.#table.byId(id) ?? this.#unknown(id, assigned);
    if (connection === undefined) return;
    const { record } = this.#sources;
    if (connection.seq >= 0 && !assigned) {
      this.#dispatcher.again(connection, record);
      return;
    }
    connection.seq = Math.max(connection.seq, 0);
    const info = connection.introduced(said);
    this.#dispatcher.dispatch(connection, { type, connection, info }, record);
  }

  /** The batch is confirmed when the handshake is decided, like any other event's. */
  #connect(id: string, request: unknown): void {
    if (!isConnectionId(id)) {
      this.refused(new ServiceError("id-malformed", "a handshake names no connection id"));
      return;
    }
    const { record } = this.#sources;
    const decided = this.#effects.connect(id, request, this.#source.assigned);
    if (decided === undefined || record === undefined) return;
    record.pending++;
    decided.then(() => record.stream.settle(record));
  }

  #closed(id: string, item: readonly unknown[]): void {
    const [seq, , , , grant] = item.slice(2);
    const known = this.#table.byId(id);
    const former = known === undefined ? this.#former.take(id) : undefined;
    const connection = known ?? former?.connection ?? this.#add(id);
    if (connection === undefined) return;
    this.#table.remove(connection);
    connection.closedAs(grant);
    if (former?.told !== true) {
      this.#tellClose(connection, item.slice(3), typeof seq === "number" ? seq : undefined);
    }
    this.#closedConnections.add(connection);
  }

  #tellClose(connection: OriginConnection, said: readonly unknown[], seq?: number): void {
    const [code, reason, cause] = said;
    const words = { reason: String(reason ?? ""), cause: String(cause ?? "") };
    const event = {
      type: "close",
      connection,
      seq,
      code: Number(code ?? 1006),
      ...words,
    } as const;
    this.#dispatcher.dispatch(connection, event, this.#sources.record);
  }

  /** Other origins have these connections now: this one hears no more of them. */
  #moved(ids: readonly unknown[]): void {
    for (const id of ids) {
      const connection = typeof id === "string" ? this.#table.byId(id) : undefined;
      if (connection !== undefined) this.#table.remove(connection);
    }
  }

  #alive(ids: readonly unknown[]): void {
    const connections: OriginConnection[] = [];
    for (const id of ids) {
      const connection = typeof id === "string" ? this.#findById(id) : undefined;
      if (connection !== undefined) connections.push(connection);
    }
    if (connections.length > 0) this.#dispatcher.tell({ type: "alive", connections });
  }

  /**
   * A node that begins another stream for this origin had given it up in between: its connections
   * are others' now, and come back one by one, if at all.
   */
  #givenToOthers(node: string): void {
    for (const connection of this.#table.ofNode(node)) {
      this.#table.remove(connection);
      this.#former.keep(connection, false);
    }
  }

  /** The connection that an event tells of; a new one where it opened before this origin came. */
  #find(bytes: Uint8Array, start: number, end: number): OriginConnection | undefined {
    const { node } = this.#source;
    const known = this.#table.find(bytes, start, end);
    if (known !== undefined && known.node === node) return known;
    const id = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
    if (id.includes(".") && !isOfNode(id, node)) {
      this.#foreign.drop(this.#source.topic);
      return undefined;
    }
    return this.#unknown(id);
  }

  /** `introduced`: what tells of it says who it is, so that no `open` has to be told again. */
  #unknown(id: string, introduced: boolean = false): OriginConnection | undefined {
    const former = this.#former.take(id);
    if (former === undefined) return this.#add(id);
    const { connection, told } = former;
    this.#table.add(connection);
    if (!told) return connection;
    this.#effects.revived(connection.node);
    if (introduced) return connection;
    const { info = {} } = connection;
    const event = { type: "open", connection, info } as const;
    this.#dispatcher.dispatch(connection, event, this.#sources.record);
    return connection;
  }

  #findById(id: string): OriginConnection | undefined {
    return this.#table.byId(id) ?? this.#unknown(id);
  }

  #add(id: string): OriginConnection | undefined {
    const closed = this.#closedConnections.get(id);
    if (closed !== undefined) {
      this.#dispatcher.again(closed, this.#sources.record);
      return undefined;
    }
    if (!isConnectionId(id)) {
      this.refused(new ServiceError("id-malformed", "an event names no connection id"));
      return undefined;
    }
    const connection = new OriginConnection(id, this.#effects);
    connection.incarnation = this.#source.incarnation;
    this.#table.add(connection);
    return connection;
  }
}
