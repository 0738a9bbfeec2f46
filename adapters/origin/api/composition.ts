import { clearInterval, setInterval } from "node:timers";
import { limits, randomName, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import { type BusPorts, type Link, parseNodePresence, Topics } from "../../topics/mod.ts";
import { type OriginIdentity, originLimits } from "../base/mod.ts";
import type { OriginConnection } from "../connections/mod.ts";
import { Authorizations, Dispatcher } from "../dispatch/mod.ts";
import { type Control, controlOf, LeaveWaiter, NodeTracker } from "../presence/mod.ts";
import { EventReceiver, type NodeListener } from "../receive/mod.ts";
import {
  ConnectionSender,
  GroupSenders,
  NodeSenders,
  Publisher,
  Replies,
  SendQueue,
} from "../send/mod.ts";
import type { LinkedOriginOptions } from "./origin-options.ts";

/** What an origin is made of, what its parts report to one another, and its beginning and end. */
export class Composition {
  readonly identity: OriginIdentity;
  readonly link: Link;
  readonly dispatcher: Dispatcher = new Dispatcher();
  readonly receiver: EventReceiver;
  readonly commands: ConnectionSender;
  readonly publisher: Publisher;
  readonly authorizations: Authorizations;
  readonly #clock: Clock;
  /** Commands to single nodes, and to several of them. */
  readonly #direct: SendQueue;
  readonly #grouped: SendQueue;
  readonly #senders: NodeSenders;
  readonly #groups: GroupSenders;
  readonly #replies: Replies;
  readonly #nodes: NodeTracker;
  readonly #leaveWaiter: LeaveWaiter;
  /** In assigned mode. */
  readonly #control: Control | undefined;
  /** It keeps the process up while the origin lives. */
  #keepUp: NodeJS.Timeout | undefined;

  constructor(options: LinkedOriginOptions, ports: BusPorts) {
    const { clock, random } = ports;
    const { app = "default", name = `o${randomName(random, 8)}` } = options;
    const { weight = 1, window = originLimits.windowItems } = options;
    const topics = new Topics(options.root);
    const assigned = options.mode !== "open";
    const json = options.format === "json";
    this.#clock = clock;
    this.identity = { app, name, incarnation: randomName(random, 12), topics };
    const filters = [topics.events(app, "+", "+"), topics.nodePresence(app, "+")];
    if (assigned) filters.push(topics.originEvents(app, name, "+"));
    // The send queues bound what is published.
    const bounded = false;
    this.link = ports.openLink({ name, role: "origin", filters, bounded });

    this.#nodes = new NodeTracker(clock, (node, alive) => this.#nodeLost(node, alive));
    this.#leaveWaiter = new LeaveWaiter(clock);
    const { sendQueueBytesMax, groupQueueBytesMax } = originLimits;
    const queue = (bytesMax: number): SendQueue =>
      new SendQueue(this.link, clock, { json, bytesMax, failed: this.failed });
    this.#direct = queue(sendQueueBytesMax);
    this.#grouped = queue(groupQueueBytesMax);
    this.#senders = new NodeSenders(this.identity, this.#direct, (node) =>
      this.#nodes.lives(node),
    );
    // Random, so that no `ref` of another origin is the same: in open mode each gets all replies.
    this.#replies = new Replies(clock, `${name}:${randomName(random, 12)}`, this.failed);
    const groups = new GroupSenders(this.identity, this.#grouped);
    this.#groups = groups;
    this.commands = new ConnectionSender(this.#senders, this.#replies, groups.barrier);
    this.publisher = new Publisher(this.#senders, groups, this.#replies, this.#nodes);
    this.authorizations = new Authorizations(this.#senders, this.#replies);
    this.receiver = new EventReceiver(clock, this.dispatcher, this.commands, this.#listener());
    if (assigned) {
      this.#control = controlOf(this.identity, { window, weight }, this.link, ports);
    }
  }

  /** Bytes of commands that the broker has not confirmed. */
  get queuedBytes(): number {
    return this.#direct.bytes + this.#grouped.bytes;
  }

  /** Something went wrong outside of any call. */
  readonly failed = (error: Error): void => this.dispatcher.failed(error);

  /** Whether the node has a presence. */
  lives(node: string): boolean {
    return this.#nodes.lives(node);
  }

  /** The handle of a connection. */
  connection(id: string): OriginConnection {
    return this.receiver.connection(id);
  }

  async start(): Promise<void> {
    this.#keepUp = setInterval(() => {}, limits.timerMsMax);
    try {
      // Events come last, so that none comes before `connectOrigin` has returned.
      await this.#control?.start();
      await this.#control?.admitted();
      await this.link.start({
        connected: (connected) => this.#connected(connected),
        message: (topic, payload, retained) => this.#message(topic, payload, retained),
        reachChanged: (came) => this.#reachChanged(came),
      });
      this.#control?.begin();
    } catch (error) {
      clearInterval(this.#keepUp);
      await this.#control?.stop();
      throw error;
    }
  }

  /** Resolves when the broker has everything that was given so far. */
  async flushed(): Promise<void> {
    await Promise.all([this.#direct.flushed(), this.#grouped.flushed()]);
  }

  async close(): Promise<void> {
    this.link.divert?.();
    // While the broker is away it may come back in time, if anything waits for it.
    const inTime = this.link.up || (await this.#flush());
    await this.#leave();
    if (inTime) await this.#flush();
    // What waited for an answer that did not come goes out at the last moment.
    this.#groups.barrier.end();
    void this.#grouped.flushed();
    await Promise.all([this.link.stop(), this.#control?.stop()]);
    clearInterval(this.#keepUp);
    this.#reportDropped();
    this.authorizations.end();
    this.#nodes.end();
    this.#replies.end();
    this.dispatcher.end();
  }

  #listener(): NodeListener {
    return {
      ackDue: (node, ack) => this.#control?.acknowledge(node, ack),
      replied: (ref, result) => this.#replies.reply(ref, result),
      acknowledged: (node, ack) => this.#senders.acknowledged(node, ack),
      released: (node) => this.#leaveWaiter.released(node),
      revived: (node) => this.#nodes.revived(node),
      connecting: (id, request, assigned) => this.authorizations.connect(id, request, assigned),
    };
  }

  #connected(connected: boolean): void {
    this.#nodes.connected(connected);
    this.#direct.connected(connected);
    this.#grouped.connected(connected);
    this.#control?.announce();
    if (connected) this.receiver.acknowledgeReceived();
  }

  /** One of several brokers came or went: only what it carries is concerned. */
  #reachChanged(came: boolean): void {
    this.#direct.reachChanged();
    this.#grouped.reachChanged();
    if (!came) return;
    this.#control?.announce();
    this.receiver.acknowledgeReceived();
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    const parsed = this.identity.topics.parse(topic);
    if (parsed?.kind === "events" || parsed?.kind === "origin-events") {
      // No node retains events: a broker would hand them out again with every reconnect.
      if (retained) this.failed(new ServiceError("retained-refused", `${topic}: batch dropped`));
      else {
        const isOwn = parsed.kind === "origin-events";
        const from = this.link.arrivedFrom ?? 0;
        if (isOwn) this.#control?.received(parsed.node, payload.byteLength, from);
        this.receiver.receive(topic, parsed.node, payload, isOwn);
      }
    } else if (parsed?.kind === "node-presence") {
      const presence = parseNodePresence(payload);
      // An unreadable presence says nothing, neither life nor death.
      if (payload.byteLength > 0 && presence === undefined) return;
      this.#nodes.presence(parsed.node, presence);
      // It has left, and has nothing to hand over.
      if (presence === undefined) this.#leaveWaiter.released(parsed.node);
    }
  }

  #nodeLost(node: string, alive: string | undefined): void {
    this.receiver.nodeLost(node, alive);
    if (alive === undefined) this.#senders.retire(node);
    else this.#senders.renewed(node);
    this.#replies.nodeLost(node);
    this.#leaveWaiter.released(node);
  }

  /** Whether the broker has everything within `limits.shutdownFlushMs`. */
  #flush(): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(limits.shutdownFlushMs, () => resolve(false));
      void this.flushed().then(() => {
        cancel();
        resolve(true);
      });
    });
  }

  /** Nodes give this origin nothing new, wait until it has acknowledged, and say so. */
  async #leave(): Promise<void> {
    if (this.#control === undefined || !this.link.up) return;
    const nodes = this.receiver.assigningNodes.filter((node) => this.#nodes.present(node));
    const released = this.#leaveWaiter.begin(nodes);
    this.#control.leave();
    await released;
  }

  #reportDropped(): void {
    const direct = this.#direct.end();
    const grouped = this.#grouped.end();
    const commands = direct.commands + grouped.commands;
    if (commands === 0) return;
    const what = `${commands} commands of ${direct.bytes + grouped.bytes} bytes`;
    this.failed(new ServiceError("broker-lost", `the broker never got ${what}`));
  }
}
