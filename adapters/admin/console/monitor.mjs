import { bytes, count } from "./format.mjs";
import { Plot } from "./plot.mjs";

const perSecond = (value) => `${count(value)}/s`;

/** The counters of the overview over time. It goes on while other views are shown. */
export class Monitor {
  overview;
  #before;
  #plots = [
    { plot: new Plot("Connections", ["open"], count), of: ({ now }) => [now.connections] },
    {
      plot: new Plot("Messages", ["from clients", "to clients"], perSecond),
      of: ({ rate }) => [rate("messagesIn"), rate("messagesOut")],
    },
    {
      plot: new Plot("Bytes", ["from clients", "to clients"], (value) => `${bytes(value)}/s`),
      of: ({ rate }) => [rate("bytesIn"), rate("bytesOut")],
    },
    {
      plot: new Plot("Coming and going", ["opened", "closed"], perSecond),
      of: ({ rate }) => [rate("opened"), rate("closed")],
    },
    {
      plot: new Plot("Commands", ["carried out"], perSecond),
      of: ({ rate }) => [rate("commands")],
    },
    { plot: new Plot("Errors", ["counted"], perSecond), of: ({ rate }) => [rate("errors")] },
  ];

  get elements() {
    return this.#plots.map(({ plot }) => plot.element);
  }

  /** Takes an answer of the node. One of another start of it begins anew. */
  take(now) {
    const before = this.#before?.startedAt === now.startedAt ? this.#before : undefined;
    this.overview = now;
    this.#before = now;
    const ms = before === undefined ? 0 : now.at - before.at;
    if (ms <= 0) return;
    const rate = (name) => {
      return (Math.max(0, now.totals[name] - before.totals[name]) * 1000) / ms;
    };
    for (const { plot, of } of this.#plots) {
      plot.push(of({ now, rate }));
      if (!document.hidden) plot.draw();
    }
  }
}
