import { limits, ServiceError } from "../../core/base/mod.ts";
import type {
  CommandSource,
  EventChannel,
  EventChannelListener,
  EventDestination,
  OriginDestination,
  OriginPresence,
} from "../../core/ports/mod.ts";
import type { MemoryBroker, MemoryBrokerClient } from "./broker.ts";

interface Held {
  readonly destination: EventDestination | OriginDestination;
  readonly batch: Uint8Array;
  readonly confirmed: (error?: ServiceError) => void;
}

/** Events to listeners in the same process, and their commands back. */
export class MemoryEventChannel implements EventChannel {
  readonly batchBytesMax: number = limits.batchBytesMax;
  readonly #broker: MemoryBroker;
  readonly #node: string;
  readonly #held: Set<Held> = new Set();
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
          if (connected) for (const held of [...this.#held]) this.#send(held);
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
    const held: Held = { destination, batch, confirmed };
    this.#held.add(held);
    this.#send(held);
  }

  /** A local origin's command batch, as it may come over HTTP later. */
  command(app: string, sender: string, payload: Uint8Array): void {
    const source: CommandSource = { app, sender, scope: "local", topic: `${app}/local` };
    this.#listener?.commands(source, payload);
  }

  /** A local origin announces itself, or (undefined) leaves. */
  origin(app: string, name: string, presence: OriginPresence | undefined): void {
    this.#listener?.origin(app, name, presence);
  }

  async stop(): Promise<void> {
    // The broker delivers in a microtask: what is on its way arrives.
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    if (this.#client !== undefined) this.#broker.disconnect(this.#client);
    const lost = [...this.#held];
    this.#held.clear();
    for (const { confirmed } of lost) {
      confirmed(new ServiceError("broker-lost", "the channel is closed"));
    }
  }

  #send(held: Held): void {
    if (!this.#broker.up) return;
    const { destination, batch } = held;
    this.#broker.events({ destination, node: this.#node, batch }, () => {
      if (this.#held.delete(held)) held.confirmed();
    });
  }
}
