import type { EventStream } from "../events/mod.ts";
import type { Acknowledgement } from "../streams/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import type { AssignedOrigin } from "./assigned-origin.ts";

/** The same where senders other than its own hear it, whose streams may have that name too. */
function namingSender(ack: Acknowledgement, sender: string): readonly unknown[] {
  const [verb, stream, count, received = null] = ack;
  return [verb, stream, count, received, sender];
}

export interface SenderAnswersParts {
  readonly metrics: GatewayMetrics;
  /** The sender's own stream, where it is an origin that takes part. */
  readonly own: (sender: string) => Pick<AssignedOrigin, "stream" | "leaving"> | undefined;
  /** Hears what is for any other sender. */
  readonly everybody: EventStream;
  readonly windowBytesMax: number;
}

/** What senders of commands are told: by their own stream, or by the one that everybody hears. */
export class SenderAnswers {
  readonly #parts: SenderAnswersParts;

  constructor(parts: SenderAnswersParts) {
    this.#parts = parts;
  }

  /**
   * Confirms commands. Where everybody hears it, it says whose they are. One that the broker has
   * no room for is made good by the next, because they are cumulative.
   */
  confirm(sender: string, acks: readonly Acknowledgement[], json: boolean): void {
    const { own, everybody, metrics, windowBytesMax } = this.#parts;
    const stream = own(sender)?.stream ?? everybody;
    if (stream.bare.bytes >= windowBytesMax) metrics.error("reply-dropped");
    else if (stream !== everybody) stream.publishBare(acks, json);
    else {
      const named = acks.map((ack) => namingSender(ack, sender));
      everybody.publishBare(named, json);
    }
  }

  /**
   * Tells a sender something. One that is leaving gets it besides its stream, which ends. Who
   * confirms nothing, or whose broker does not, gets what must not be lost, and no more.
   */
  tell(sender: string, item: readonly unknown[], json: boolean): void {
    const { own, everybody, metrics, windowBytesMax } = this.#parts;
    const assigned = own(sender);
    const stream = assigned?.stream ?? everybody;
    const leaving = assigned?.leaving === true;
    const full = stream.unconfirmedBytes + stream.bare.bytes >= 2 * windowBytesMax;
    if (full || (leaving && !stream.flows)) metrics.error("reply-dropped");
    else if (leaving) stream.publishBare([item], json);
    else stream.append(item, json);
  }
}
