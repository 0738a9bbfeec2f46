import { clearInterval, setInterval } from "node:timers";
import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import { MqttLink, type MqttLinkPorts, type MqttVersion } from "../mqtt-link.ts";
import type { MqttTls } from "../mqtt-stream.ts";
import { parseNodePresence } from "../presence.ts";
import { isApp, isName, Topics } from "../topics.ts";
import { type OriginConnection, packId } from "./connection.ts";
import { Dispatcher } from "./dispatcher.ts";
import { EventReceiver } from "./event-receiver.ts";
import type {
  Connection,
  MessageData,
  OriginEvent,
  OriginEvents,
  OriginHandler,
  ReplyOptions,
  SendOutcome,
} from "./events.ts";
import { HandOver } from "./hand-over.ts";
import { randomName, refuse } from "./names.ts";
import type { NodeOutbox } from "./node-outbox.ts";
import { NodeTracker } from "./node-tracker.ts";
import { OriginControl } from "./origin-control.ts";
import { originLimits } from "./origin-limits.ts";
import { Outbox } from "./outbox.ts";
import { Replies } from "./replies.ts";

/** Where an origin finds its gateway, and who it is. */
export interface OriginOptions {
  /** `mqtt://[user:password@]host[:port]`, or `mqtts://…`. */
  readonly broker: string;
  /** The app whose connections it serves; `default` by default. */
  readonly app?: string;
  /** 1 to 32 of a-z, 0-9 and -; random by default. With ACLs it is the broker's user. */
  readonly name?: string;
  /** First level of every topic; `wss` by default. */
  readonly root?: string;
  /**
   * `assigned` (the default): it announces itself, and nodes share their connections out among
   * the origins that do. `open`: it hears every event, and confirms none.
   */
  readonly mode?: "assigned" | "open";
  /** Events that each node may send before the first is handled; 20,000 by default. */
  readonly window?: number;
  /** Share of the connections relative to other origins; 1 by default. */
  readonly weight?: number;
  /** How it writes commands. It reads both. */
  readonly format?: "msgpack" | "json";
  readonly version?: MqttVersion;
  readonly tls?: MqttTls;
  /** Ends the attempt to connect, and later the origin. */
  readonly signal?: AbortSignal;
}

/** Ids, or the connections that have them. */
export type Targets = string | Connection | Iterable<string | Connection>;

/** An application server's end of the gateway: events in, commands out, by `connectOrigin`. */
export class Origin {
  readonly name: string;
  readonly #link: MqttLink;
  readonly #topics: Topics;
  readonly #outbox: Outbox;
  readonly #receiver: EventReceiver;
  readonly #dispatcher: Dispatcher;
  readonly #nodes: NodeTracker;
  readonly #replies: Replies;
  readonly #control: OriginControl | undefined;
  readonly #handOver: HandOver;
  #hold: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;
  #ended = false;

  constructor(options: OriginOptions, ports: MqttLinkPorts) {
    const { broker, app = "default", root, version, tls, format } = options;
    const incarnation = randomName(ports.random, 12);
    this.name = options.name ?? `o${randomName(ports.random, 8)}`;
    if (!isName(this.name)) refuse("name", this.name, "1 to 32 of a-z, 0-9 and -");
    if (!isApp(app)) refuse("app", app, "1 to 64 of a-z, 0-9 and -");
    this.#topics = new Topics(root);
    const assigned = options.mode !== "open";
    const filters = [`${this.#topics.root}${app}/events/+/+`, this.#topics.nodePresence(app, "+")];
    if (assigned) filters.push(this.#topics.originEvents(app, this.name, "+"));
    const link = { url: broker, version, tls, name: this.name, role: "origin", filters };
    this.#link = new MqttLink(link, ports);
    this.#dispatcher = new Dispatcher((connection) => connection.close(1013, "overload"));
    this.#replies = new Replies(ports.clock, `${this.name}:${incarnation}`);
    this.#receiver = new EventReceiver(
      {
        outbox: (node) => this.#node(node),
        sendWithReply: (ids, data, reply) => this.sendWithReply(ids, data, reply),
        reply: (ref, result) => this.#replies.reply(ref, result),
        acknowledged: (node, ack) => this.#outbox.acknowledged(node, ack),
        confirm: (node, stream, counts) => this.#control?.acknowledge(node, stream, counts),
        released: (node) => this.#handOver.released(node),
        revived: (node) => this.#nodes.heard(node),
      },
      this.#dispatcher,
    );
    this.#handOver = new HandOver(ports.clock);
    if (assigned) this.#control = this.#newControl(options, incarnation, ports);
    this.#outbox = this.#newOutbox(app, incarnation, format === "json", ports.clock);
    this.#nodes = new NodeTracker(ports.clock, (node, alive) => {
      this.#receiver.nodeLost(node, alive);
      if (alive === undefined) this.#outbox.retire(node);
      else this.#outbox.renewed(node);
      this.#handOver.released(node);
    });
  }

  /** Whether the broker can be reached now. While it cannot, what is sent waits, bounded. */
  get connected(): boolean {
    return this.#link.up;
  }

  /** Connections that this origin knows. */
  get connections(): number {
    return this.#receiver.connections;
  }

  /** Events that never came. */
  get missedEvents(): number {
    return this.#receiver.missedEvents;
  }

  /** Bytes of commands that the broker has not confirmed. */
  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  async start(): Promise<void> {
    this.#hold = setInterval(() => {}, originLimits.holdMs);
    try {
      // Events come last, so that none comes before `connectOrigin` has returned.
      await this.#control?.start();
      await this.#link.start({
        connected: (connected) => {
          this.#nodes.connected(connected);
          this.#outbox.connected(connected);
          this.#control?.announce();
          if (connected) this.#receiver.tellReceived();
        },
        message: (topic, payload) => this.#message(topic, payload),
      });
      this.#control?.begin();
    } catch (error) {
      clearInterval(this.#hold);
      throw error;
    }
  }

  /** Adds a handler; returns what removes it. Of one connection, events come one by one. */
  on<Name extends keyof OriginEvents>(
    name: Name,
    handler: OriginHandler<OriginEvents[Name]>,
  ): () => void {
    return this.#dispatcher.on(name, handler);
  }

  /** All events from now on, for one `for await`. */
  events(): AsyncIterableIterator<OriginEvent> {
    return this.#dispatcher.events();
  }

  /** The handle of a connection by its id. */
  connection(id: string): Connection {
    return this.#receiver.connection(id);
  }

  /** Sends one message to each. Throws `send-queue-full` where too much waits for the broker. */
  send(targets: Targets, data: MessageData): void {
    for (const [node, ids] of this.#byNode(targets)) this.#node(node).sendMany(ids, data);
  }

  /** Sends one message to each, and tells what became of it, by id. */
  sendWithReply(
    targets: Targets,
    data: MessageData,
    options: ReplyOptions = {},
  ): Promise<ReadonlyMap<string, SendOutcome>> {
    const nodes = this.#byNode(targets);
    const ids = Array.from(nodes.values()).flat();
    const names = ids.map((packed) => new TextDecoder().decode(packed.subarray(2)));
    const expected = this.#replies.expect(names, options.timeoutMs ?? originLimits.replyMs);
    for (const [node, packed] of nodes) this.#node(node).sendMany(packed, data, expected.ref);
    return expected.outcomes;
  }

  /** Closes connections, with 1000 by default. */
  closeConnections(targets: Targets, closeCode = 1000, closeReason = ""): void {
    for (const [node, ids] of this.#byNode(targets)) {
      this.#node(node).close(ids, closeCode, closeReason);
    }
  }

  /** Resolves when the broker has everything that was given so far. */
  flushed(): Promise<void> {
    return this.#outbox.flushed();
  }

  /**
   * Leaves: hands its connections over, handles what it was given and waits for what is on its way
   * (all bounded), disconnects, ends iterators.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#leave();
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<void>((resolve) => {
      timer = setInterval(resolve, limits.shutdownFlushMs);
    });
    if (this.#link.up) await Promise.race([this.flushed(), timedOut]);
    clearInterval(timer);
    await Promise.all([this.#link.stop(), this.#control?.stop()]);
    clearInterval(this.#hold);
    this.#ended = true;
    this.#nodes.end();
    this.#replies.end();
    this.#dispatcher.end();
  }

  /** Nodes give this origin nothing new, wait until it has confirmed, and say so. */
  async #leave(): Promise<void> {
    if (this.#control === undefined || !this.#link.up) return;
    const nodes = this.#receiver.assigningNodes.filter((node) => this.#nodes.lives(node));
    const handedOver = this.#handOver.begin(nodes);
    this.#control.leave();
    await handedOver;
  }

  #newControl(options: OriginOptions, incarnation: string, ports: MqttLinkPorts): OriginControl {
    const { broker, app = "default", version, tls, weight = 1 } = options;
    return new OriginControl(
      {
        ...{ app, name: this.name, incarnation, topics: this.#topics },
        ready: () => this.#link.up,
        link: { url: broker, version, tls },
        presence: { window: options.window ?? originLimits.windowItems, weight },
      },
      ports,
    );
  }

  #newOutbox(app: string, incarnation: string, json: boolean, clock: Clock): Outbox {
    return new Outbox(this.#link, clock, {
      app,
      name: this.name,
      incarnation,
      json,
      topics: this.#topics,
      failed: (error) => this.#dispatcher.failed(error),
      lives: (node) => this.#nodes.lives(node),
    });
  }

  #node(node: string): NodeOutbox {
    if (this.#ended) throw new ServiceError("broker-lost", "the origin is closed");
    return this.#outbox.node(node);
  }

  #byNode(targets: Targets): Map<string, Uint8Array[]> {
    const nodes = new Map<string, Uint8Array[]>();
    const one = typeof targets === "string" || "id" in targets;
    for (const target of one ? [targets as string | Connection] : (targets as Iterable<string>)) {
      const { node, packed } = this.#packed(target);
      const ids = nodes.get(node);
      if (ids === undefined) nodes.set(node, [packed]);
      else ids.push(packed);
    }
    return nodes;
  }

  #packed(target: string | Connection): { node: string; packed: Uint8Array } {
    if (typeof target === "string") return this.#receiver.connection(target);
    const { packed } = target as OriginConnection;
    return { node: target.node, packed: packed ?? packId(target.id) };
  }

  #message(topic: string, payload: Uint8Array): void {
    const parsed = this.#topics.parse(topic);
    if (parsed?.kind === "events" || parsed?.kind === "origin-events") {
      this.#receiver.receive(topic, parsed.node, payload, parsed.kind === "origin-events");
    } else if (parsed?.kind === "node-presence") {
      const presence = parseNodePresence(payload);
      // An unreadable presence says nothing, neither life nor death.
      if (payload.byteLength > 0 && presence === undefined) return;
      this.#nodes.presence(parsed.node, presence);
    }
  }
}
