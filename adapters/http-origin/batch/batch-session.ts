import {
  type CloseReason,
  closeReasons,
  limits,
  nodeOf,
  randomFraction,
  randomName,
  ServiceError,
} from "../../../core/base/mod.ts";
import type { HttpAnswer } from "../../http-client/mod.ts";
import { type OriginIdentity, originLimits } from "../../origin/base/mod.ts";
import { type Control, controlOf, LeaveWaiter, NodeTracker } from "../../origin/presence/mod.ts";
import { ForeignIds } from "../../origin/receive/mod.ts";
import { GroupSenders, NodeSenders, SendQueue } from "../../origin/send/mod.ts";
import { type BusPorts, type Link, parseNodePresence, Topics } from "../../topics/mod.ts";
import { batchLimits } from "./batch-limits.ts";
import type { BatchOptions } from "./batch-options.ts";
import { CommandRouter } from "./command-router.ts";
import { BatchDelivery } from "./delivery.ts";
import { NodeEvents } from "./node-events.ts";

/** The HTTP origin, as a session uses it. */
export interface SessionServer {
  post(body: Uint8Array, id: string): Promise<HttpAnswer>;
  /** Whether it was given up over this node's events lately. */
  suspicious(node: string): boolean;
  /** Whether it answers a batch without items. */
  reachable(): Promise<boolean>;
}

/** What a session reports. */
export interface SessionListener {
  /** A request failed and is sent again. */
  retried(error: ServiceError): void;
  /** The HTTP origin takes no events of this node: the session is to be ended. */
  unreachable(node: string): void;
  /** A node that was taken for dead goes on: another session is to begin. */
  obsolete(): void;
}

export interface SessionPorts extends BusPorts {
  readonly server: SessionServer;
  /** Counts and logs what went wrong. */
  readonly failed: (event: string, error: ServiceError) => void;
}

/** A node's events, and what POSTs them. */
interface NodeFlow {
  readonly events: NodeEvents;
  readonly delivery: BatchDelivery;
}

/**
 * One stay of an HTTP origin on the bus, under one incarnation: from its first presence until it
 * leaves or is given up. It is an origin as any other: in assigned mode, with events in JSON.
 */
export class BatchSession {
  readonly #identity: OriginIdentity;
  readonly #options: BatchOptions;
  readonly #listener: SessionListener;
  readonly #ports: SessionPorts;
  readonly #link: Link;
  readonly #control: Control;
  readonly #direct: SendQueue;
  readonly #grouped: SendQueue;
  readonly #senders: NodeSenders;
  readonly #router: CommandRouter;
  readonly #nodes: NodeTracker;
  readonly #leaveWaiter: LeaveWaiter;
  readonly #foreign: ForeignIds;
  readonly #flows: Map<string, NodeFlow> = new Map();
  #ended = false;

  constructor(options: BatchOptions, ports: SessionPorts, listener: SessionListener) {
    const { clock, random } = ports;
    const { app, name, window } = options;
    const topics = new Topics(options.root);
    this.#options = options;
    this.#ports = ports;
    this.#listener = listener;
    this.#identity = { app, name, incarnation: randomName(random, 12), topics };
    const filters = [topics.originEvents(app, name, "+"), topics.nodePresence(app, "+")];
    // The send queues bound what is published.
    this.#link = ports.openLink({ name, role: "origin", filters, bounded: false });
    this.#nodes = new NodeTracker(clock, (node, alive) => this.#nodeLost(node, alive));
    this.#leaveWaiter = new LeaveWaiter(clock);
    this.#foreign = new ForeignIds(clock, (error) => ports.failed("event-foreign", error));
    const commandFailed = (error: Error): void => this.#commandFailed(error);
    const { sendQueueBytesMax, groupQueueBytesMax } = originLimits;
    const queue = (bytesMax: number): SendQueue =>
      new SendQueue(this.#link, clock, { json: false, bytesMax, failed: commandFailed });
    this.#direct = queue(sendQueueBytesMax);
    this.#grouped = queue(groupQueueBytesMax);
    const lives = (node: string): boolean => this.#nodes.lives(node);
    this.#senders = new NodeSenders(this.#identity, this.#direct, lives);
    this.#router = new CommandRouter({
      nodes: this.#senders,
      groups: new GroupSenders(this.#identity, this.#grouped),
      isKnown: (node) => lives(node) || this.#flows.get(node)?.events.isLost === false,
      failed: commandFailed,
    });
    const presence = { window, weight: 1, format: "json" } as const;
    this.#control = controlOf(this.#identity, presence, this.#link, ports);
  }

  /** Connections that the HTTP origin was told of. */
  get connections(): number {
    let connections = 0;
    for (const { events } of this.#flows.values()) connections += events.connections;
    return connections;
  }

  /** Bytes of events that the HTTP origin has not confirmed. */
  get unconfirmedBytes(): number {
    let bytes = 0;
    for (const { events } of this.#flows.values()) bytes += events.bytes;
    return bytes;
  }

  /** Whether the bus can be reached. */
  get connected(): boolean {
    return this.#link.up;
  }

  /** Resolves when the origin is announced. Rejects if the broker refuses it for good. */
  async start(): Promise<void> {
    try {
      await this.#control.start();
      await this.#control.admitted();
      await this.#link.start({
        connected: (connected) => this.#connected(connected),
        message: (topic, payload, retained) => this.#message(topic, payload, retained),
        reachChanged: (came) => this.#reachChanged(came),
      });
    } catch (error) {
      await this.#control.stop();
      throw error;
    }
    if (!this.#ended) this.#control.begin();
  }

  /** Leaves: nothing new comes, what came is delivered, and other origins take the rest. */
  async leave(): Promise<void> {
    this.#link.divert?.();
    if (this.#link.up && !this.#ended) {
      const nodes = [...this.#flows.keys()].filter((node) => this.#nodes.present(node));
      const released = this.#leaveWaiter.begin(nodes);
      this.#control.leave();
      await released;
    }
    await this.end();
  }

  /** Is gone at once: nothing more is delivered, and other origins get what was not confirmed. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    for (const { delivery } of this.#flows.values()) delivery.stop();
    // Without `leaving` the nodes would wait for the origin to come back.
    this.#control.leave();
    const left = this.#control.stop();
    await this.#flushed();
    await Promise.all([this.#link.stop(), left]);
    this.#nodes.end();
    this.#direct.end();
    this.#grouped.end();
  }

  /** Resolves when the broker has the commands of the answers, or after a time limit. */
  #flushed(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(limits.shutdownFlushMs, resolve);
      void Promise.all([this.#direct.flushed(), this.#grouped.flushed()]).then(() => {
        cancel();
        resolve();
      });
    });
  }

  #connected(connected: boolean): void {
    this.#nodes.connected(connected);
    this.#direct.connected(connected);
    this.#grouped.connected(connected);
    this.#control.announce();
    if (!connected) return;
    for (const { events } of this.#flows.values()) events.acknowledgeReceived();
  }

  /** One of several brokers came or went. */
  #reachChanged(came: boolean): void {
    this.#direct.reachChanged();
    this.#grouped.reachChanged();
    if (!came) return;
    this.#control.announce();
    for (const { events } of this.#flows.values()) events.acknowledgeReceived();
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    if (this.#ended) return;
    const parsed = this.#identity.topics.parse(topic);
    if (parsed?.kind === "origin-events") {
      if (retained) {
        const error = new ServiceError("retained-refused", `${topic}: batch dropped`);
        this.#ports.failed("event-refused", error);
        return;
      }
      this.#control.received(parsed.node, payload.byteLength, this.#link.arrivedFrom ?? 0);
      const flow = this.#flowOf(parsed.node);
      flow?.events.receive(payload);
      flow?.delivery.pump();
    } else if (parsed?.kind === "node-presence") {
      const presence = parseNodePresence(payload);
      // An unreadable presence says nothing, neither life nor death.
      if (payload.byteLength > 0 && presence === undefined) return;
      this.#nodes.presence(parsed.node, presence);
      // It has left, and has nothing to hand over.
      if (presence === undefined) this.#leaveWaiter.released(parsed.node);
    }
  }

  #flowOf(node: string): NodeFlow | undefined {
    const known = this.#flows.get(node);
    if (known !== undefined) return known;
    if (this.#flows.size >= batchLimits.nodesMax) {
      const error = new ServiceError("streams-full", "too many nodes send events");
      this.#ports.failed("event-refused", error);
      return undefined;
    }
    const flow = this.#newFlow(node);
    this.#flows.set(node, flow);
    return flow;
  }

  #newFlow(node: string): NodeFlow {
    const { server, failed, clock, random } = this.#ports;
    const { app, name, topics } = this.#identity;
    const events = new NodeEvents(node, {
      ackDue: (ack) => this.#control.acknowledge(node, ack),
      acknowledged: (ack) => this.#senders.acknowledged(node, ack),
      released: () => this.#leaveWaiter.released(node),
      revived: () => this.#listener.obsolete(),
      foreign: () => this.#foreign.drop(topics.originEvents(app, name, node)),
      failed: (error) => failed("event-refused", error),
    });
    const { itemsMax, retryMs, replies } = this.#options;
    const suspicious = (): boolean => server.suspicious(node);
    const delivery = new BatchDelivery(
      events,
      { node, clock, itemsMax, retryMs, replies, suspicious },
      {
        post: (body, id) => server.post(body, id),
        random: () => randomFraction(random),
        carryOut: (content) => {
          this.#router.send(content.commands, node);
          this.#router.flush();
        },
        room: () => this.#room(),
        retried: (error) => this.#listener.retried(error),
        reachable: () => server.reachable(),
        refused: (item) => this.#closeOf(item, closeReasons.originRefused),
        gaveUp: (item) => this.#gaveUp(item, events),
        unreachable: () => this.#listener.unreachable(node),
        failed: (error) => failed("origin-answer", error),
      },
    );
    return { events, delivery };
  }

  /** While nodes do not take commands, no further answer is asked for. */
  #room(): Promise<void> | undefined {
    if (this.#direct.bytes + this.#grouped.bytes < batchLimits.commandBytesMax) return undefined;
    return Promise.all([this.#direct.flushed(), this.#grouped.flushed()]).then(() => {});
  }

  /** The event has failed by itself for the whole time, and the HTTP origin can be reached. */
  #gaveUp(item: readonly unknown[], events: NodeEvents): void {
    const message = "the HTTP origin did not take an event; its connection is closed";
    this.#ports.failed("origin-failed", new ServiceError("origin-failed", message));
    const [verb, id] = item;
    if (typeof id === "string" && verb !== "close") events.leaveOut(id);
    this.#closeOf(item, closeReasons.originFailed);
  }

  /** The HTTP origin does not take this event: its connection is closed with the reason. */
  #closeOf([verb, id]: readonly unknown[], reason: CloseReason): void {
    if (typeof id !== "string") return;
    const sender = this.#senders.node(nodeOf(id));
    if (verb === "connect") sender.command(["reject", id, 503]);
    if (verb !== "message" && verb !== "open" && verb !== "assigned") return;
    const { closeCode, text, cause } = reason;
    sender.command(["close", id, closeCode, text, { cause }]);
  }

  #commandFailed(error: Error): void {
    if (!(error instanceof ServiceError)) throw error;
    this.#ports.failed("origin-command", error);
  }

  #nodeLost(node: string, alive: string | undefined): void {
    const flow = this.#flows.get(node);
    flow?.events.nodeLost(alive);
    flow?.delivery.pump();
    if (alive === undefined) this.#senders.retire(node);
    else this.#senders.renewed(node);
    this.#leaveWaiter.released(node);
  }
}
