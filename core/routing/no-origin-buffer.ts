import { closeReasons, limits } from "../base/mod.ts";
import type { EventDependencies, EventStream } from "../events/mod.ts";
import type { Cancel } from "../ports/mod.ts";

type NoOriginBufferDependencies = Pick<EventDependencies, "clock" | "logger" | "registry">;

/**
 * Holds events until an origin comes, at most `waitMs`. The time begins when no origin is there,
 * with or without connections. Time without the broker does not count, because no origin can
 * announce itself then.
 */
export class NoOriginBuffer {
  readonly #dependencies: NoOriginBufferDependencies;
  readonly #waitMs: number;
  #stream: EventStream | undefined;
  #cancel: Cancel | undefined;
  #connected = false;
  /** No origin is there. */
  #missing = false;
  #expired = false;
  #hintedAt = Number.NEGATIVE_INFINITY;

  constructor(dependencies: NoOriginBufferDependencies, waitMs: number) {
    this.#dependencies = dependencies;
    this.#waitMs = waitMs;
  }

  /** The stream of the connections that wait; undefined while an origin is there. */
  get stream(): EventStream | undefined {
    return this.#stream;
  }

  /** No origin came in time, and none since. */
  get expired(): boolean {
    return this.#expired;
  }

  connected(connected: boolean): void {
    this.#connected = connected;
    this.stop();
    this.#wait();
  }

  /** No origin is there: from now on one is waited for. */
  missing(): void {
    this.#missing = true;
    this.#wait();
  }

  /** No origin is there: `stream`, which has no destination, keeps the events. */
  open(stream: EventStream): EventStream {
    this.#stream = stream;
    const code = "no-origin";
    this.#dependencies.logger.log("warn", code, "no origin is available: events wait for one", {
      code,
    });
    this.missing();
    return stream;
  }

  /** An origin is there. Returns the stream whose events it gets. */
  end(): EventStream | undefined {
    this.stop();
    const stream = this.#stream;
    this.#stream = undefined;
    this.#missing = false;
    this.#expired = false;
    return stream;
  }

  /** Logs, at most once per `limits.hintMs`, why plain subscribers get nothing. */
  hint(): void {
    const { clock, logger } = this.#dependencies;
    if (clock.ticks() - this.#hintedAt < limits.hintMs) return;
    this.#hintedAt = clock.ticks();
    const code = "no-origin";
    const message =
      "handshakes are refused: the node is in assigned mode, because an origin announced " +
      "itself earlier, and no origin is available; plain subscribers get nothing. Start an " +
      "origin, or restart the gateway with --origin-mode open";
    logger.log("warn", "no-origin-hint", message, { code });
  }

  /**
   * Called once a second: a connection may come after the wait whose handshake was accepted before
   * its end.
   */
  tick(): void {
    if (this.#expired && this.#connected) this.#closeWaiting();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(): void {
    const isOver = !this.#missing || this.#expired || this.#cancel !== undefined;
    if (isOver || !this.#connected) return;
    const { clock, logger } = this.#dependencies;
    this.#cancel = clock.after(this.#waitMs, () => {
      this.#cancel = undefined;
      this.#expired = true;
      const code = "no-origin";
      const message = `no origin came within ${this.#waitMs} ms`;
      const then = "waiting connections are closed, and handshakes are refused";
      logger.log("error", code, `${message}: ${then}`, { code });
      this.#closeWaiting();
    });
  }

  #closeWaiting(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    for (const connection of this.#dependencies.registry.all()) {
      if (connection.stream === stream) connection.close(closeReasons.noOrigin);
    }
  }
}
