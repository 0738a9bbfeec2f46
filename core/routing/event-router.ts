import { limits } from "../base/mod.ts";
import { IdleConnections } from "../connection/mod.ts";
import { type EventDependencies, EventStream } from "../events/mod.ts";
import type { EventDestination, OriginDestination, OriginPresence } from "../ports/mod.ts";
import type { Acknowledgement } from "../streams/mod.ts";
import type { AssignedOrigin } from "./assigned-origin.ts";
import { DirectReplies } from "./direct-replies.ts";
import { NoOriginBuffer } from "./no-origin-buffer.ts";
import { NoSubscribers } from "./no-subscribers.ts";
import { OpenBacklog } from "./open-backlog.ts";
import { type LiveOrigin, OriginDirectory } from "./origin-directory.ts";
import { moveIdle, reassign, rebalance } from "./reassign.ts";
import { RefusedOrigins } from "./refused-origins.ts";
import { rendezvous } from "./rendezvous.ts";
import { SenderReplies } from "./sender-replies.ts";
import { silentHint } from "./silent-origin.ts";
import { UnreachedOrigins } from "./unreached-origins.ts";

export type OriginMode = "auto" | "open" | "assigned";

export interface EventRouterOptions {
  readonly app: string;
  readonly node: string;
  readonly incarnation: string;
  /** Part of the streams' names if the node has several apps. */
  readonly appNumber?: number | undefined;
  readonly mode: OriginMode;
  readonly partitions: number;
  /** Format in open mode; in assigned mode an origin's presence says it. */
  readonly json: boolean;
  readonly windowBytesMax: number;
  /** Events wait this long for an origin; then their connections are closed. */
  readonly originWaitMs: number;
  /** An origin that lives but confirms nothing for this long counts as dead. */
  readonly ackTimeoutMs: number;
  readonly rebalance: boolean;
}

/** A stream of events, and where they go. */
export interface RouterDestination {
  readonly kind: "origin" | "partition" | "waiting";
  /** The origin's name or the partition's number; empty while events wait. */
  readonly name: string;
  readonly stream: EventStream;
  readonly leaving?: boolean;
  readonly presence?: OriginPresence;
}

/**
 * Chooses the stream that carries a connection's events. In open mode that is a partition's
 * stream. In assigned mode it is the stream of the origin that rendezvous hashing picks, and of
 * another one when that origin is gone. While there is no origin it is the no-origin buffer.
 */
export class EventRouter {
  /** Whether a connection may move to another origin during its life. */
  readonly mayMove: boolean;
  readonly #dependencies: EventDependencies;
  readonly #options: EventRouterOptions;
  readonly #directory: OriginDirectory;
  readonly #open: EventStream[] = [];
  readonly #origins: Map<string, AssignedOrigin> = new Map();
  readonly #refused: RefusedOrigins;
  readonly #noSubscribers: NoSubscribers;
  readonly #idle: IdleConnections;
  readonly #noOriginBuffer: NoOriginBuffer;
  readonly #backlog: OpenBacklog;
  readonly #unreached: UnreachedOrigins;
  /** Sends replies and acknowledgements to senders of commands. */
  readonly replies: SenderReplies;
  /** Sends the replies that are asked for on the sender's own topic. */
  readonly directReplies: DirectReplies;
  #assigned: boolean;
  #connected = false;
  #generation = 0;

  constructor(dependencies: EventDependencies, options: EventRouterOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
    this.mayMove = options.mode !== "open";
    this.#assigned = options.mode === "assigned";
    this.#noSubscribers = new NoSubscribers(dependencies, options);
    this.#idle = new IdleConnections(dependencies.registry);
    this.#noOriginBuffer = new NoOriginBuffer(dependencies, options.originWaitMs);
    if (this.#assigned) this.#noOriginBuffer.missing();
    this.#backlog = new OpenBacklog(dependencies.clock, () => this.#connected);
    const { app, json, partitions } = options;
    this.#unreached = new UnreachedOrigins(dependencies, app);
    for (let partition = 0; partition < partitions; partition++) {
      this.#open.push(this.#stream(String(partition), { app, partition }, json));
    }
    this.replies = new SenderReplies(
      (sender) => this.#origins.get(sender),
      this.#open[0] as EventStream,
      dependencies.metrics,
      options.windowBytesMax,
    );
    this.directReplies = new DirectReplies(dependencies, app, options.windowBytesMax);
    this.#refused = new RefusedOrigins(dependencies, app, (name, presence) =>
      this.#directory.presence(name, presence),
    );
    this.#directory = new OriginDirectory(dependencies.clock, {
      joined: (origin) => this.#joined(origin),
      leaving: (name) => this.#leaving(name),
      left: (name) => this.#left(name),
    });
  }

  get unconfirmedBytes(): number {
    let bytes = 0;
    for (const stream of this.#streams()) bytes += stream.unconfirmedBytes;
    return bytes;
  }

  /** Connections that are not read now, because their stream's window is full. */
  get pausedConnections(): number {
    let connections = 0;
    for (const stream of this.#streams()) connections += stream.pausedConnections;
    return connections;
  }

  /** Whether an origin may be there to authorise; in open mode only the broker knows. */
  get hasOrigin(): boolean {
    return !this.#assigned || this.#origins.size > 0;
  }

  /**
   * Why the node takes no new connection: no origin takes its events, or every stream has reached
   * `event-window-size`. A full `window` of an origin is no reason: events wait for their turn.
   */
  get refusal(): "no-origin" | "window-full" | undefined {
    const { stream: buffered, expired } = this.#noOriginBuffer;
    if (this.#assigned && this.#origins.size === 0 && expired) return "no-origin";
    if (!this.#assigned) {
      return this.#open.every((stream) => stream.bytesFull) ? "window-full" : undefined;
    }
    for (const { stream } of this.#origins.values()) if (!stream.bytesFull) return undefined;
    return this.#origins.size > 0 || buffered?.bytesFull ? "window-full" : undefined;
  }

  get isAssigned(): boolean {
    return this.#assigned;
  }

  /** Where events go now, for operators. */
  *destinations(): IterableIterator<RouterDestination> {
    if (!this.#assigned) {
      for (const [partition, stream] of this.#open.entries()) {
        yield { kind: "partition", name: String(partition), stream };
      }
    }
    for (const { origin, stream, leaving } of this.#origins.values()) {
      yield { kind: "origin", name: origin.name, stream, leaving, presence: origin.presence };
    }
    const { stream } = this.#noOriginBuffer;
    if (stream !== undefined) yield { kind: "waiting", name: "", stream };
  }

  /** Live origins that take connections, in assigned mode. */
  get origins(): number {
    return this.#origins.size;
  }

  /** Every stream has reached its limit of handshakes that no origin has answered. */
  get connectsFull(): boolean {
    if (!this.#assigned) return this.#open.every((stream) => stream.connectsFull);
    for (const { stream } of this.#origins.values()) if (!stream.connectsFull) return false;
    return this.#origins.size > 0;
  }

  /** Open mode: the broker says that nobody subscribes to the events of this app. */
  get noSubscribers(): boolean {
    return !this.#assigned && this.#noSubscribers.all;
  }

  /** Access rules that this node lacks, if it can publish to no origin without them. */
  get missingRights(): readonly string[] {
    return this.#origins.size === 0 ? this.#refused.rules() : [];
  }

  /** Open mode: nobody subscribes to this stream's `connect`, as the broker says. */
  noteNoSubscribers(stream: EventStream): void {
    const partition = this.#open.indexOf(stream);
    if (partition >= 0) this.#noSubscribers.add(partition);
  }

  /** A handshake was refused because no origin is there. */
  noteNoOrigin(): void {
    if (this.#options.mode === "auto" && this.#assigned) this.#noOriginBuffer.hint();
  }

  /** The stream of a new connection. */
  assign(id: string, slot: number): EventStream {
    if (!this.#assigned) return this.#open[slot % this.#open.length] as EventStream;
    const live = [...this.#directory.live()];
    // A new connection avoids an origin that cannot take its events, while another can.
    const room = live.filter(({ name }) => this.#hasRoom(name));
    const origin = rendezvous(id, room) ?? rendezvous(id, live);
    const assigned = origin === undefined ? undefined : this.#origins.get(origin.name);
    return assigned?.stream ?? this.#noOriginStream();
  }

  /** Whether the channel can publish now; called again if it reaches other destinations. */
  connected(connected: boolean): void {
    const changes = connected !== this.#connected;
    this.#connected = connected;
    if (changes) {
      this.directReplies.connected = connected;
      this.#refused.connected(connected);
      this.#directory.connected(connected);
    }
    for (const stream of this.#streams()) stream.connected(this.#mayPublish(stream));
    if (changes) this.#noOriginBuffer.connected(connected);
  }

  /** An origin's presence came in, or was cleared. */
  presence(name: string, presence: OriginPresence | undefined): void {
    if (this.#options.mode === "open") return;
    if (this.#refused.presence(name, presence)) return;
    this.#directory.presence(name, presence);
  }

  /** An origin confirms items of its stream. */
  acknowledge(sender: string, [, name, count, received, beyond]: Acknowledgement): void {
    const assigned = this.#origins.get(sender);
    if (assigned === undefined || assigned.stream.name !== name) return;
    if (assigned.stream.acknowledge(count, received, beyond))
      this.#dependencies.metrics.repeats.add(1);
    this.#releaseIfDone(assigned);
  }

  /** Resolves when every event is confirmed. A stream that ends gives its events to others. */
  async settled(): Promise<void> {
    do await Promise.all(Array.from(this.#streams(), (stream) => stream.settled()));
    while (this.unconfirmedBytes > 0);
  }

  stop(): void {
    this.#noOriginBuffer.stop();
    this.#backlog.stop();
    this.#directory.connected(false);
    this.#refused.connected(false);
  }

  /** Probes streams without progress, and rebalances; called once a second. */
  tick(): void {
    if (this.#connected && !this.#assigned) this.#noSubscribers.ask();
    this.#noOriginBuffer.tick();
    for (const assigned of this.#origins.values()) {
      const { stream } = assigned;
      const stuck = stream.silentMs >= this.#options.ackTimeoutMs;
      if (stuck || stream.refused !== undefined) this.#giveUp(assigned);
      else if (stream.probe()) this.#dependencies.metrics.repeats.add(1);
      this.#unreached.look(assigned.origin.name, stream, this.#connected);
    }
    if (!this.#options.rebalance || this.#origins.size < 2) return;
    for (const connection of this.#idle.next(limits.rebalancePerTickMax)) {
      const target = this.#target(connection.id);
      if (target === connection.stream || target.windowFull) continue;
      if (this.#connected && !target.canPublish) continue;
      rebalance(this.#dependencies, connection, target);
    }
  }

  /** The origin's stream is not full, and can publish unless the whole transport is away. */
  #hasRoom(name: string): boolean {
    const stream = this.#origins.get(name)?.stream;
    if (stream === undefined || stream.bytesFull) return false;
    return stream.canPublish || !this.#connected;
  }

  /** The origin lives, but cannot be published to, or confirms nothing: it counts as gone. */
  #giveUp({ origin, stream }: AssignedOrigin): void {
    const { logger, metrics } = this.#dependencies;
    const { app, node } = this.#options;
    const { refused } = stream;
    const code = refused?.code ?? "ack-timeout";
    const fields = { code, origin: origin.name, app };
    if (refused === undefined) {
      metrics.error(code);
      const hint = stream.acknowledged === 0 ? silentHint(origin.name, node) : "";
      const message = `an origin acknowledges no events; its connections move to others${hint}`;
      logger.log("warn", code, message, fields);
    } else {
      this.#refused.add(origin, refused);
      const message = "the broker refuses publishes to an origin; its connections move to others";
      logger.log("error", "origin-publish-refused", message, fields);
    }
    this.#directory.remove(origin.name);
  }

  #pick(id: string): AssignedOrigin | undefined {
    const origin = rendezvous(id, this.#directory.live());
    return origin === undefined ? undefined : this.#origins.get(origin.name);
  }

  #joined(origin: LiveOrigin): void {
    const { app } = this.#options;
    this.#generation++;
    const { format, window = limits.eventWindowItemsMax } = origin.presence;
    const name = `${origin.name}:${this.#generation}`;
    const destination = { app, origin: origin.name };
    const stream = this.#stream(name, destination, format === "json", window);
    this.#origins.set(origin.name, { origin, stream, leaving: false });
    if (!this.#assigned) this.#backlog.begin(this.#open, (late) => this.#endBacklog(late));
    stream.connected(this.#mayPublish(stream));
    this.#log("origin-joined", "an origin joined and takes connections", origin.name);
    const buffered = this.#noOriginBuffer.end();
    if (!this.#assigned) this.#beginAssigned();
    else if (buffered !== undefined) this.#reassign(buffered);
  }

  /** Open mode is over: from now on every connection is assigned to an origin. */
  #beginAssigned(): void {
    this.#assigned = true;
    for (const connection of this.#dependencies.registry.all()) {
      connection.stream.forget(connection);
      moveIdle(this.#dependencies, connection, this.#target(connection.id));
      if (connection.closing === undefined) connection.socket.resume();
    }
  }

  #leaving(name: string): void {
    const assigned = this.#origins.get(name);
    if (assigned === undefined) return;
    this.#log("origin-leaving", "an origin is leaving: its connections move to others", name);
    assigned.leaving = true;
    assigned.stream.freeze();
    this.#releaseIfDone(assigned);
  }

  /** A leaving origin has handled what it was sent: its connections move to others. */
  #releaseIfDone(assigned: AssignedOrigin): void {
    if (!assigned.leaving || !assigned.stream.idle) return;
    const { name } = assigned.origin;
    if (this.#origins.get(name) !== assigned) return;
    assigned.stream.publishBare([["released", this.#options.node]]);
    this.#origins.delete(name);
    this.#moveFrom(assigned.stream);
  }

  #left(name: string): void {
    const assigned = this.#origins.get(name);
    if (assigned === undefined) return;
    this.#origins.delete(name);
    this.#log("origin-left", "an origin left: its connections move to others", name);
    this.#moveFrom(assigned.stream);
  }

  #target(id: string): EventStream {
    return this.#pick(id)?.stream ?? this.#noOriginStream();
  }

  /** An origin is gone: its connections move. Without another one the wait for one begins. */
  #moveFrom(stream: EventStream): void {
    if (this.#origins.size === 0) this.#noOriginBuffer.missing();
    this.#reassign(stream);
  }

  #reassign(from: EventStream): void {
    reassign(this.#dependencies, from, (id) => this.#target(id));
  }

  #noOriginStream(): EventStream {
    if (this.#noOriginBuffer.stream !== undefined) return this.#noOriginBuffer.stream;
    this.#generation++;
    return this.#noOriginBuffer.open(
      this.#stream(`waiting:${this.#generation}`, undefined, false),
    );
  }

  #mayPublish({ isOpen }: EventStream): boolean {
    return this.#connected && (isOpen || !this.#backlog.waits);
  }

  #endBacklog(late: number): void {
    if (late > 0) {
      const { logger, metrics } = this.#dependencies;
      const code = "events-unconfirmed";
      metrics.error(code);
      const message = "the broker has not confirmed the last events of open mode; origins go on";
      logger.log("warn", "events-late", message, { code, events: late, app: this.#options.app });
    }
    for (const { stream } of this.#origins.values()) stream.connected(this.#connected);
  }

  *#streams(): IterableIterator<EventStream> {
    yield* this.#open;
    for (const { stream } of this.#origins.values()) yield stream;
    if (this.#noOriginBuffer.stream !== undefined) yield this.#noOriginBuffer.stream;
  }

  /** A stream of this node's incarnation. */
  #stream(
    label: string,
    destination: EventDestination | OriginDestination | undefined,
    json: boolean,
    windowItemsMax: number = Number.POSITIVE_INFINITY,
  ): EventStream {
    const { node, incarnation, appNumber, windowBytesMax } = this.#options;
    const app = appNumber === undefined ? "" : `:app${appNumber}`;
    const name = `${node}:${incarnation}:${label}${app}`;
    const settings = { name, destination, json, windowBytesMax, windowItemsMax };
    return new EventStream(this.#dependencies, settings);
  }

  #log(event: string, message: string, origin: string): void {
    this.#dependencies.logger.log("info", event, message, { origin, app: this.#options.app });
  }
}
