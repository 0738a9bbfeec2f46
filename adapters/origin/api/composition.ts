import { clearInterval, setInterval } from "node:timers";
import { limits, randomName, ServiceError } from "../../../core/base/mod.ts";
import type { BusPorts, Link } from "../../topics/mod.ts";
import { type OriginIdentity, originLimits } from "../base/mod.ts";
import type { OriginConnection } from "../connections/mod.ts";
import { Authorizations, Dispatcher } from "../dispatch/mod.ts";
import { OriginEndpoint } from "../endpoint/mod.ts";
import { EventReceiver, type NodeListener } from "../receive/mod.ts";
import { ConnectionSender, Publisher, Replies } from "../send/mod.ts";
import type { LinkedOriginOptions } from "./origin-options.ts";

/** What an origin is made of, what its parts report to one another, and its beginning and end. */
export class Composition {
  readonly dispatcher: Dispatcher = new Dispatcher();
  readonly receiver: EventReceiver;
  readonly commands: ConnectionSender;
  readonly publisher: Publisher;
  readonly authorizations: Authorizations;
  readonly #endpoint: OriginEndpoint;
  readonly #replies: Replies;
  /** It keeps the process up while the origin lives. */
  #keepUp: NodeJS.Timeout | undefined;

  constructor(options: LinkedOriginOptions, ports: BusPorts) {
    const { clock, random } = ports;
    const { app = "default", name = `o${randomName(random, 8)}`, root } = options;
    const { weight = 1, window = originLimits.windowItems } = options;
    const json = options.format === "json";
    const assigned = options.mode === "open" ? undefined : { window, weight };
    const endpoint = new OriginEndpoint(
      { app, name, root, takesOpenEvents: true, assigned, json },
      ports,
      {
        events: ({ topic, node, payload, isOwn }) =>
          this.receiver.receive(topic, node, payload, isOwn),
        reachable: () => this.receiver.acknowledgeReceived(),
        nodeLost: (node, alive) => this.#nodeLost(node, alive),
        refused: this.failed,
        failed: this.failed,
      },
    );
    const { senders, groups, nodes } = endpoint;
    this.#endpoint = endpoint;
    // Random, so that no `ref` of another origin is the same: in open mode each gets all replies.
    this.#replies = new Replies(clock, `${name}:${randomName(random, 12)}`, this.failed);
    this.commands = new ConnectionSender(senders, this.#replies, groups.barrier);
    this.publisher = new Publisher(senders, groups, this.#replies, nodes);
    this.authorizations = new Authorizations(senders, this.#replies);
    this.receiver = new EventReceiver(clock, this.dispatcher, this.commands, this.#listener());
  }

  get identity(): OriginIdentity {
    return this.#endpoint.identity;
  }

  get link(): Link {
    return this.#endpoint.link;
  }

  /** Bytes of commands that the broker has not confirmed. */
  get queuedBytes(): number {
    return this.#endpoint.queuedBytes;
  }

  /** Something went wrong outside of any call. */
  readonly failed = (error: Error): void => this.dispatcher.failed(error);

  /** Whether the node has a presence. */
  lives(node: string): boolean {
    return this.#endpoint.nodes.lives(node);
  }

  /** The handle of a connection. */
  connection(id: string): OriginConnection {
    return this.receiver.connection(id);
  }

  async start(): Promise<void> {
    this.#keepUp = setInterval(() => {}, limits.timerMsMax);
    try {
      await this.#endpoint.start();
    } catch (error) {
      clearInterval(this.#keepUp);
      throw error;
    }
  }

  /** Resolves when the broker has everything that was given so far. */
  flushed(): Promise<void> {
    return this.#endpoint.flushed();
  }

  async close(): Promise<void> {
    const { link, groups, grouped } = this.#endpoint;
    link.divert?.();
    // While the broker is away it may come back in time, if anything waits for it.
    const inTime = link.up || (await this.#endpoint.flush());
    await this.#endpoint.leave(this.receiver.assigningNodes);
    if (inTime) await this.#endpoint.flush();
    // What waited for an answer that did not come goes out at the last moment.
    groups.barrier.end();
    void grouped.flushed();
    await this.#endpoint.stop();
    clearInterval(this.#keepUp);
    this.#reportDropped();
    this.authorizations.end();
    this.#replies.end();
    this.dispatcher.end();
  }

  #listener(): NodeListener {
    return {
      ackDue: (node, ack) => this.#endpoint.acknowledge(node, ack),
      replied: (ref, result) => this.#replies.reply(ref, result),
      acknowledged: (node, ack) => this.#endpoint.senders.acknowledged(node, ack),
      released: (node) => this.#endpoint.released(node),
      revived: (node) => this.#endpoint.nodes.revived(node),
      connecting: (id, request, assigned) => this.authorizations.connect(id, request, assigned),
    };
  }

  #nodeLost(node: string, alive: string | undefined): void {
    this.receiver.nodeLost(node, alive);
    this.#replies.nodeLost(node);
  }

  #reportDropped(): void {
    const direct = this.#endpoint.direct.end();
    const grouped = this.#endpoint.grouped.end();
    const commands = direct.commands + grouped.commands;
    if (commands === 0) return;
    const what = `${commands} commands of ${direct.bytes + grouped.bytes} bytes`;
    this.failed(new ServiceError("broker-lost", `the broker never got ${what}`));
  }
}
