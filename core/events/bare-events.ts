import type { ServiceError } from "../base/mod.ts";
import type { EventChannel } from "../ports/mod.ts";
import { type Destination, type Fit, fitBare } from "./batch-splitter.ts";

/** Events outside the numbering: how an `ack` travels, and what a leaving origin is answered. */
export class BareEvents {
  readonly #channel: EventChannel;
  readonly #failed: (error: ServiceError) => void;
  #bytes = 0;

  constructor(channel: EventChannel, failed: (error: ServiceError) => void) {
    this.#channel = channel;
    this.#failed = failed;
  }

  /** Bytes that the transport has not answered for. */
  get bytes(): number {
    return this.#bytes;
  }

  publish(destination: Destination, items: readonly (readonly unknown[])[], fit: Fit): void {
    for (const payload of fitBare(items, fit)) {
      this.#bytes += payload.byteLength;
      this.#channel.publish(destination, payload, (error) => {
        this.#bytes -= payload.byteLength;
        if (error !== undefined) this.#failed(error);
      });
    }
  }
}
