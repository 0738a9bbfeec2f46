import { type ErrorCode, isErrorCode, isMap } from "../../../core/base/mod.ts";
import type { PublishCounts, PublishOutcome } from "../base/mod.ts";

/** Gathers the replies to one command, which may come in parts and from several nodes. */
export interface Collector<Result> {
  take(reply: Readonly<Record<string, unknown>>): void;
  /** A node has died: nothing more comes from it. */
  lost(node: string): void;
  /** Whether nothing more is expected. */
  readonly done: boolean;
  /** The result as far as it is known. */
  result(): Result;
}

const outcomes: ReadonlySet<unknown> = new Set(
  "sent slow gone expired closed joined left stored renewed accepted rejected".split(" "),
);

/** `{id: outcome}` for the ids of one command; `unknown` if no node answered. */
export class IdOutcomes<Outcome extends string>
  implements Collector<ReadonlyMap<string, Outcome>>
{
  readonly #outcomes: Map<string, Outcome>;
  readonly #open: Set<string>;

  constructor(ids: Iterable<string>) {
    this.#open = new Set(ids);
    this.#outcomes = new Map(Array.from(this.#open, (id) => [id, "unknown" as Outcome]));
  }

  get done(): boolean {
    return this.#open.size === 0;
  }

  take(reply: Readonly<Record<string, unknown>>): void {
    for (const [id, outcome] of Object.entries(reply)) {
      // The first outcome counts; one of a later version of the gateway stays `unknown`.
      if (!this.#open.has(id) || !(outcomes.has(outcome) || isErrorCode(outcome))) continue;
      this.#open.delete(id);
      this.#outcomes.set(id, outcome as Outcome);
    }
  }

  lost(node: string): void {
    for (const id of this.#open) if (id.startsWith(`${node}.`)) this.#open.delete(id);
  }

  result(): ReadonlyMap<string, Outcome> {
    return this.#outcomes;
  }
}

/** Answers of several nodes, each in one or more parts. */
abstract class NodeReplies<Result> implements Collector<Result> {
  readonly #open: Set<string>;
  readonly #missing: Set<string>;

  constructor(nodes: Iterable<string>, missing: Iterable<string> = []) {
    this.#open = new Set(nodes);
    this.#missing = new Set(missing);
  }

  get done(): boolean {
    return this.#open.size === 0;
  }

  /** Nodes that have not answered, or not completely. */
  get missing(): string[] {
    return [...this.#missing, ...this.#open];
  }

  take(reply: Readonly<Record<string, unknown>>): void {
    const { node, more } = reply;
    if (typeof node !== "string") return;
    this.part(node, reply);
    if (more === true) return;
    this.#open.delete(node);
    this.#missing.delete(node);
  }

  lost(node: string): void {
    if (this.#open.delete(node)) this.#missing.add(node);
  }

  abstract result(): Result;
  protected abstract part(node: string, reply: Readonly<Record<string, unknown>>): void;
}

function count(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}

export class PublishReplies extends NodeReplies<PublishOutcome> {
  readonly #nodes: Map<string, PublishCounts & { error?: ErrorCode }> = new Map();

  result(): PublishOutcome {
    const total = { sent: 0, slow: 0, gone: 0, expired: 0 };
    for (const counts of this.#nodes.values()) {
      total.sent += counts.sent;
      total.slow += counts.slow;
      total.gone += counts.gone;
      total.expired += counts.expired;
    }
    return { ...total, nodes: this.#nodes, missing: this.missing };
  }

  protected part(node: string, reply: Readonly<Record<string, unknown>>): void {
    const { sent, slow, gone, expired, error } = reply;
    const counts = {
      sent: count(sent),
      slow: count(slow),
      gone: count(gone),
      expired: count(expired),
    };
    this.#nodes.set(node, isErrorCode(error) ? { ...counts, error } : counts);
  }
}

/** One connection in the answer to a query. */
export interface Listed {
  readonly id: string;
  readonly node: string;
  readonly at: number;
  readonly user: string | undefined;
  readonly bufferedAmount: number;
  /** Asked for with `info`: when its last message came. */
  readonly activeAt?: number;
  /** Asked for with `info`: it is being closed. */
  readonly closing?: boolean;
  /** Asked for with `info`: what `open` contained. */
  readonly info?: Readonly<Record<string, unknown>>;
}

function detailsOf({ activeAt, closing, info }: Partial<Listed>): Partial<Listed> {
  return {
    ...(typeof activeAt === "number" ? { activeAt } : {}),
    ...(closing === true ? { closing } : {}),
    ...(isMap(info) ? { info } : {}),
  };
}

export interface QueryOutcome {
  readonly connections: readonly Listed[];
  readonly count: number;
  readonly gone: readonly string[];
  readonly missing: readonly string[];
}

export class QueryReplies extends NodeReplies<QueryOutcome> {
  readonly #listed: Map<string, Listed> = new Map();
  readonly #counts: Map<string, number> = new Map();
  readonly #gone: Set<string> = new Set();

  result(): QueryOutcome {
    let total = 0;
    for (const count of this.#counts.values()) total += count;
    const connections = [...this.#listed.values()];
    return { connections, count: total, gone: [...this.#gone], missing: this.missing };
  }

  protected part(node: string, reply: Readonly<Record<string, unknown>>): void {
    const { connections, gone } = reply;
    this.#counts.set(node, count(reply.count));
    for (const id of Array.isArray(gone) ? gone : []) {
      if (typeof id === "string") this.#gone.add(id);
    }
    for (const entry of Array.isArray(connections) ? connections : []) {
      const { id, at, user, bufferedAmount, ...details } = entry as Partial<Listed>;
      if (typeof id !== "string") continue;
      this.#listed.set(id, {
        id,
        node,
        at: count(at),
        user: typeof user === "string" ? user : undefined,
        bufferedAmount: count(bufferedAmount),
        ...detailsOf(details),
      });
    }
  }
}
