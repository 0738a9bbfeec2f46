import { encode } from "@msgpack/msgpack";
import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import type { MqttLink } from "../../mqtt/link/mod.ts";
import { originLimits } from "../base/mod.ts";
import type { Expiry } from "./expiry.ts";
import { toJsonValue } from "./json-batch.ts";
import type { Dropped } from "./outbox.ts";

export interface GroupOutboxOptions {
  readonly json: boolean;
  readonly failed: (error: ServiceError) => void;
}

/** A command that there is room for. */
export interface Admitted {
  readonly bytes: Uint8Array;
  readonly expiry: Expiry | undefined;
}

interface Sent {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly commands: number;
  /** Of its commands, as they were admitted. */
  readonly bytes: number;
}

/** What a batch has around its items, and a packet around the batch. */
const batchRoom = 1_024;

/**
 * Commands to more than one node: bare batches, one for each topic and turn of the event loop.
 * What the broker has not confirmed is kept, bounded, and published again after a reconnect.
 */
export class GroupOutbox {
  readonly #link: MqttLink;
  readonly #clock: Clock;
  readonly #options: GroupOutboxOptions;
  /** By topic, the one that waits longest first. */
  readonly #waiting: Map<string, Admitted[]> = new Map();
  /** Published and not confirmed, in order. */
  readonly #sent: Set<Sent> = new Set();
  #queuedBytes = 0;
  #scheduled = false;
  #flushed: (() => void)[] = [];
  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.#pump();
  };

  constructor(link: MqttLink, clock: Clock, options: GroupOutboxOptions) {
    this.#link = link;
    this.#clock = clock;
    this.#options = options;
  }

  /** Bytes that the broker has not confirmed. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Throws `send-queue-full` or `batch-too-big`; what it returns is to be given to `add`. */
  admit(item: readonly unknown[], expiry?: Expiry): Admitted {
    const bytes = this.#options.json
      ? new TextEncoder().encode(JSON.stringify(toJsonValue(item)))
      : encode(item);
    if (this.#queuedBytes + bytes.length > originLimits.groupQueueBytesMax) {
      throw new ServiceError("send-queue-full", "too much waits for the broker");
    }
    const packetBytesMax = this.#link.packetBytesMax ?? limits.batchBytesMax;
    if (bytes.length + batchRoom > Math.min(packetBytesMax, limits.batchBytesMax)) {
      throw new ServiceError("batch-too-big", `${bytes.length} bytes do not fit into one packet`);
    }
    this.#queuedBytes += bytes.length;
    return { bytes, expiry };
  }

  add(topic: string, command: Admitted): void {
    const waiting = this.#waiting.get(topic);
    if (waiting === undefined) this.#waiting.set(topic, [command]);
    else waiting.push(command);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.endOfTurn(this.#endOfTurn);
  }

  /** Resolves when the broker has everything that was given so far. */
  flushed(): Promise<void> {
    this.#pump();
    if (this.#queuedBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#flushed.push(resolve));
  }

  /** The origin ends: nobody waits any longer. Tells how many commands the broker never got. */
  end(): Dropped {
    const bytes = this.#queuedBytes;
    let commands = 0;
    for (const sent of this.#sent) commands += sent.commands;
    for (const waiting of this.#waiting.values()) commands += waiting.length;
    this.#sent.clear();
    this.#waiting.clear();
    this.#queuedBytes = 0;
    this.#tellFlushed();
    return { commands, bytes };
  }

  /** The link is up again: what it did not confirm goes first. */
  connected(connected: boolean): void {
    if (!connected) return;
    for (const sent of [...this.#sent]) this.#publish(sent);
    this.#pump();
  }

  #pump(): void {
    if (!this.#link.up) return;
    for (const [topic, commands] of this.#waiting) {
      while (commands.length > 0) {
        if (this.#sent.size >= originLimits.groupBatchesInFlightMax) return;
        this.#batch(topic, commands);
      }
      // A failure that was told in between may have begun another queue.
      if (this.#waiting.get(topic) === commands) this.#waiting.delete(topic);
    }
    this.#tellFlushed();
  }

  /** Takes as many commands as make one batch. */
  #batch(topic: string, commands: Admitted[]): void {
    const items: Uint8Array[] = [];
    let [taken, bytes, gone, untold] = [0, 0, 0, 0];
    for (const { bytes: item, expiry } of commands) {
      if (bytes > 0 && bytes + item.length > limits.batchBytesTarget) break;
      taken++;
      if (expiry === undefined || expiry.leave()) {
        items.push(item);
        bytes += item.length;
      } else {
        gone += item.length;
        if (!expiry.isTold) untold++;
      }
    }
    commands.splice(0, taken);
    this.#queuedBytes -= gone;
    if (untold > 0) {
      const message = `${untold} messages for ${topic} were older than their ttl`;
      this.#options.failed(new ServiceError("message-expired", message));
    }
    if (items.length === 0) return;
    const payload = joined(items, { bytes, json: this.#options.json });
    const sent = { topic, payload, commands: items.length, bytes };
    this.#sent.add(sent);
    this.#publish(sent);
  }

  #publish(sent: Sent): void {
    this.#link.publish(sent.topic, sent.payload, (error) => {
      if (error?.code === "broker-lost" || !this.#sent.delete(sent)) return;
      this.#queuedBytes -= sent.bytes;
      if (error !== undefined) this.#options.failed(error);
      this.#pump();
    });
  }

  #tellFlushed(): void {
    if (this.#queuedBytes === 0) for (const resolve of this.#flushed.splice(0)) resolve();
  }
}

/** A bare batch of items that are encoded already. */
function joined(
  items: readonly Uint8Array[],
  { bytes, json }: { readonly bytes: number; readonly json: boolean },
): Uint8Array {
  const batch = Buffer.allocUnsafeSlow(bytes + (json ? items.length + 1 : 5));
  let at = 0;
  if (json) {
    for (const item of items) {
      batch[at] = at === 0 ? 0x5b : 0x2c;
      batch.set(item, at + 1);
      at += 1 + item.length;
    }
    batch[at] = 0x5d;
  } else {
    batch[0] = 0xdd;
    at = batch.writeUInt32BE(items.length, 1);
    for (const item of items) {
      batch.set(item, at);
      at += item.length;
    }
  }
  return batch;
}
