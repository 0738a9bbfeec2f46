import type { AdminSource, Totals } from "./admin-source.ts";
import { nodeViews } from "./merge.ts";

/** The counters whose sums and rates the overview shows, by the key that they have there. */
export const overviewCounters: Readonly<Record<string, string>> = {
  opened: "wss_connections_opened_total",
  closed: "wss_connections_closed_total",
  messagesIn: "wss_messages_received_total",
  bytesIn: "wss_message_bytes_received_total",
  messagesOut: "wss_messages_sent_total",
  bytesOut: "wss_message_bytes_sent_total",
  commands: "wss_commands_total",
  errors: "wss_errors_total",
};

/** Shorter times say little about a rate. */
const rateMsMin = 1_000;

/** Puts the overview together. It keeps the last two readings of the counters, for the rates. */
export class Overview {
  readonly #source: AdminSource;
  readonly #now: () => number;
  #before: { readonly at: number; readonly totals: Totals } | undefined;
  #last: { readonly at: number; readonly totals: Totals } | undefined;

  constructor(source: AdminSource, now: () => number) {
    this.#source = source;
    this.#now = now;
  }

  async read(): Promise<Readonly<Record<string, unknown>>> {
    const { identity } = this.#source;
    const totals = await this.#source.totals();
    const nodes = await nodeViews(this.#source.members());
    const reasons = await this.#source.ready();
    const at = this.#now();
    if (this.#last === undefined || at - this.#last.at >= rateMsMin) {
      this.#before = this.#last;
      this.#last = { at, totals };
    }
    return {
      ...identity,
      at,
      ready: reasons.length === 0,
      reasons,
      connections: nodes.reduce((sum, { connections }) => sum + connections, 0),
      totals,
      ...this.#rates({ at, totals }),
      nodes,
    };
  }

  /** Per second, since the reading before; none at the first one. */
  #rates(now: { readonly at: number; readonly totals: Totals }): Record<string, unknown> {
    const from = this.#before;
    const ms = from === undefined ? 0 : now.at - from.at;
    if (from === undefined || ms < rateMsMin) return {};
    const rates = Object.entries(now.totals).map(([name, total]) => {
      const more = Math.max(0, total - (from.totals[name] ?? 0));
      return [name, (more * 1_000) / ms];
    });
    return { rates: Object.fromEntries(rates), ratesOverMs: ms };
  }
}
