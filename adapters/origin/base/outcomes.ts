import type { ErrorCode } from "../../../core/base/mod.ts";

/**
 * What became of a message to one connection.
 * - `sent`: the kernel of the node's machine has it.
 * - `slow`: the client does not read. The message waits at the gateway, or the connection is being
 *   closed for it.
 * - `gone`: there is no such connection.
 * - `expired`: it was older than its `ttlMs`.
 * - `unknown`: no reply came in time.
 * - `publish-too-big`, `queue-too-small`: it is larger than the gateway's `--max-publish-size`, or
 *   than its `--send-queue-size`.
 */
export type SendOutcome =
  | "sent"
  | "slow"
  | "gone"
  | "expired"
  | "unknown"
  | "publish-too-big"
  | "queue-too-small";

/** What became of a change to one connection; an error code if the gateway refused it. */
export type ChangeOutcome<Done extends string> = Done | "gone" | "unknown" | ErrorCode;
export type JoinOutcome = ChangeOutcome<"joined">;
export type LeaveOutcome = ChangeOutcome<"left">;

/** What a change to one connection resolves to; if it is refused, it rejects. */
export type Changed<Done extends string> = Done | "gone" | "unknown";

/** For what waits for an answer. */
export interface WaitOptions {
  /** 10,000 by default. Then what nobody answered for is `unknown`, or its node is `missing`. */
  readonly timeoutMs?: number;
  /** Ends the wait: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface TraceOptions {
  /**
   * The trace that the command belongs to, as W3C's `traceparent` of 55 characters: the `trace` of
   * an event, or that of a span of the origin's own.
   */
  readonly trace?: string | undefined;
}

export interface SendOptions extends TraceOptions {
  /** The message is not sent once it is older. */
  readonly ttlMs?: number;
}

export interface CloseOptions extends TraceOptions {
  /** The origin could not do its part: the `close` event says `error` in place of `origin`. */
  readonly cause?: "error" | undefined;
}

export interface ReplyOptions extends SendOptions, WaitOptions {}

/** A connection id, or anything that has one, such as a connection. */
export type Target = string | { readonly id: string };

/** One target or several. */
export type Targets = Target | Iterable<Target>;

export interface PublishOptions extends SendOptions {
  /** Connections that do not get the message. */
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
  /** By the node's name; with an error code if the node refused. */
  readonly nodes: ReadonlyMap<string, PublishCounts & { readonly error?: ErrorCode }>;
  /** Living nodes that have not answered in time. */
  readonly missing: readonly string[];
}
