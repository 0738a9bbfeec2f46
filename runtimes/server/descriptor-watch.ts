import { descriptorFree, descriptorsMax, descriptorsOpen } from "../../adapters/system/mod.ts";
import { type ErrorCode, limits } from "../../core/base/mod.ts";
import type { Cancel, Clock, Logger } from "../../core/ports/mod.ts";

export interface DescriptorWatchParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Counts a trouble by its code. */
  readonly count: (code: ErrorCode) => void;
  /** Descriptors are short, or there is room again. */
  readonly shortage: (short: boolean) => void;
}

const messages = {
  "tcp-streams-full":
    "the client port is full: it has as many TCP streams as file descriptors allow",
  "accept-failed": "no file descriptor is free: the node accepts no connections until one is",
} as const;

/**
 * Keeps the client port below the process's limit of descriptors, and sees when none is free all
 * the same: no runtime tells of that on all its ports.
 */
export class DescriptorWatch {
  /** TCP streams that the client port may have at once; undefined where no limit is known. */
  readonly streamsMax: number | undefined;
  readonly #parts: DescriptorWatchParts;
  readonly #max: number;
  readonly #spare: number;
  /** When each trouble was told last. */
  readonly #toldAt: Map<string, number> = new Map();
  #short = false;
  /** Looks since the last trouble. */
  #calmTicks: number = limits.descriptorsCalmTicks;
  #cancel: Cancel = () => {};

  /** To be made when everything is open but the client port. */
  constructor(parts: DescriptorWatchParts) {
    this.#parts = parts;
    const max = descriptorsMax();
    this.#max = max ?? Number.POSITIVE_INFINITY;
    this.#spare = Math.min(limits.descriptorsSpare, this.#max >> 2);
    this.streamsMax =
      max === undefined ? undefined : Math.max(1, max - this.#spare - descriptorsOpen());
  }

  /**
   * Whether so many streams in one tick may have taken every descriptor. Others may have come and
   * gone in it too, on other ports, so half of the limit is near enough.
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

  /** Warns where more connections are allowed than there are descriptors for. */
  compare(connectionsMax: number): void {
    const { streamsMax } = this;
    if (streamsMax === undefined || streamsMax >= connectionsMax) return;
    // The default asks for as many as go.
    const asked = connectionsMax !== limits.connectionsCeiling;
    if (!asked && streamsMax >= limits.connectionsUsual) return;
    const code = "descriptors-low";
    const message =
      `max-connections is ${connectionsMax}, but a limit of ${this.#max} open files allows only ` +
      `${streamsMax}: raise ulimit -n or lower max-connections`;
    this.#parts.logger.log("warn", code, message, { code, streamsMax });
  }

  /** Counts a trouble with accepting, and tells it once a minute. */
  trouble(code: keyof typeof messages): void {
    const { clock, logger, count } = this.#parts;
    this.#strained();
    count(code);
    const now = clock.now();
    const toldAt = this.#toldAt.get(code);
    if (toldAt !== undefined && now - toldAt < limits.acceptLineMs) return;
    this.#toldAt.set(code, now);
    logger.log("warn", code, messages[code], { code, streamsMax: this.streamsMax });
  }

  #tick(): void {
    this.#cancel = this.#parts.clock.after(limits.descriptorsTickMs, () => this.#tick());
    const free = descriptorFree();
    if (free === undefined) this.trouble("accept-failed");
    const used = free ?? this.#max;
    // Half of the spare ones are gone; all of them are there again.
    if (used >= this.#max - (this.#short ? this.#spare : this.#spare >> 1)) {
      this.#strained();
      if (!this.#short) this.#parts.shortage(true);
      this.#short = true;
      return;
    }
    // At once where there is room again; and when nobody is refused any more, or can be.
    let opens = this.#short;
    this.#short = false;
    if (this.#calmTicks < limits.descriptorsCalmTicks) {
      this.#calmTicks += 1;
      if (this.#calmTicks === limits.descriptorsCalmTicks) opens = true;
    }
    if (opens) this.#parts.shortage(false);
  }

  /** A flood may have taken every descriptor between two looks: then ports open anew after it. */
  #strained(): void {
    this.#calmTicks = 0;
  }
}
