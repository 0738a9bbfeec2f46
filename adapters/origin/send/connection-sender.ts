import { groupByNode, isErrorCode, nodeOf, ServiceError } from "../../../core/base/mod.ts";
import {
  type Changed,
  type ChangeOutcome,
  type CloseOptions,
  checkClose,
  checkedData,
  checkedGroup,
  idsOf,
  type MessageData,
  originLimits,
  packId,
  type ReplyOptions,
  type SendOptions,
  type SendOutcome,
  type Targets,
  type WaitOptions,
} from "../base/mod.ts";
import { IdOutcomes } from "./collectors.ts";
import { lastElement, messageOptions, traceOptions } from "./command-options.ts";
import { Expiry } from "./expiry.ts";
import type { NodeSender } from "./node-sender.ts";
import type { NodeSenders } from "./node-senders.ts";
import type { PublishBarrier } from "./publish-barrier.ts";
import type { Replies } from "./replies.ts";

/** A command that changes connections: its verb, and the element behind the ids. */
export interface Change {
  readonly verb: "join" | "leave" | "state" | "renew";
  readonly value: unknown;
}

export type ChangeDone = "joined" | "left" | "stored" | "renewed";

/** Commands to connections, by the numbered streams of the nodes that hold them. */
export class ConnectionSender {
  readonly #senders: NodeSenders;
  readonly #replies: Replies;
  readonly #barrier: PublishBarrier;

  constructor(senders: NodeSenders, replies: Replies, barrier: PublishBarrier) {
    this.#senders = senders;
    this.#replies = replies;
    this.#barrier = barrier;
  }

  node(node: string): NodeSender {
    return this.#senders.node(node);
  }

  send(targets: Targets, message: MessageData, options: SendOptions = {}): void {
    const data = checkedData(message);
    const { ttlMs, trace } = options;
    const all = idsOf(targets);
    const [id] = all;
    if (id !== undefined && all.length === 1 && ttlMs === undefined && trace === undefined) {
      this.node(nodeOf(id)).send({ id, packed: packId(id) }, data);
      return;
    }
    const { clock } = this.#senders.queue;
    const expiry = ttlMs === undefined ? undefined : new Expiry(clock, ttlMs);
    const last = lastElement(messageOptions(options, clock.now()));
    for (const [node, ids] of groupByNode(all, nodeOf)) {
      this.node(node).command(["send", oneOrMany(ids), data, ...last], expiry);
    }
  }

  async sendWithReply(
    targets: Targets,
    message: MessageData,
    options: ReplyOptions = {},
  ): Promise<ReadonlyMap<string, SendOutcome>> {
    const data = checkedData(message);
    const nodes = groupByNode(idsOf(targets), nodeOf);
    const own = messageOptions(options, this.#senders.queue.clock.now());
    const { ref, result } = this.#replies.expect(
      new IdOutcomes<SendOutcome>([...nodes.values()].flat()),
      options,
    );
    const { ttlMs, timeoutMs = originLimits.replyMs } = options;
    const map = { ref, ...own };
    for (const [node, ids] of nodes) {
      let expiry: Expiry | undefined;
      if (ttlMs !== undefined) {
        const expired = Object.fromEntries(ids.map((id) => [id, "expired"]));
        // Reported when its time is over, if the caller still waits then.
        const onExpired = ttlMs < timeoutMs ? () => this.#replies.reply(ref, expired) : undefined;
        expiry = new Expiry(this.#senders.queue.clock, ttlMs, onExpired);
      }
      this.node(node).command(["send", oneOrMany(ids), data, map], expiry);
    }
    return result;
  }

  close(targets: Targets, closeCode = 1000, closeReason = "", options?: CloseOptions): void {
    checkClose(closeCode, closeReason);
    const cause = options?.cause === undefined ? {} : { cause: options.cause };
    const last = lastElement({ ...cause, ...traceOptions(options ?? {}) });
    for (const [node, ids] of groupByNode(idsOf(targets), nodeOf)) {
      this.node(node).command(["close", oneOrMany(ids), closeCode, closeReason, ...last]);
    }
  }

  /**
   * Changes connections; resolves to the outcome of each. It rejects if the signal aborts or
   * nothing could be sent. The event `error` reports refusals and failures too, so a caller may
   * ignore the promise.
   */
  change<Done extends ChangeDone>(
    targets: Targets,
    { verb, value }: Change,
    options?: WaitOptions,
  ): Promise<ReadonlyMap<string, ChangeOutcome<Done>>> {
    const answer = this.#change<Done>(targets, { verb, value }, options);
    if (verb === "join" || verb === "leave") this.#barrier.change(String(value), answer);
    answer.then(
      (outcomes) => this.#reportRefusals(verb, outcomes),
      (error) => {
        if (error instanceof ServiceError) this.#senders.queue.failed(error);
      },
    );
    return answer;
  }

  /** As `change`, for one connection: a refusal rejects. */
  changeOne<Done extends ChangeDone>(
    id: string,
    change: Change,
    options?: WaitOptions,
  ): Promise<Changed<Done>> {
    const answer = this.change<Done>(id, change, options).then((outcomes) => {
      const outcome = outcomes.get(id) ?? "unknown";
      if (isErrorCode(outcome)) throw refusal(change.verb, outcome);
      return outcome as Changed<Done>;
    });
    answer.catch(() => {});
    return answer;
  }

  async #change<Done extends ChangeDone>(
    targets: Targets,
    { verb, value }: Change,
    options?: WaitOptions,
  ): Promise<ReadonlyMap<string, ChangeOutcome<Done>>> {
    if (verb === "join" || verb === "leave") checkedGroup(String(value));
    const nodes = groupByNode(idsOf(targets), nodeOf);
    const outcomes = new IdOutcomes<ChangeOutcome<Done>>([...nodes.values()].flat());
    const { ref, result } = this.#replies.expect(outcomes, options);
    for (const [node, ids] of nodes) {
      this.node(node).command([verb, oneOrMany(ids), value, { ref }]);
    }
    return result;
  }

  #reportRefusals(verb: string, outcomes: ReadonlyMap<string, string>): void {
    const refusals = new Map<ServiceError["code"], number>();
    for (const outcome of outcomes.values()) {
      if (isErrorCode(outcome)) refusals.set(outcome, (refusals.get(outcome) ?? 0) + 1);
    }
    for (const [code, count] of refusals) this.#senders.queue.failed(refusal(verb, code, count));
  }
}

/** One id is a string in a command, several are an array. */
export function oneOrMany(ids: readonly string[]): string | readonly string[] {
  return ids.length === 1 ? ids[0]! : ids;
}

function refusal(verb: string, code: ServiceError["code"], count = 1): ServiceError {
  return new ServiceError(code, `${verb}: refused for ${count} connection${count > 1 ? "s" : ""}`);
}
