import { limits, randomName, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import type { Acknowledgement } from "../../../core/streams/mod.ts";
import { type BusPorts, type Link, parseNodePresence, Topics } from "../../topics/mod.ts";
import { type OriginIdentity, originLimits } from "../base/mod.ts";
import { type Control, controlOf, LeaveWaiter, NodeTracker } from "../presence/mod.ts";
import { GroupSenders, NodeSenders, SendQueue } from "../send/mod.ts";

export interface OriginEndpointOptions {
  readonly app: string;
  readonly name: string;
  /** First level of every topic. */
  readonly root?: string | undefined;
  /** Whether it receives the events of open mode. */
  readonly takesOpenEvents: boolean;
  /** What nodes learn of an origin that is assigned connections; undefined if it is not. */
  readonly assigned?:
    | { readonly window: number; readonly weight: number; readonly format?: "json" }
    | undefined;
  /** Commands are written as JSON. */
  readonly json: boolean;
}

/** A batch of events, as it came. */
export interface ArrivedEvents {
  readonly topic: string;
  readonly node: string;
  readonly payload: Uint8Array;
  /** It is for this origin alone. */
  readonly isOwn: boolean;
}

/** What an endpoint reports. */
export interface OriginEndpointListener {
  events(batch: ArrivedEvents): void;
  /** Nodes can receive again what was acknowledged. */
  reachable(): void;
  /** A node has died, or has restarted as the incarnation `alive`. */
  nodeLost(node: string, alive: string | undefined): void;
  /** Events were dropped. */
  refused(error: ServiceError): void;
  /** A command could not be sent. */
  failed(error: Error): void;
}

/**
 * An origin at the bus: its link, its presence and acknowledgements, which nodes live, and what is
 * sent to them. What becomes of events is its owner's.
 */
export class OriginEndpoint {
  readonly identity: OriginIdentity;
  readonly link: Link;
  readonly nodes: NodeTracker;
  readonly senders: NodeSenders;
  readonly groups: GroupSenders;
  /** Commands to single nodes, and to several of them. */
  readonly direct: SendQueue;
  readonly grouped: SendQueue;
  readonly #clock: Clock;
  readonly #listener: OriginEndpointListener;
  readonly #leaveWaiter: LeaveWaiter;
  readonly #control: Control | undefined;
  #stopped = false;

  constructor(options: OriginEndpointOptions, ports: BusPorts, listener: OriginEndpointListener) {
    const { clock, random } = ports;
    const { app, name, assigned, json } = options;
    const topics = new Topics(options.root);
    this.#clock = clock;
    this.#listener = listener;
    this.identity = { app, name, incarnation: randomName(random, 12), topics };
    const filters = [topics.nodePresence(app, "+")];
    if (options.takesOpenEvents) filters.push(topics.events(app, "+", "+"));
    if (assigned !== undefined) filters.push(topics.originEvents(app, name, "+"));
    // The send queues bound what is published.
    this.link = ports.openLink({ name, role: "origin", filters, bounded: false });
    this.nodes = new NodeTracker(clock, (node, alive) => this.#nodeLost(node, alive));
    this.#leaveWaiter = new LeaveWaiter(clock);
    const failed = (error: Error): void => listener.failed(error);
    const queue = (bytesMax: number): SendQueue =>
      new SendQueue(this.link, clock, { json, bytesMax, failed });
    this.direct = queue(originLimits.sendQueueBytesMax);
    this.grouped = queue(originLimits.groupQueueBytesMax);
    const lives = (node: string): boolean => this.nodes.lives(node);
    this.senders = new NodeSenders(this.identity, this.direct, lives);
    this.groups = new GroupSenders(this.identity, this.grouped);
    if (assigned !== undefined)
      this.#control = controlOf(this.identity, assigned, this.link, ports);
  }

  /** Bytes of commands that the broker has not confirmed. */
  get queuedBytes(): number {
    return this.direct.bytes + this.grouped.bytes;
  }

  /** Resolves when the origin is announced. Rejects if the broker refuses it for good. */
  async start(): Promise<void> {
    try {
      // Events come last, so that none comes before the origin is known to be admitted.
      await this.#control?.start();
      await this.#control?.admitted();
      await this.link.start({
        connected: (connected) => this.#connected(connected),
        message: (topic, payload, retained) => this.#message(topic, payload, retained),
        reachChanged: (came) => this.#reachChanged(came),
      });
    } catch (error) {
      await this.#control?.stop();
      throw error;
    }
    if (!this.#stopped) this.#control?.begin();
  }

  /** Items of a node's stream are handled, or missing. */
  acknowledge(node: string, ack: Acknowledgement): void {
    this.#control?.acknowledge(node, ack);
  }

  /** A node has given everything to other origins. */
  released(node: string): void {
    this.#leaveWaiter.released(node);
  }

  /** Resolves when the broker has every command that was given so far. */
  async flushed(): Promise<void> {
    await Promise.all([this.direct.flushed(), this.grouped.flushed()]);
  }

  /** Whether the broker has every command within `limits.shutdownFlushMs`. */
  flush(): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(limits.shutdownFlushMs, () => resolve(false));
      void this.flushed().then(() => {
        cancel();
        resolve(true);
      });
    });
  }

  /**
   * Nodes give this origin nothing new, wait until it has acknowledged, and say so. Resolves when
   * those of `nodes` that live have, or after a time limit.
   */
  async leave(nodes: readonly string[]): Promise<void> {
    if (this.#control === undefined || !this.link.up) return;
    const released = this.#leaveWaiter.begin(nodes.filter((node) => this.nodes.present(node)));
    this.#control.leave();
    await released;
  }

  /** Disconnects; nodes learn that the origin is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended(this.#control?.stop());
  }

  /** Is gone at once: nodes give other origins all that was not confirmed. */
  async abandon(): Promise<void> {
    this.#stopped = true;
    // Without `leaving` the nodes would wait for the origin to come back.
    this.#control?.leave();
    const left = this.#control?.stop();
    await this.flush();
    await this.#ended(left);
  }

  async #ended(left: Promise<void> | undefined): Promise<void> {
    await Promise.all([this.link.stop(), left]);
    this.nodes.end();
  }

  #connected(connected: boolean): void {
    this.nodes.connected(connected);
    this.direct.connected(connected);
    this.grouped.connected(connected);
    this.#control?.announce();
    if (connected) this.#listener.reachable();
  }

  /** One of several brokers came or went: only what it carries is concerned. */
  #reachChanged(came: boolean): void {
    this.direct.reachChanged();
    this.grouped.reachChanged();
    if (!came) return;
    this.#control?.announce();
    this.#listener.reachable();
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    const parsed = this.identity.topics.parse(topic);
    if (parsed?.kind === "events" || parsed?.kind === "origin-events") {
      // No node retains events: a broker would hand them out again with every reconnect.
      if (retained) {
        const error = new ServiceError("retained-refused", `${topic}: batch dropped`);
        this.#listener.refused(error);
        return;
      }
      const { node } = parsed;
      const isOwn = parsed.kind === "origin-events";
      if (isOwn) this.#control?.received(node, payload.byteLength, this.link.arrivedFrom ?? 0);
      this.#listener.events({ topic, node, payload, isOwn });
    } else if (parsed?.kind === "node-presence") {
      const presence = parseNodePresence(payload);
      // An unreadable presence says nothing, neither life nor death.
      if (payload.byteLength > 0 && presence === undefined) return;
      this.nodes.presence(parsed.node, presence);
      // It has left, and has nothing to hand over.
      if (presence === undefined) this.#leaveWaiter.released(parsed.node);
    }
  }

  #nodeLost(node: string, alive: string | undefined): void {
    this.#listener.nodeLost(node, alive);
    if (alive === undefined) this.senders.retire(node);
    else this.senders.renewed(node);
    this.#leaveWaiter.released(node);
  }
}
