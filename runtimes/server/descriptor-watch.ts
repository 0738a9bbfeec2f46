import { descriptorFree, descriptorsMax, descriptorsOpen } from "../../adapters/system/mod.ts";
import { limits } from "../../core/base/mod.ts";
import type { Cancel, Clock, Logger, RefusedStream } from "../../core/ports/mod.ts";

export interface DescriptorListener {
  /** A stream was refused, or could not be accepted. */
  refused(stream: RefusedStream): void;
  /** File descriptors are short, or there are enough again. */
  shortage(short: boolean): void;
}

const messages = {
  "tcp-streams-full":
    "the client port is full: it has as many TCP streams as file descriptors allow",
  "accept-failed": "no file descriptor is free: the node accepts no connections until one is",
} as const;

/**
 * Keeps the client port below the process's limit of file descriptors, and finds out when none is
 * free: no runtime reports that for all of its ports.
 */
export class DescriptorWatch {
  /** Maximum of TCP streams at the client port; undefined if the limit is unknown. */
  readonly streamsMax: number | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listener: DescriptorListener;
  readonly #max: number;
  readonly #spare: number;
  /** When each code was logged last. */
  readonly #loggedAt: Map<string, number> = new Map();
  #short = false;
  /** Checks since the last one that found a shortage. */
  #calmTicks: number = limits.descriptorsCalmTicks;
  #cancel: Cancel = () => {};

  /** Everything but the client port must be open: what it uses is counted here. */
  constructor(clock: Clock, logger: Logger, listener: DescriptorListener) {
    this.#clock = clock;
    this.#logger = logger;
    this.#listener = listener;
    const max = descriptorsMax();
    this.#max = max ?? Number.POSITIVE_INFINITY;
    this.#spare = Math.min(limits.descriptorsSpare, this.#max >> 2);
    this.streamsMax =
      max === undefined ? undefined : Math.max(1, max - this.#spare - descriptorsOpen());
  }

  /**
   * Whether so many new streams in one tick may have used up the descriptors. Other ports may have
   * had streams in that tick too, so half of the limit counts as enough.
   */
  mayHaveEnded(streams: number): boolean {
    return descriptorsOpen() + streams >= this.#max / 2;
  }

  start(): void {
    this.#tick();
  }

  stop(): void {
    this.#cancel();
  }

  /** Warns if `max-connections` is higher than the number of descriptors allows. */
  compare(connectionsMax: number): void {
    const { streamsMax } = this;
    if (streamsMax === undefined || streamsMax >= connectionsMax) return;
    // The default means as many as possible.
    const asked = connectionsMax !== limits.connectionsCeiling;
    if (!asked && streamsMax >= limits.connectionsUsual) return;
    const code = "descriptors-low";
    const message =
      `max-connections is ${connectionsMax}, but a limit of ${this.#max} open files allows only ` +
      `${streamsMax}: raise ulimit -n or lower max-connections`;
    this.#logger.log("warn", code, message, { code, streamsMax });
  }

  /** Counts a refused or failed accept, and logs it once a minute. */
  refused(code: keyof typeof messages, address?: string): void {
    this.#strained();
    this.#listener.refused({ code, address });
    const now = this.#clock.ticks();
    const loggedAt = this.#loggedAt.get(code);
    if (loggedAt !== undefined && now - loggedAt < limits.acceptLineMs) return;
    this.#loggedAt.set(code, now);
    this.#logger.log("warn", code, messages[code], { code, streamsMax: this.streamsMax });
  }

  #tick(): void {
    this.#cancel = this.#clock.after(limits.descriptorsTickMs, () => this.#tick());
    const free = descriptorFree();
    if (free === undefined) this.refused("accept-failed");
    const used = free ?? this.#max;
    // A shortage begins when half of the spare descriptors are used, and ends when none is.
    if (used >= this.#max - (this.#short ? this.#spare : this.#spare >> 1)) {
      this.#strained();
      if (!this.#short) this.#listener.shortage(true);
      this.#short = true;
      return;
    }
    // Ports open again when a shortage ends, and some time after the last refusal.
    let opens = this.#short;
    this.#short = false;
    if (this.#calmTicks < limits.descriptorsCalmTicks) {
      this.#calmTicks += 1;
      if (this.#calmTicks === limits.descriptorsCalmTicks) opens = true;
    }
    if (opens) this.#listener.shortage(false);
  }

  /** A burst may have used up the descriptors between two checks: ports open again after it. */
  #strained(): void {
    this.#calmTicks = 0;
  }
}
