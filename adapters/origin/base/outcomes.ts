import type { ErrorCode } from "../../../core/base/mod.ts";

/**
 * What became of a message for one connection. `sent`: the kernel has it. `slow`: the client does
 * not read. `expired`: it was older than its `ttlMs`. `unknown`: no reply came in time. The codes:
 * it is larger than the gateway's `--max-publish-size`, or `--send-queue-size`.
 */
export type SendOutcome =
  | "sent"
  | "slow"
  | "gone"
  | "expired"
  | "unknown"
  | "publish-too-big"
  | "queue-too-small";

/** What became of a change to one connection; a code where the gateway refused it. */
export type ChangeOutcome<Done extends string> = Done | "gone" | "unknown" | ErrorCode;
export type JoinOutcome = ChangeOutcome<"joined">;
export type LeaveOutcome = ChangeOutcome<"left">;

/** What a change to one connection resolves to: a refusal rejects. */
export type Changed<Done extends string> = Done | "gone" | "unknown";

/** Where something waits for an answer. */
export interface WaitOptions {
  /** 10,000 by default. */
  readonly timeoutMs?: number;
  /** Ends the wait: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface SendOptions {
  /** What is older than this when its turn comes is not sent. */
  readonly ttlMs?: number;
}

export interface ReplyOptions extends SendOptions, WaitOptions {}

/** An id, or anything that has one, such as a connection. */
export type Target = string | { readonly id: string };

/** One target or several. */
export type Targets = Target | Iterable<Target>;

export interface PublishOptions extends SendOptions {
  /** Who is left out. */
  readonly except?: Targets;
}

export interface PublishReplyOptions extends PublishOptions, WaitOptions {}

/** How many members each outcome had, at one node. */
export interface PublishCounts {
  readonly sent: number;
  readonly slow: number;
  readonly gone: number;
  readonly expired: number;
}

/** How many members each outcome had, at all nodes together. */
export interface PublishOutcome extends PublishCounts {
  /** By node; with a code where the node refused. */
  readonly nodes: ReadonlyMap<string, PublishCounts & { readonly error?: ErrorCode }>;
  /** Living nodes that have not answered in time. */
  readonly missing: readonly string[];
}
