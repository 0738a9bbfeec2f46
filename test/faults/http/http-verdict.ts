import type { HttpFaultClient } from "./http-client.ts";
import type { HttpOriginPlace } from "./http-origin.ts";

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
  /**
   * Echoes whose answer a killed bridge had, and that the node did not get any more: the last ones
   * that it was given of a client. That is not promised to be otherwise.
   */
  readonly echoesGone: number;
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

function missing(seen: ReadonlySet<number>, end: number): number[] {
  return Array.from({ length: end }, (_, number) => number).filter((number) => !seen.has(number));
}

/** Judges by what clients said and received, and by the lines of the origin. */
export function judgeHttp(
  clients: readonly Pick<HttpFaultClient, "label" | "said" | "echoes" | "open">[],
  { messages, closes }: Pick<HttpOriginPlace, "messages" | "closes">,
  killed?: string,
): HttpVerdict {
  const handledBy = new Map<string, (readonly [number: number, from: string])[]>();
  for (const { label } of clients) handledBy.set(label, []);
  for (const text of messages) {
    const [label = "", number, from = ""] = text.split(" ");
    handledBy.get(label)?.push([Number(number), from]);
  }
  let [sent, handled, lost, reordered, echoesLost, echoesReordered, echoesGone] = Array(7).fill(0);
  for (const { label, said, echoes: received, open } of clients) {
    const told = handledBy.get(label) ?? [];
    const events = inOrder(told.map(([number]) => number));
    const echoes = inOrder(received);
    sent += said;
    handled += events.seen.size;
    reordered += events.reordered;
    echoesReordered += echoes.reordered;
    lost += missing(events.seen, open ? said : Math.max(-1, ...events.seen) + 1).length;
    const others = new Set(told.filter(([, from]) => from !== killed).map(([number]) => number));
    const given = told.map(([number]) => number).filter((number) => !others.has(number));
    const handedOver = Math.max(-1, ...given.filter((number) => echoes.seen.has(number)));
    const isGone = (number: number): boolean => number > handedOver && given.includes(number);
    // Of a client that was cut, what came last may have been on its way.
    const owed = missing(echoes.seen, open ? said : Math.max(-1, ...echoes.seen) + 1);
    const gone = owed.filter(isGone).length;
    echoesGone += gone;
    echoesLost += owed.length - gone;
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
    echoesGone,
    cut,
    untold: Math.max(0, cut - told.size),
  };
}
