import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import type { Link } from "../../topics/mod.ts";
import { encodeCommand } from "./command-batch.ts";

interface QueuedSender {
  /** Commands that the broker has not confirmed. */
  readonly commands: number;
  pump(): void;
  connected(connected: boolean): void;
  reachChanged(): void;
}

/** Commands that the broker never got. */
export interface Dropped {
  readonly commands: number;
  readonly bytes: number;
}

export interface SendQueueOptions {
  /** Commands are written as JSON. */
  readonly json: boolean;
  readonly bytesMax: number;
  /** Something went wrong outside of any call. */
  readonly failed: (error: Error) => void;
}

/** Bytes of a packet besides one command: topic, stream name, numbers. */
const packetRoom = 1_024;

/**
 * The commands of one kind that the broker has not confirmed: the bound of their bytes, their
 * senders, and the callers that wait until the broker has them.
 */
export class SendQueue {
  readonly link: Link;
  readonly clock: Clock;
  readonly json: boolean;
  readonly failed: (error: Error) => void;
  readonly senders: Set<QueuedSender> = new Set();
  readonly #bytesMax: number;
  #batchBytesMax: number = limits.batchBytesMax - packetRoom;
  /** A command that would make a batch larger than this begins the next batch. */
  batchBytesTarget: number = limits.batchBytesTarget;
  #bytes = 0;
  #ended = false;
  readonly #flushed: (() => void)[] = [];

  constructor(link: Link, clock: Clock, { json, bytesMax, failed }: SendQueueOptions) {
    this.link = link;
    this.clock = clock;
    this.json = json;
    this.#bytesMax = bytesMax;
    this.failed = failed;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws `broker-lost` if the origin is closed. */
  assertOpen(): void {
    if (this.#ended) throw new ServiceError("broker-lost", "the origin is closed");
  }

  /** Throws `send-queue-full` or `batch-too-big` if a command has too many bytes. */
  check(bytes: number): void {
    this.assertOpen();
    if (this.#bytes + bytes > this.#bytesMax) {
      throw new ServiceError("send-queue-full", "too many bytes wait for the broker");
    }
    if (bytes > this.#batchBytesMax) {
      throw new ServiceError("batch-too-big", `${bytes} bytes do not fit into one packet`);
    }
  }

  /** Encodes and counts a command; throws as `check` does. */
  admit(command: readonly unknown[]): Uint8Array {
    const bytes = encodeCommand(command, this.json);
    this.check(bytes.length);
    this.add(bytes.length);
    return bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** The broker has so many bytes, or they are dropped. */
  settle(bytes: number): void {
    if (this.#ended) return;
    this.#bytes -= bytes;
    if (this.#bytes === 0) this.#resolveFlushed();
  }

  /** Resolves when the broker has every command that was given so far. */
  flushed(): Promise<void> {
    for (const sender of this.senders) sender.pump();
    if (this.#bytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#flushed.push(resolve));
  }

  /** The link is up, or lost: what the broker did not confirm is published again. */
  connected(connected: boolean): void {
    this.#limitBatches();
    for (const sender of this.senders) sender.connected(connected);
  }

  /** One of several brokers came or went. */
  reachChanged(): void {
    this.#limitBatches();
    for (const sender of this.senders) sender.reachChanged();
  }

  #limitBatches(): void {
    const { packetBytesMax = limits.batchBytesMax } = this.link;
    this.#batchBytesMax = Math.min(packetBytesMax, limits.batchBytesMax) - packetRoom;
    this.batchBytesTarget = Math.min(limits.batchBytesTarget, this.#batchBytesMax);
  }

  /** The origin is closed: what is left is dropped. */
  end(): Dropped {
    const bytes = this.#bytes;
    let commands = 0;
    for (const sender of this.senders) commands += sender.commands;
    this.#ended = true;
    this.#bytes = 0;
    this.senders.clear();
    this.#resolveFlushed();
    return { commands, bytes };
  }

  #resolveFlushed(): void {
    for (const resolve of this.#flushed.splice(0)) resolve();
  }
}
