import { ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import {
  type ChangeOutcome,
  checkClose,
  checkedData,
  checkedGroup,
  checkedId,
  type MessageData,
  originLimits,
  type ReplyOptions,
  type SendOptions,
  type SendOutcome,
  type Target,
  type Targets,
  type WaitOptions,
} from "../base/mod.ts";
import { type OriginConnection, packId } from "../dispatch/mod.ts";
import { IdOutcomes, isErrorCode } from "./collectors.ts";
import type { CommandOptions } from "./command-batch.ts";
import { Expiry } from "./expiry.ts";
import type { NodeOutbox } from "./node-outbox.ts";
import type { PublishBarrier } from "./publish-barrier.ts";
import type { Replies } from "./replies.ts";

export interface ConnectionCommandsParts {
  readonly clock: Clock;
  readonly replies: Replies;
  readonly gate: PublishBarrier;
  /** Throws where the origin is closed. */
  readonly outbox: (node: string) => NodeOutbox;
  /** The handle of an id; throws where it is none. */
  readonly handle: (id: string) => OriginConnection;
  readonly failed: (error: Error) => void;
}

/** A command that changes connections: what it is called, and the element behind the ids. */
export interface Change {
  readonly verb: "join" | "leave" | "state" | "renew";
  readonly value: unknown;
}

/** What a change comes to where nothing goes wrong. */
export type ChangeDone = "joined" | "left" | "stored" | "renewed";

/** Targets as they are written. */
export function eachTarget(targets: Targets): Iterable<Target> {
  if (typeof targets === "string") return [targets];
  if (typeof targets === "object" && targets !== null) {
    if ("id" in targets) return [targets];
    if (Symbol.iterator in targets) return targets;
  }
  throw new ServiceError("id-malformed", "a target is an id, a connection or several of them");
}

export function idOf(target: Target): string {
  return checkedId(typeof target === "string" ? target : target?.id);
}

function idsOf(nodes: ReadonlyMap<string, readonly Uint8Array[]>): string[] {
  const decoder = new TextDecoder();
  return Array.from(nodes.values())
    .flat()
    .map((packed) => decoder.decode(packed.subarray(2)));
}

/** Commands to connections, by the streams of the nodes that hold them. */
export class ConnectionCommands {
  readonly #parts: ConnectionCommandsParts;

  constructor(parts: ConnectionCommandsParts) {
    this.#parts = parts;
  }

  send(targets: Targets, message: MessageData, options: SendOptions = {}): void {
    const { clock, outbox } = this.#parts;
    const data = checkedData(message);
    const ttl = options.ttlMs;
    const written =
      ttl === undefined
        ? {}
        : { options: { ttl, at: clock.now() }, expiry: new Expiry(clock, ttl) };
    for (const [node, ids] of this.#byNode(targets)) outbox(node).sendMany(ids, data, written);
  }

  async sendWithReply(
    targets: Targets,
    message: MessageData,
    options: ReplyOptions = {},
  ): Promise<ReadonlyMap<string, SendOutcome>> {
    const data = checkedData(message);
    const { clock, outbox, replies } = this.#parts;
    const nodes = this.#byNode(targets);
    const { ref, result } = replies.expect(new IdOutcomes<SendOutcome>(idsOf(nodes)), options);
    const { ttlMs: ttl, timeoutMs = originLimits.replyMs } = options;
    const map: CommandOptions = ttl === undefined ? { ref } : { ref, ttl, at: clock.now() };
    for (const [node, ids] of nodes) {
      if (ttl === undefined) {
        outbox(node).sendMany(ids, data, { options: map });
        continue;
      }
      // Told when its time is over, if that is before nobody waits any longer.
      const expired = Object.fromEntries(
        idsOf(new Map([[node, ids]])).map((id) => [id, "expired"]),
      );
      const tell = ttl < timeoutMs ? () => replies.reply(ref, expired) : undefined;
      outbox(node).sendMany(ids, data, { options: map, expiry: new Expiry(clock, ttl, tell) });
    }
    return result;
  }

  close(targets: Targets, closeCode = 1000, closeReason = ""): void {
    checkClose(closeCode, closeReason);
    for (const [node, ids] of this.#byNode(targets)) {
      this.#parts.outbox(node).close(ids, closeCode, closeReason);
    }
  }

  /**
   * Changes connections, and tells what became of it for each. Refusals are told as errors too,
   * so that nobody has to wait. Never rejects unless the signal does, or nothing could be sent;
   * and no rejection is left unhandled where nobody looks at it.
   */
  change<Done extends ChangeDone>(
    targets: Targets,
    { verb, value }: Change,
    options?: WaitOptions,
  ): Promise<ReadonlyMap<string, ChangeOutcome<Done>>> {
    const answer = this.#change<Done>(targets, { verb, value }, options);
    if (verb === "join" || verb === "leave") this.#parts.gate.change(String(value), answer);
    answer.then(
      (outcomes) => this.#tellRefusals(verb, outcomes),
      (error) => {
        if (error instanceof ServiceError) this.#parts.failed(error);
      },
    );
    return answer;
  }

  /** The same for one connection: a refusal rejects. */
  changeOne<Done extends ChangeDone>(
    connection: OriginConnection,
    change: Change,
    options?: WaitOptions,
  ): Promise<Done | "gone" | "unknown"> {
    const answer = this.change<Done>([connection], change, options).then((outcomes) => {
      const outcome = outcomes.get(connection.id) ?? "unknown";
      if (isErrorCode(outcome)) throw refusal(change.verb, outcome);
      return outcome as Done | "gone" | "unknown";
    });
    answer.catch(() => {});
    return answer;
  }

  async #change<Done extends ChangeDone>(
    targets: Targets,
    { verb, value }: Change,
    options?: WaitOptions,
  ): Promise<ReadonlyMap<string, ChangeOutcome<Done>>> {
    const { outbox, replies } = this.#parts;
    if (verb === "join" || verb === "leave") checkedGroup(String(value));
    const nodes = this.#byNode(targets);
    const outcomes = new IdOutcomes<ChangeOutcome<Done>>(idsOf(nodes));
    const { ref, result } = replies.expect(outcomes, options);
    for (const [node, packed] of nodes) {
      const ids = idsOf(new Map([[node, packed]]));
      outbox(node).command([verb, ids.length === 1 ? ids[0] : ids, value, { ref }]);
    }
    return result;
  }

  #tellRefusals(verb: string, outcomes: ReadonlyMap<string, string>): void {
    const refusals = new Map<string, number>();
    for (const outcome of outcomes.values()) {
      if (isErrorCode(outcome)) refusals.set(outcome, (refusals.get(outcome) ?? 0) + 1);
    }
    for (const [code, count] of refusals) {
      if (isErrorCode(code)) this.#parts.failed(refusal(verb, code, count));
    }
  }

  #byNode(targets: Targets): Map<string, Uint8Array[]> {
    const nodes = new Map<string, Uint8Array[]>();
    for (const target of eachTarget(targets)) {
      const { node, packed } = this.#packed(target);
      const ids = nodes.get(node);
      if (ids === undefined) nodes.set(node, [packed]);
      else ids.push(packed);
    }
    return nodes;
  }

  #packed(target: Target): { node: string; packed: Uint8Array } {
    const known = target as Partial<OriginConnection>;
    if (known?.packed !== undefined && known.node !== undefined) {
      return { node: known.node, packed: known.packed };
    }
    const { node } = this.#parts.handle(idOf(target));
    return { node, packed: packId(idOf(target)) };
  }
}

function refusal(verb: string, code: ServiceError["code"], count = 1): ServiceError {
  return new ServiceError(code, `${verb}: refused for ${count} connection${count > 1 ? "s" : ""}`);
}
