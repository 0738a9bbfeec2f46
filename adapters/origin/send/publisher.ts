import { groupByNode, nodeOf, ServiceError } from "../../../core/base/mod.ts";
import {
  checkedData,
  idsOf,
  type MessageData,
  type PublishOptions,
  type PublishOutcome,
  type PublishReplyOptions,
  type WaitOptions,
} from "../base/mod.ts";
import type { NodeTracker } from "../presence/mod.ts";
import { PublishReplies, type QueryOutcome, QueryReplies } from "./collectors.ts";
import { lastElement, messageOptions } from "./command-options.ts";
import { oneOrMany } from "./connection-sender.ts";
import { Expiry } from "./expiry.ts";
import type { GroupSenders } from "./group-senders.ts";
import type { NodeSenders } from "./node-senders.ts";
import type { Replies } from "./replies.ts";

/** Which connections a query asks for. */
export type Subject =
  | { readonly group: string; readonly ids?: undefined }
  | { readonly group?: undefined; readonly ids: readonly string[] };

/** Commands and queries that concern the members of a group, at all nodes. */
export class Publisher {
  readonly #senders: NodeSenders;
  readonly #groups: GroupSenders;
  readonly #replies: Replies;
  readonly #nodes: NodeTracker;

  constructor(senders: NodeSenders, groups: GroupSenders, replies: Replies, nodes: NodeTracker) {
    this.#senders = senders;
    this.#groups = groups;
    this.#replies = replies;
    this.#nodes = nodes;
  }

  /** Publishes to the group's own topic: only nodes with members receive it. */
  publish(group: string, message: MessageData, options: PublishOptions = {}): void {
    const [command, expiry] = this.#publication(group, message, options);
    const admitted = this.#groups.admit(command, expiry);
    this.#groups.barrier.publish(group, () => this.#groups.add(admitted, group));
  }

  /**
   * Publishes through one node, which forwards it to the others: in order with all other commands
   * for connections of that node, its joins and leaves among them.
   */
  publishThrough(
    node: string,
    group: string,
    message: MessageData,
    options: PublishOptions = {},
  ): void {
    this.#senders.node(node).command(...this.#publication(group, message, options));
  }

  #publication(
    group: string,
    message: MessageData,
    options: PublishOptions,
  ): [command: readonly unknown[], expiry: Expiry | undefined] {
    const data = checkedData(message);
    this.#senders.queue.assertOpen();
    const map = this.#options(options);
    const { ttlMs } = options;
    const expiry = ttlMs === undefined ? undefined : new Expiry(this.#senders.queue.clock, ttlMs);
    return [["publish", group, data, ...lastElement(map)], expiry];
  }

  /** Publishes to all nodes, so that each answers, also without members. */
  async publishWithReply(
    group: string,
    message: MessageData,
    options: PublishReplyOptions = {},
  ): Promise<PublishOutcome> {
    const data = checkedData(message);
    const { signal, ttlMs } = options;
    const map = this.#options(options);
    const known = this.#livingNodes(signal);
    // No `await` if nodes are known: publishes that are called later could go out first.
    const nodes = known.length > 0 ? known : await this.#firstNodes(signal);
    const { ref, result } = this.#replies.expect(new PublishReplies(nodes), options);
    const send = (expiry?: Expiry): void => {
      const admitted = this.#groups.admit(["publish", group, data, { ...map, ref }], expiry);
      this.#groups.barrier.publish(group, () => this.#groups.add(admitted));
    };
    if (ttlMs === undefined) {
      send();
      return result;
    }
    const expired = new Promise<never>((_, reject) => {
      const onExpired = (): void =>
        reject(new ServiceError("message-expired", "the message was older than its ttl"));
      send(new Expiry(this.#senders.queue.clock, ttlMs, onExpired));
    });
    return Promise.race([result, expired]);
  }

  /** Asks the nodes for connections, or with `count` for their number. */
  async query(subject: Subject, options: WaitOptions, count: boolean): Promise<QueryOutcome> {
    const { signal } = options;
    const known = this.#livingNodes(signal);
    const living = known.length > 0 ? known : await this.#firstNodes(signal);
    if (subject.group !== undefined) {
      const { ref, result } = this.#replies.expect(new QueryReplies(living), options);
      const map = count ? { ref, group: true, count } : { ref, group: true };
      this.#groups.add(this.#groups.admit(["query", subject.group, map]));
      return result;
    }
    const byNode = groupByNode(subject.ids, nodeOf);
    const dead = [...byNode.keys()].filter((node) => !living.includes(node));
    for (const node of dead) byNode.delete(node);
    const { ref, result } = this.#replies.expect(new QueryReplies(byNode.keys(), dead), options);
    for (const [node, ids] of byNode) this.#senders.node(node).command(["query", ids, { ref }]);
    return result;
  }

  #livingNodes(signal: AbortSignal | undefined): string[] {
    this.#senders.queue.assertOpen();
    signal?.throwIfAborted();
    return this.#nodes.living();
  }

  async #firstNodes(signal: AbortSignal | undefined): Promise<string[]> {
    await this.#nodes.first();
    return this.#livingNodes(signal);
  }

  #options({ except, ...options }: PublishOptions): Readonly<Record<string, unknown>> {
    const own = messageOptions(options, this.#senders.queue.clock.now());
    return except === undefined ? own : { except: oneOrMany(idsOf(except)), ...own };
  }
}
