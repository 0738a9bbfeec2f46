import type { OriginLife } from "./origin-log.ts";
import type { Talker } from "./talker.ts";

/** What the logs of clients and origins prove. */
export interface Verdict {
  readonly sent: number;
  /** Messages that some origin handled. */
  readonly handled: number;
  /** Of clients whose connection survived: messages no origin handled. Of others: gaps. */
  readonly lost: number;
  /** Messages first handled after a later one, or given to one process out of order. */
  readonly reordered: number;
  /** Events that one process of an origin was given more than once. */
  readonly twice: number;
  /** Events that another origin handled too: redelivered, because nobody had confirmed them. */
  readonly redelivered: number;
  /** Connections that were opened or spoke, and that no origin was told the end of. */
  readonly unclosed: number;
  /** Connections whose end more than one process was told of. */
  readonly closedTwice: number;
  /** Connections that ended otherwise than by their clients' own will, by close code. */
  readonly cut: ReadonlyMap<number, number>;
  /** What is wrong, in words, for whoever has to find out why. */
  readonly complaints: readonly string[];
}

/** Clocks of processes may be this far apart: below it nobody can tell what was first. */
const clockSkewMs = 2;

const messagePattern = /^(\S+) (\d+)/;

/** What one connection's events were, by the process that handled them. */
interface History {
  label: string | undefined;
  /** When each message was handled first, by its number. */
  readonly first: Map<number, { at: number; life: OriginLife }>;
  readonly closes: OriginLife[];
  redelivered: number;
}

class Judge {
  reordered = 0;
  twice = 0;
  readonly complaints: string[] = [];
  readonly histories: Map<string, History> = new Map();

  complain(text: string): void {
    if (this.complaints.length < 20) this.complaints.push(text);
  }

  /** One process: strictly in order, nothing twice, nothing after the end. */
  read(life: OriginLife, from: number): void {
    const last = new Map<string, number>();
    const told = new Set<string>();
    for (const { at, type, id, number, rest } of life.read().slice(from)) {
      const history = this.#history(id);
      if (type === "close") {
        history.closes.push(life);
        this.#once(told, `close ${id}`, life);
      } else if (type === "open") {
        this.#once(told, `open ${id}`, life);
      } else {
        const [, label, text] = messagePattern.exec(rest) ?? [];
        const index = Number(text);
        history.label ??= label;
        this.#once(told, `${id} ${index}`, life);
        if (told.has(`close ${id}`)) this.#disorder(`${rest} after close at ${life.name}`);
        if (number !== index + 1) this.#disorder(`seq ${number} is ${rest} at ${life.name}`);
        const before = last.get(id);
        if (before !== undefined && index !== before + 1 && index > before) {
          // Another origin had what is between, or it is missing altogether, which is told below.
        } else if (before !== undefined && index < before) {
          this.#disorder(`${index} after ${before} of ${label} at ${life.name}`);
        }
        last.set(id, index);
        const known = history.first.get(index);
        if (known !== undefined) history.redelivered++;
        if (known === undefined || at < known.at) history.first.set(index, { at, life });
      }
    }
  }

  /** All processes together: who was first, by the clock. */
  order(history: History): void {
    let latest = { at: 0, life: undefined as OriginLife | undefined };
    const numbers = [...history.first.keys()].sort((a, b) => a - b);
    for (const number of numbers) {
      const { at, life } = history.first.get(number)!;
      if (life !== latest.life && at < latest.at - clockSkewMs) {
        this.#disorder(`${number} of ${history.label} came ${latest.at - at} ms early`);
      }
      if (at >= latest.at) latest = { at, life };
    }
  }

  /** How many of a client's messages nobody handled: all it sent, or up to the last handled. */
  missing(talker: Talker, history: History | undefined): number {
    const numbers = history === undefined ? [] : [...history.first.keys()];
    const expected = talker.survived ? talker.sent : Math.max(-1, ...numbers) + 1;
    const missing = expected - numbers.length;
    if (missing !== 0) {
      const gaps = Array.from({ length: expected }, (_, index) => index);
      const first = gaps.find((index) => !numbers.includes(index));
      this.complain(`${talker.label}: ${missing} of ${expected} lost, the first is ${first}`);
    }
    return Math.abs(missing);
  }

  #history(id: string): History {
    let history = this.histories.get(id);
    if (history === undefined) {
      history = { label: undefined, first: new Map(), closes: [], redelivered: 0 };
      this.histories.set(id, history);
    }
    return history;
  }

  #once(told: Set<string>, key: string, life: OriginLife): void {
    if (told.has(key)) {
      this.twice++;
      this.complain(`${key} twice at ${life.name}`);
    }
    told.add(key);
  }

  #disorder(text: string): void {
    this.reordered++;
    this.complain(text);
  }
}

/** Where each process's log stood when a run began. */
export type LogMarks = ReadonlyMap<OriginLife, number>;

/** Judges one run: its clients, and what the origins' logs say since its beginning. */
export function judge(
  talkers: readonly Talker[],
  lives: readonly OriginLife[],
  marks: LogMarks,
): Verdict {
  const judge = new Judge();
  for (const life of lives) judge.read(life, marks.get(life) ?? 0);
  const byLabel = new Map<string, History>();
  let [handled, redelivered, unclosed, closedTwice, lost] = [0, 0, 0, 0, 0];
  for (const [id, history] of judge.histories) {
    judge.order(history);
    if (history.label !== undefined) byLabel.set(history.label, history);
    handled += history.first.size;
    redelivered += history.redelivered;
    if (history.closes.length > 1) closedTwice++;
    if (history.closes.length === 0) {
      unclosed++;
      judge.complain(`${history.label ?? id} has no close`);
    }
  }
  const cut = new Map<number, number>();
  for (const talker of talkers) {
    lost += judge.missing(talker, byLabel.get(talker.label));
    const { closeCode = 0 } = talker;
    if (!talker.survived) cut.set(closeCode, (cut.get(closeCode) ?? 0) + 1);
  }
  const sent = talkers.reduce((sum, talker) => sum + talker.sent, 0);
  const { reordered, twice, complaints } = judge;
  return {
    ...{ sent, handled, lost, reordered, twice, redelivered, unclosed, closedTwice, cut },
    complaints,
  };
}
