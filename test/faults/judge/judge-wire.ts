import type { JudgedLife } from "../evidence/judged.ts";
import type { Offer, WireRecord } from "../evidence/wire-tap.ts";

/** What the traffic between nodes and origins proves, beside the logs. */
export interface WireVerdict {
  /** Messages that were seen when they were published: none means that nobody listened. */
  readonly offered: number;
  /** Those of them that were seen to be confirmed. */
  readonly confirmed: number;
  /** Messages that were published in more than one stream. */
  readonly resent: number;
  /** Messages that a process was given by another stream when it had handled them already. */
  readonly offeredAgain: number;
  /** Messages that were published, and that no process handled. */
  readonly unhandled: number;
  /** Messages that a process confirmed before its handler had finished. */
  readonly confirmedEarly: number;
  readonly complaints: readonly string[];
}

/** Clocks of processes may be this far apart. */
const clockSkewMs = 2;

/** When each process gave a message to its handler. */
type Told = ReadonlyMap<JudgedLife, ReadonlyMap<string, number>>;

function readLogs(lives: readonly JudgedLife[]): Told {
  return new Map(
    lives.map((life) => {
      const at = new Map<string, number>();
      for (const event of life.read()) {
        if (event.type === "message") at.set(`${event.id} ${event.number}`, event.at);
      }
      return [life, at];
    }),
  );
}

/** Judges what was published by what the origins' logs say. */
export function judgeWire(record: WireRecord, lives: readonly JudgedLife[]): WireVerdict {
  const told = readLogs(lives);
  const complaints: string[] = [];
  /** The process that had an origin's name at a time. */
  const lifeAt = (origin: string, at: number): JudgedLife | undefined =>
    lives.findLast(({ name, bornAt }) => name === origin && bornAt <= at);
  const toldAt = (life: JudgedLife | undefined, { message }: Offer): number =>
    (life && told.get(life)?.get(message)) ?? Number.POSITIVE_INFINITY;
  /** By any life: an ack of one that was just killed may be on its way still. */
  const finishedBy = ({ origin, message }: Offer, at: number): boolean =>
    lives.some(({ name, finished }) => {
      const finishedAt = finished.get(message) ?? Number.POSITIVE_INFINITY;
      return name === origin && finishedAt <= at + clockSkewMs;
    });
  const handled = new Set<string>();
  for (const messages of told.values())
    for (const message of messages.keys()) handled.add(message);

  const streamsOf = new Map<string, number>();
  /** Messages that were published to an origin already. */
  const given = new Set<string>();
  let [confirmed, offeredAgain, unhandled, confirmedEarly] = [0, 0, 0, 0];
  for (const offers of record.streams.values()) {
    for (const offer of offers) {
      if (offer === undefined) continue;
      const before = streamsOf.get(offer.message) ?? 0;
      streamsOf.set(offer.message, before + 1);
      const gift = `${offer.origin} ${offer.message}`;
      if (given.has(gift) && toldAt(lifeAt(offer.origin, offer.at), offer) < offer.at) {
        offeredAgain++;
      }
      given.add(gift);
      if (before > 0 || handled.has(offer.message)) continue;
      unhandled++;
      complaints.push(`${offer.message} was published to ${offer.origin} and never handled`);
    }
  }
  const done = new Map<string, number>();
  for (const { at, stream, count } of record.confirmations) {
    const offers = record.streams.get(stream) ?? [];
    const from = done.get(stream) ?? 0;
    for (const offer of offers.slice(from, Math.max(from, count))) {
      if (offer !== undefined) confirmed++;
      if (offer === undefined || finishedBy(offer, at)) continue;
      confirmedEarly++;
      const what = `${offer.message} was confirmed by ${offer.origin}`;
      complaints.push(`${what} before its handler had finished`);
    }
    done.set(stream, Math.max(from, count));
  }
  const resent = Array.from(streamsOf.values()).filter((streams) => streams > 1).length;
  return {
    offered: streamsOf.size,
    confirmed,
    resent,
    offeredAgain,
    unhandled,
    confirmedEarly,
    complaints: complaints.slice(0, 10),
  };
}
