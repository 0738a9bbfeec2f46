import { limits } from "../base/mod.ts";
import type { EventDependencies, EventStream } from "../events/mod.ts";

/**
 * Tells of origins that live, and whose events the channel cannot publish: of several brokers, the
 * one between the two is away for the node or for the origin. Nobody is given up for that, and
 * events wait, so without a line nobody would learn why.
 */
export class UnreachedOrigins {
  readonly #dependencies: Pick<EventDependencies, "clock" | "logger" | "metrics">;
  readonly #app: string;
  /** When each is told of next, by its stream. */
  readonly #due: WeakMap<EventStream, number> = new WeakMap();

  constructor(dependencies: Pick<EventDependencies, "clock" | "logger" | "metrics">, app: string) {
    this.#dependencies = dependencies;
    this.#app = app;
  }

  /** Called once a second for each origin. `connected`: the channel can publish to some. */
  look(origin: string, stream: EventStream, connected: boolean): void {
    if (!connected || stream.canPublish) {
      this.#due.delete(stream);
      return;
    }
    const { clock, logger, metrics } = this.#dependencies;
    const now = clock.ticks();
    const due = this.#due.get(stream);
    if (due !== undefined && now < due) return;
    this.#due.set(stream, now + limits.unreachedLineMs);
    if (due === undefined) return;
    const code = "origin-unreached";
    metrics.error(code);
    const message =
      "the broker that carries an origin's events is away for the origin or for this node: they " +
      "wait; both need the same list of brokers, and a connection to each";
    logger.log("warn", code, message, { code, origin, app: this.#app });
  }
}
