import type { ServiceError } from "../base/mod.ts";
import type { EventChannel, ValueCodec } from "../ports/mod.ts";
import { BatchSplitter, type Destination } from "./batch-splitter.ts";

/** Unnumbered events: `ack`, and replies to an origin that is leaving. */
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

  /** Bytes of publishes that the transport has not answered. */
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
 * Publishes an empty `alive`, which means nothing to its receivers. The answer shows whether the
 * broker accepts publishes to this destination.
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
