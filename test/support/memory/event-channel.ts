import { limits, ServiceError } from "../../../core/base/mod.ts";
import type {
  EventChannel,
  EventChannelListener,
  EventDestination,
  OriginDestination,
  OriginPresence,
} from "../../../core/ports/mod.ts";
import type { MemoryBroker, MemoryBrokerClient } from "./broker.ts";

/** Events to listeners in the same process. */
export class MemoryEventChannel implements EventChannel {
  readonly batchBytesMax: number = limits.batchBytesMax;
  /** Its listeners stay through an outage. */
  readonly knowsSubscribers = true;
  readonly #broker: MemoryBroker;
  readonly #node: string;
  /** Answers of publishes that the broker has not confirmed. */
  readonly #unanswered: Set<(error?: ServiceError) => void> = new Set();
  #listener: EventChannelListener | undefined;
  #client: MemoryBrokerClient | undefined;

  constructor(broker: MemoryBroker, node: string) {
    this.#broker = broker;
    this.#node = node;
  }

  start(listener: EventChannelListener): Promise<void> {
    this.#listener = listener;
    return new Promise((resolve) => {
      this.#client = {
        connected: (connected) => {
          if (!connected) this.#fail("the broker is away");
          listener.connected(connected);
          if (connected) resolve();
        },
      };
      this.#broker.connect(this.#node, this.#client);
    });
  }

  publish(
    destination: EventDestination | OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    confirmed: (error?: ServiceError) => void,
  ): void {
    if (!this.#broker.up) {
      confirmed(new ServiceError("broker-lost", "the broker is away"));
      return;
    }
    const answered = (error?: ServiceError): void => {
      if (this.#unanswered.delete(answered)) confirmed(error);
    };
    this.#unanswered.add(answered);
    this.#broker.events({ destination, node: this.#node, batch }, () => answered());
  }

  publishAtMostOnce(
    destination: OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    sent: (error?: ServiceError) => void,
  ): void {
    this.publish(destination, batch, sent);
  }

  /** A local origin announces itself, or (undefined) leaves. */
  origin(app: string, name: string, presence: OriginPresence | undefined): void {
    this.#listener?.origin(app, name, presence);
  }

  async stop(): Promise<void> {
    // The broker delivers in a microtask: what is on its way arrives.
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    if (this.#client !== undefined) this.#broker.disconnect(this.#client);
    this.#fail("the event channel is closed");
  }

  #fail(message: string): void {
    for (const answered of [...this.#unanswered]) {
      answered(new ServiceError("broker-lost", message));
    }
  }
}
