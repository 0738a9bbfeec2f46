import type { Clock } from "../../core/ports/mod.ts";
import { httpOriginLimits } from "./requests/mod.ts";

/**
 * Gathers the ids of an interval's `alive` items, and sends them in as few requests as possible.
 * While a request is under way further ids wait, each once however many intervals pass.
 */
export class KeepAlives {
  readonly #clock: Clock;
  readonly #send: (ids: readonly string[]) => Promise<unknown>;
  readonly #ids: Set<string> = new Set();
  #busy = false;

  constructor(clock: Clock, send: (ids: readonly string[]) => Promise<unknown>) {
    this.#clock = clock;
    this.#send = send;
  }

  add(ids: Iterable<string>): void {
    for (const id of ids) this.#ids.add(id);
    if (this.#busy || this.#ids.size === 0) return;
    this.#busy = true;
    this.#clock.after(httpOriginLimits.keepAliveGatherMs, () => void this.#sendAll());
  }

  /** The connection is gone. */
  delete(id: string): void {
    this.#ids.delete(id);
  }

  async #sendAll(): Promise<void> {
    while (this.#ids.size > 0) {
      const batch: string[] = [];
      for (const id of this.#ids) {
        if (batch.length === httpOriginLimits.keepAliveIdsMax) break;
        batch.push(id);
        this.#ids.delete(id);
      }
      await this.#send(batch);
    }
    this.#busy = false;
  }
}
