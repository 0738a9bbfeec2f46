import { ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import type { Topics } from "../../mqtt/wire/mod.ts";
import {
  checkedData,
  type MessageData,
  type PublishOptions,
  type PublishOutcome,
  type PublishReplyOptions,
  type Targets,
  type WaitOptions,
} from "../base/mod.ts";
import type { NodeTracker } from "../presence/mod.ts";
import { PublishReplies, type QueryOutcome, QueryReplies } from "./collectors.ts";
import { eachTarget, idOf } from "./connection-commands.ts";
import { Expiry } from "./expiry.ts";
import type { GroupOutbox } from "./group-outbox.ts";
import type { NodeOutbox } from "./node-outbox.ts";
import type { PublishBarrier } from "./publish-barrier.ts";
import type { Replies } from "./replies.ts";

export interface PublisherParts {
  readonly clock: Clock;
  readonly app: string;
  readonly name: string;
  readonly topics: Topics;
  readonly groups: GroupOutbox;
  readonly gate: PublishBarrier;
  readonly replies: Replies;
  /** Throws where the origin is closed. */
  readonly outbox: (node: string) => NodeOutbox;
  readonly assertOpen: () => void;
  readonly nodes: NodeTracker;
}

/** What a query is about. */
export type Subject =
  | { readonly group: string; readonly ids?: undefined }
  | { readonly group?: undefined; readonly ids: readonly string[] };

/** Commands that concern the members of a group, at all nodes. */
export class Publisher {
  readonly #parts: PublisherParts;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** To the group's own topic: only nodes with members hear of it. */
  publish(group: string, message: MessageData, options: PublishOptions = {}): void {
    const data = checkedData(message);
    const { app, name, topics, clock } = this.#parts;
    const { ttlMs } = options;
    this.#parts.assertOpen();
    const map = this.#options(options);
    const item = ["publish", group, data, ...(map === undefined ? [] : [map])];
    const expiry = ttlMs === undefined ? undefined : new Expiry(clock, ttlMs);
    this.#pass(group, topics.groupCommands(app, group, name), { item, expiry });
  }

  /** To all nodes, so that each answers, those without members too. */
  async publishWithReply(
    group: string,
    message: MessageData,
    options: PublishReplyOptions = {},
  ): Promise<PublishOutcome> {
    const data = checkedData(message);
    const { clock, replies } = this.#parts;
    const { signal, ttlMs } = options;
    const map = this.#options(options);
    const known = this.#livingNodes(signal);
    // Without a wait where there is no need, so that it keeps its place among other publishes.
    const nodes = known.length > 0 ? known : await this.#firstNodes(signal);
    const { ref, result } = replies.expect(new PublishReplies(nodes), options);
    const item = ["publish", group, data, { ...map, ref }];
    if (ttlMs === undefined) {
      this.#pass(group, this.#everyNode, { item, expiry: undefined });
      return result;
    }
    const expired = new Promise<never>((_, refuse) => {
      const told = (): void => refuse(new ServiceError("message-expired", "it waited too long"));
      this.#pass(group, this.#everyNode, { item, expiry: new Expiry(clock, ttlMs, told) });
    });
    return Promise.race([result, expired]);
  }

  /** Who is connected, or with `count` how many, as the nodes tell. */
  async query(subject: Subject, options: WaitOptions, count: boolean): Promise<QueryOutcome> {
    const { signal } = options;
    const known = this.#livingNodes(signal);
    const living = known.length > 0 ? known : await this.#firstNodes(signal);
    const { replies, groups } = this.#parts;
    if (subject.group !== undefined) {
      const { ref, result } = replies.expect(new QueryReplies(living), options);
      const map = count ? { ref, group: true, count } : { ref, group: true };
      groups.add(this.#everyNode, groups.admit(["query", subject.group, map]));
      return result;
    }
    const byNode = new Map<string, string[]>();
    for (const id of subject.ids) {
      const node = id.slice(0, id.indexOf("."));
      const ids = byNode.get(node) ?? [];
      byNode.set(node, ids);
      ids.push(id);
    }
    const lives = new Set(living);
    const dead = [...byNode.keys()].filter((node) => !lives.has(node));
    for (const node of dead) byNode.delete(node);
    const { ref, result } = replies.expect(new QueryReplies(byNode.keys(), dead), options);
    for (const [node, ids] of byNode) this.#parts.outbox(node).command(["query", ids, { ref }]);
    return result;
  }

  get #everyNode(): string {
    const { topics, app, name } = this.#parts;
    return topics.commands(app, name);
  }

  #livingNodes(signal: AbortSignal | undefined): string[] {
    this.#parts.assertOpen();
    signal?.throwIfAborted();
    return this.#parts.nodes.living();
  }

  async #firstNodes(signal: AbortSignal | undefined): Promise<string[]> {
    await this.#parts.nodes.first();
    return this.#livingNodes(signal);
  }

  /** Behind the changes of members that were begun before. */
  #pass(
    group: string,
    topic: string,
    { item, expiry }: { readonly item: readonly unknown[]; readonly expiry: Expiry | undefined },
  ): void {
    const { gate, groups } = this.#parts;
    const admitted = groups.admit(item, expiry);
    gate.publish(group, () => groups.add(topic, admitted));
  }

  #options({ except, ttlMs }: PublishOptions): Record<string, unknown> | undefined {
    if (except === undefined && ttlMs === undefined) return undefined;
    return {
      ...(except === undefined ? {} : { except: exceptIds(except) }),
      ...(ttlMs === undefined ? {} : { ttl: ttlMs, at: this.#parts.clock.now() }),
    };
  }
}

function exceptIds(except: Targets): string | string[] {
  const ids = Array.from(eachTarget(except), idOf);
  return ids.length === 1 ? (ids[0] as string) : ids;
}
