import type { HttpFaultClient } from "./http-client.ts";

/** What became of the events and of the commands in the answers. */
export interface HttpVerdict {
  readonly sent: number;
  /** Messages that the origin handled, each counted once. */
  readonly handled: number;
  /** Messages of clients that stayed and were not handled; of others, before a later one. */
  readonly lost: number;
  /** Messages that it handled for the first time behind a later one. */
  readonly reordered: number;
  /** Messages that it handled again. */
  readonly twice: number;
  /** The same of echoes. One of a message that was handled twice may come twice. */
  readonly echoesLost: number;
  readonly echoesReordered: number;
  /** Clients whose connection was closed. */
  readonly cut: number;
  /** Closed connections whose end the origin was not told. */
  readonly untold: number;
}

/** First occurrences, and how many of them stand behind a later one. */
function inOrder(numbers: readonly number[]): { seen: Set<number>; reordered: number } {
  const seen = new Set<number>();
  let [last, reordered] = [-1, 0];
  for (const number of numbers) {
    if (seen.has(number)) continue;
    if (number < last) reordered++;
    seen.add(number);
    last = Math.max(last, number);
  }
  return { seen, reordered };
}

function missing(seen: ReadonlySet<number>, end: number): number {
  let count = 0;
  for (let number = 0; number < end; number++) if (!seen.has(number)) count++;
  return count;
}

/** Judges by what clients said and received, and by the lines of the origin. */
export function judgeHttp(
  clients: readonly HttpFaultClient[],
  messages: readonly string[],
  closes: readonly string[],
): HttpVerdict {
  const byLabel = new Map<string, number[]>(clients.map(({ label }) => [label, []]));
  for (const text of messages) {
    const [label = "", number] = text.split(" ");
    byLabel.get(label)?.push(Number(number));
  }
  let [sent, handled, lost, reordered, echoesLost, echoesReordered] = [0, 0, 0, 0, 0, 0];
  for (const client of clients) {
    const events = inOrder(byLabel.get(client.label) ?? []);
    const echoes = inOrder(client.echoes);
    sent += client.said;
    handled += events.seen.size;
    reordered += events.reordered;
    echoesReordered += echoes.reordered;
    lost += missing(events.seen, client.open ? client.said : Math.max(-1, ...events.seen) + 1);
    // Of a client that was cut, what came last may have been on its way.
    echoesLost += missing(
      echoes.seen,
      client.open ? client.said : Math.max(-1, ...echoes.seen) + 1,
    );
  }
  const cut = clients.filter(({ open }) => !open).length;
  const told = new Set(closes.map((close) => close.split(" ", 1)[0]));
  return {
    sent,
    handled,
    lost,
    reordered,
    twice: messages.length - handled,
    echoesLost,
    echoesReordered,
    cut,
    untold: Math.max(0, cut - told.size),
  };
}
