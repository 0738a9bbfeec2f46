import type { ServiceError } from "../base/mod.ts";
import type { EventChannel, ValueCodec } from "../ports/mod.ts";
import { BatchSplitter, type Destination } from "./batch-splitter.ts";

/** Events outside the numbering: how an `ack` travels, and what a leaving origin is answered. */
export class BareEvents {
  readonly #channel: EventChannel;
  readonly #splitter: BatchSplitter;
  readonly #failed: (error: ServiceError) => void;
  #bytes = 0;

  constructor(channel: EventChannel, values: ValueCodec, failed: (error: ServiceError) => void) {
    this.#channel = channel;
    this.#splitter = new BatchSplitter(values, channel);
    this.#failed = failed;
  }

  /** Bytes that the transport has not answered for. */
  get bytes(): number {
    return this.#bytes;
  }

  publish(destination: Destination, items: readonly (readonly unknown[])[], json: boolean): void {
    for (const payload of this.#splitter.splitBare(items, json)) {
      this.#bytes += payload.byteLength;
      this.#channel.publish(destination, payload, (error) => {
        this.#bytes -= payload.byteLength;
        if (error !== undefined) this.#failed(error);
      });
    }
  }
}

/**
 * Asks the broker whether it takes anything for this destination: an empty `alive`, which tells
 * nobody anything.
 */
export function publishEmptyAlive(
  { values, channel }: { readonly values: ValueCodec; readonly channel: EventChannel },
  destination: Destination,
  json: boolean,
  answered: (error?: ServiceError) => void,
): void {
  const [payload] = new BatchSplitter(values, channel).splitBare([["alive", []]], json);
  channel.publish(destination, payload!, answered);
}
