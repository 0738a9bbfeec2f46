import { clearInterval, setInterval } from "node:timers";
import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import { MqttLink, type MqttLinkPorts } from "../../mqtt/link/mod.ts";
import { parseNodePresence, Topics } from "../../mqtt/wire/mod.ts";
import { originLimits, randomName } from "../base/mod.ts";
import { Authorizations, Dispatcher } from "../dispatch/mod.ts";
import { LeaveWaiter, NodeTracker, OriginControl } from "../presence/mod.ts";
import { EventReceiver } from "../receive/mod.ts";
import {
  ConnectionCommands,
  GroupOutbox,
  type NodeOutbox,
  Outbox,
  PublishBarrier,
  Publisher,
  Replies,
} from "../send/mod.ts";
import type { BroadcastTargetOwner } from "./broadcast-target.ts";
import type { OriginOptions } from "./origin-options.ts";

/** Who an origin is, checked. */
interface Identity {
  readonly app: string;
  readonly name: string;
  readonly incarnation: string;
  readonly topics: Topics;
}

function identify(options: OriginOptions, { random }: MqttLinkPorts): Identity {
  const { app = "default", name = `o${randomName(random, 8)}`, root } = options;
  return { app, name, incarnation: randomName(random, 12), topics: new Topics(root) };
}

/** What an origin is made of, how the parts hear of one another, and its beginning and end. */
export class OriginParts implements BroadcastTargetOwner {
  readonly identity: Identity;
  readonly link: MqttLink;
  readonly dispatcher: Dispatcher;
  readonly receiver: EventReceiver;
  readonly outbox: Outbox;
  readonly groups: GroupOutbox;
  readonly commands: ConnectionCommands;
  readonly publisher: Publisher;
  readonly authorizations: Authorizations;
  readonly failed = (error: Error): void => this.dispatcher.failed(error);
  readonly #nodes: NodeTracker;
  readonly #replies: Replies;
  readonly #gate: PublishBarrier;
  readonly #control: OriginControl | undefined;
  readonly #leaveWaiter: LeaveWaiter;
  #hold: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: OriginOptions, ports: MqttLinkPorts) {
    const { broker, version, tls, format } = options;
    const { clock } = ports;
    this.identity = identify(options, ports);
    const { app, name, topics } = this.identity;
    const assigned = options.mode !== "open";
    const filters = [`${topics.root}${app}/events/+/+`, topics.nodePresence(app, "+")];
    if (assigned) filters.push(topics.originEvents(app, name, "+"));
    // The outboxes bound what they publish.
    const origin = { name, role: "origin", filters, bounded: false };
    this.link = new MqttLink({ url: broker, version, tls, ...origin }, ports);
    const { link, failed } = this;
    const json = format === "json";
    this.dispatcher = new Dispatcher((connection) => connection.close(1013, "overload"));
    // Nobody may ask with a `ref` of ours: everybody hears the answer where we are not known.
    this.#replies = new Replies(clock, `${name}:${randomName(ports.random, 12)}`, failed);
    this.#gate = new PublishBarrier(clock);
    this.#leaveWaiter = new LeaveWaiter(clock);
    this.receiver = this.#newReceiver(clock);
    this.#nodes = new NodeTracker(clock, (node, alive) => this.#nodeLost(node, alive));
    const lives = (node: string): boolean => this.#nodes.lives(node);
    this.outbox = new Outbox(link, clock, { ...this.identity, json, failed, lives });
    this.groups = new GroupOutbox(link, clock, { json, failed });
    const outbox = (node: string): NodeOutbox => this.#node(node);
    const shared = { clock, replies: this.#replies, gate: this.#gate, outbox, failed };
    const handle = (id: string) => this.receiver.connection(id);
    this.commands = new ConnectionCommands({ ...shared, handle });
    this.publisher = new Publisher({
      ...{ ...shared, ...this.identity, groups: this.groups, nodes: this.#nodes },
      assertOpen: () => this.#assertOpen(),
    });
    this.authorizations = new Authorizations(shared);
    if (assigned) this.#control = this.#newControl(options, ports);
  }

  readonly connection: BroadcastTargetOwner["connection"] = (id) => this.receiver.connection(id);

  async start(): Promise<void> {
    this.#hold = setInterval(() => {}, originLimits.holdMs);
    try {
      // Events come last, so that none comes before `connectOrigin` has returned.
      await this.#control?.start();
      await this.#control?.admitted();
      await this.link.start({
        connected: (connected) => {
          this.#nodes.connected(connected);
          this.outbox.connected(connected);
          this.groups.connected(connected);
          this.#control?.announce();
          if (connected) this.receiver.tellReceived();
        },
        message: (topic, payload, retained) => this.#message(topic, payload, retained),
      });
      this.#control?.begin();
    } catch (error) {
      clearInterval(this.#hold);
      await this.#control?.stop();
      throw error;
    }
  }

  /** Resolves when the broker has everything that was given so far. */
  async flushed(): Promise<void> {
    await Promise.all([this.outbox.flushed(), this.groups.flushed()]);
  }

  async close(): Promise<void> {
    // While the broker is away it may come back in time, if anything waits for it.
    const inTime = this.link.up || (await this.#flush());
    await this.#leave();
    if (inTime) await this.#flush();
    // What waited for an answer that did not come goes out at the last moment.
    this.#gate.end();
    void this.groups.flushed();
    await Promise.all([this.link.stop(), this.#control?.stop()]);
    clearInterval(this.#hold);
    this.#ended = true;
    this.#tellDropped();
    this.authorizations.end();
    this.#nodes.end();
    this.#replies.end();
    this.dispatcher.end();
  }

  /** Whether the broker has everything within `limits.shutdownFlushMs`. */
  async #flush(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<boolean>((resolve) => {
      timer = setInterval(() => resolve(false), limits.shutdownFlushMs);
    });
    const inTime = await Promise.race([this.flushed().then(() => true), timedOut]);
    clearInterval(timer);
    return inTime;
  }

  #tellDropped(): void {
    const [direct, group] = [this.outbox.end(), this.groups.end()];
    const commands = direct.commands + group.commands;
    if (commands === 0) return;
    const what = `${commands} commands of ${direct.bytes + group.bytes} bytes`;
    this.failed(new ServiceError("broker-lost", `${what} never came to the broker: dropped`));
  }

  /** Nodes give this origin nothing new, wait until it has confirmed, and say so. */
  async #leave(): Promise<void> {
    if (this.#control === undefined || !this.link.up) return;
    const nodes = this.receiver.assigningNodes.filter((node) => this.#nodes.present(node));
    const handedOver = this.#leaveWaiter.begin(nodes);
    this.#control.leave();
    await handedOver;
  }

  #nodeLost(node: string, alive: string | undefined): void {
    this.receiver.nodeLost(node, alive);
    if (alive === undefined) this.outbox.retire(node);
    else this.outbox.renewed(node);
    this.#replies.nodeLost(node);
    this.#leaveWaiter.released(node);
  }

  #newReceiver(clock: Clock): EventReceiver {
    const parts = this;
    return new EventReceiver(
      {
        outbox: (node) => this.#node(node),
        get commands() {
          return parts.commands;
        },
        reply: (ref, result) => this.#replies.reply(ref, result),
        acknowledged: (node, ack) => this.outbox.acknowledged(node, ack),
        confirm: (node, stream, counts) => this.#control?.acknowledge(node, stream, counts),
        released: (node) => this.#leaveWaiter.released(node),
        revived: (node) => this.#nodes.heard(node),
        connect: (id, request, assigned) => this.authorizations.connect(id, request, assigned),
      },
      this.dispatcher,
      clock,
    );
  }

  #newControl(options: OriginOptions, ports: MqttLinkPorts): OriginControl {
    const { broker, version, tls, weight = 1 } = options;
    return new OriginControl(
      {
        ...this.identity,
        ready: () => this.link.up,
        link: { url: broker, version, tls },
        presence: { window: options.window ?? originLimits.windowItems, weight },
      },
      ports,
    );
  }

  #assertOpen(): void {
    if (this.#ended) throw new ServiceError("broker-lost", "the origin is closed");
  }

  #node(node: string): NodeOutbox {
    this.#assertOpen();
    return this.outbox.node(node);
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    const parsed = this.identity.topics.parse(topic);
    if (parsed?.kind === "events" || parsed?.kind === "origin-events") {
      if (retained) this.failed(storedEvents(topic));
      else this.receiver.receive(topic, parsed.node, payload, parsed.kind === "origin-events");
    } else if (parsed?.kind === "node-presence") {
      const presence = parseNodePresence(payload);
      // An unreadable presence says nothing, neither life nor death.
      if (payload.byteLength > 0 && presence === undefined) return;
      this.#nodes.presence(parsed.node, presence);
      // It has left, and has nothing to hand over.
      if (presence === undefined) this.#leaveWaiter.released(parsed.node);
    }
  }
}

/** No node retains events: a broker would hand them out again with every reconnect. */
function storedEvents(topic: string): ServiceError {
  return new ServiceError("retained-refused", `dropped: a retained message on ${topic}`);
}
