import type { EventStream } from "../events/mod.ts";
import type { Acknowledgement } from "../streams/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import type { AssignedOrigin } from "./assigned-origin.ts";

/** An acknowledgement that names the sender, since others have streams of the same name. */
function namingSender(ack: Acknowledgement, sender: string): readonly unknown[] {
  const [verb, stream, count, received = null] = ack;
  return [verb, stream, count, received, sender];
}

type FindOrigin = (sender: string) => Pick<AssignedOrigin, "stream" | "leaving"> | undefined;

/**
 * Sends replies and acknowledgements to senders of commands: an assigned origin gets them by its
 * own stream, any other sender by the common stream of open mode.
 */
export class SenderReplies {
  readonly #find: FindOrigin;
  readonly #common: EventStream;
  readonly #metrics: GatewayMetrics;
  readonly #windowBytesMax: number;

  /** `find` gives the assigned origin of that name. */
  constructor(
    find: FindOrigin,
    common: EventStream,
    metrics: GatewayMetrics,
    windowBytesMax: number,
  ) {
    this.#find = find;
    this.#common = common;
    this.#metrics = metrics;
    this.#windowBytesMax = windowBytesMax;
  }

  /** Confirms commands. A dropped confirmation does no harm: the next one includes it. */
  confirm(sender: string, acks: readonly Acknowledgement[], json: boolean): void {
    const stream = this.#find(sender)?.stream ?? this.#common;
    const named = stream === this.#common ? acks.map((ack) => namingSender(ack, sender)) : acks;
    if (stream.bareBytes >= this.#windowBytesMax) this.#metrics.error("reply-dropped");
    else stream.publishAcks(named, json);
  }

  /**
   * Sends an item to a sender. A leaving origin gets it outside its stream, which ends. Items to
   * a sender that confirms nothing are dropped past twice the window.
   */
  send(sender: string, item: readonly unknown[], json: boolean): void {
    const assigned = this.#find(sender);
    const stream = assigned?.stream ?? this.#common;
    const leaving = assigned?.leaving === true;
    const full = stream.unconfirmedBytes + stream.bareBytes >= 2 * this.#windowBytesMax;
    if (full || (leaving && !stream.canPublishBare)) this.#metrics.error("reply-dropped");
    else if (leaving) stream.publishBare([item], json);
    else stream.append(item, json);
  }
}
