import type { Handled } from "../cluster/origin-log.ts";
import {
  type JudgedClient,
  type JudgedLife,
  type LogMarks,
  messagePattern,
} from "../evidence/judged.ts";
import { type EchoVerdict, judgeEchoes } from "./judge-echoes.ts";
import { nodeLost, type ToldEnd } from "./judge-endings.ts";
import { judgeNews, type NewsVerdict } from "./judge-news.ts";

/** What the logs of clients and origins prove. */
export interface Verdict extends EchoVerdict, NewsVerdict {
  readonly sent: number;
  /** Of them, those before a ping that was answered: none means that no node answers pings. */
  readonly read: number;
  /** Messages that some origin handled. */
  readonly handled: number;
  /**
   * Messages that no origin handled: of clients whose connection survived all that they sent; of
   * others what their `close` counts, what their node has read, and gaps. A node that died tells
   * no end, and owes nothing behind the last that was handled.
   */
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
  /** Connections whose node seemed to be dead, and that were opened anew. */
  readonly reopened: number;
  /** Connections that ended otherwise than by their clients' own will, by close code. */
  readonly cut: ReadonlyMap<number, number>;
  /** What origins were told of the ends. */
  readonly ends: readonly ToldEnd[];
  /** What is wrong, in words, for whoever has to find out why. */
  readonly complaints: readonly string[];
}

/** Clocks of processes may be this far apart: below it nobody can tell what was first. */
const clockSkewMs = 2;

/** What one connection's events were, by the process that handled them. */
interface History {
  label: string | undefined;
  /** When each message was handled first, by its number. */
  readonly first: Map<number, { at: number; life: JudgedLife }>;
  /** Who was told of its end, and how. */
  readonly closes: { readonly life: JudgedLife; readonly told: string }[];
  /** The highest `seq` of a close: so many events stand before it, `open` among them. */
  endSeq: number | undefined;
  redelivered: number;
}

/** What one process was told of a connection. */
interface Told {
  opened: boolean;
  /** Cause of its close. */
  closed: string | undefined;
  /** Number of its last message. */
  last: number;
}

/** What a client sees of a stream that ends without a close frame. */
const noFrame = 1_006;

const isNodeLost = ({ told }: { told: string }): boolean => told === nodeLost;

class Judge {
  readonly complaints: string[] = [];
  reordered = 0;
  twice = 0;
  reopened = 0;
  readonly histories: Map<string, History> = new Map();

  complain(text: string): void {
    if (this.complaints.length < 20) this.complaints.push(text);
  }

  /** One process: strictly in order, nothing twice, nothing after the end. */
  read(life: JudgedLife, from: number, earlier: ReadonlySet<string>): void {
    const told = new Map<string, Told>();
    for (const event of life.read().slice(from)) {
      const { id, type } = event;
      // An origin that was presumed dead may go on with the clients of an earlier run.
      if (earlier.has(id)) continue;
      const known = told.get(id) ?? { opened: false, closed: undefined, last: -1 };
      told.set(id, known);
      const history = this.#history(id);
      if (type === "open") this.#open(known, history, life, id);
      else if (type === "assigned") this.#reopen(known, history, life);
      else if (type === "close") this.#close(known, history, life, event);
      else this.#message(known, history, life, event);
    }
  }

  #open(known: Told, history: History, life: JudgedLife, id: string): void {
    if (!this.#reopen(known, history, life) && known.opened) this.#again(`open ${id}`, life);
    known.opened = true;
  }

  /**
   * A node that only seemed to be dead has its connections opened anew, or assigned again if it
   * had given them to others in between. True if that is what the event tells.
   */
  #reopen(known: Told, history: History, life: JudgedLife): boolean {
    if (known.closed !== "node-lost") return false;
    this.reopened++;
    history.closes.splice(
      history.closes.findLastIndex((close) => close.life === life),
      1,
    );
    known.closed = undefined;
    return true;
  }

  #close(known: Told, history: History, life: JudgedLife, event: Handled): void {
    const { id, number, rest } = event;
    if (known.closed !== undefined) this.#again(`close ${id}`, life);
    known.closed = rest;
    if (event.seq !== undefined) history.endSeq = Math.max(history.endSeq ?? 0, event.seq);
    history.closes.push({ life, told: `${number} ${rest}` });
  }

  #message(known: Told, history: History, life: JudgedLife, event: Handled): void {
    const { at, number, rest, id } = event;
    const [, label, text] = messagePattern.exec(rest) ?? [];
    const index = Number(text);
    history.label ??= label;
    if (known.closed !== undefined)
      this.#disorder(`${label} ${index} after close at ${life.name}`);
    if (number !== index + 1) this.#disorder(`seq ${number} is ${label} ${index} at ${life.name}`);
    if (index < known.last)
      this.#disorder(`${index} after ${known.last} of ${label} at ${life.name}`);
    if (index === known.last) this.#again(`${id} ${index}`, life);
    known.last = Math.max(known.last, index);
    const first = history.first.get(index);
    if (first !== undefined) history.redelivered++;
    if (first === undefined || at < first.at) history.first.set(index, { at, life });
  }

  /** All processes together: who was first, by the clock. */
  order(history: History): void {
    let latest = { at: 0, life: undefined as JudgedLife | undefined };
    const numbers = [...history.first.keys()].sort((a, b) => a - b);
    for (const number of numbers) {
      const { at, life } = history.first.get(number)!;
      if (life !== latest.life && at < latest.at - clockSkewMs) {
        this.#disorder(`${number} of ${history.label} came ${latest.at - at} ms early`);
      }
      if (at >= latest.at) latest = { at, life };
    }
  }

  /** How many of a connection's messages nobody handled, or were handled and never sent. */
  missing(what: string, history: History | undefined, client: JudgedClient | undefined): number {
    const numbers = history === undefined ? [] : [...history.first.keys()];
    let expected = Math.max(-1, ...numbers) + 1;
    if (history?.endSeq !== undefined) expected = Math.max(expected, history.endSeq - 1);
    if (client !== undefined) {
      // Of whom nothing was handled, no history tells the cause.
      const { survived, sent, read, closeCode = noFrame } = client;
      const nodeDied = history?.closes.every(isNodeLost) ?? closeCode === noFrame;
      if (survived) expected = sent;
      else if (!nodeDied) expected = Math.max(expected, read);
    }
    const beyond = history?.endSeq !== undefined && history.endSeq - 1 !== expected;
    if (beyond) this.complain(`${what}: close counts ${history.endSeq! - 1} of ${expected}`);
    const missing = expected - numbers.length;
    if (missing !== 0) {
      const known = new Set(numbers);
      const gaps = Array.from({ length: expected }, (_, index) => index);
      const first = gaps.find((index) => !known.has(index));
      this.complain(`${what}: ${missing} of ${expected} lost, the first is ${first}`);
    }
    return Math.abs(missing) || Number(beyond);
  }

  #history(id: string): History {
    let history = this.histories.get(id);
    if (history === undefined) {
      history = {
        label: undefined,
        first: new Map(),
        closes: [],
        endSeq: undefined,
        redelivered: 0,
      };
      this.histories.set(id, history);
    }
    return history;
  }

  #again(what: string, life: JudgedLife): void {
    this.twice++;
    this.complain(`${what} twice at ${life.name}`);
  }

  #disorder(text: string): void {
    this.reordered++;
    this.complain(text);
  }
}

/** Judges one run: its clients, and what the origins' logs say since its beginning. */
export function judge(
  talkers: readonly JudgedClient[],
  lives: readonly JudgedLife[],
  marks: LogMarks,
): Verdict {
  const judge = new Judge();
  const earlier = new Set<string>();
  for (const life of lives) {
    for (const { id } of life.read().slice(0, marks.get(life) ?? 0)) earlier.add(id);
  }
  for (const life of lives) judge.read(life, marks.get(life) ?? 0, earlier);
  const byLabel = new Map<string, History>();
  const clients = new Map(talkers.map((talker) => [talker.label, talker]));
  let [handled, redelivered, unclosed, closedTwice, lost] = [0, 0, 0, 0, 0];
  for (const [id, history] of judge.histories) {
    judge.order(history);
    if (history.label !== undefined) byLabel.set(history.label, history);
    const { label = "" } = history;
    lost += judge.missing(label || id, history, clients.get(label));
    handled += history.first.size;
    redelivered += history.redelivered;
    if (history.closes.length > 1) closedTwice++;
    if (history.closes.length === 0) {
      unclosed++;
      judge.complain(`${history.label ?? id} has no close`);
    }
  }
  const ends = Array.from(judge.histories, ([id, { label, closes }]): ToldEnd => {
    return { id, label, told: closes.map(({ told }) => told) };
  });
  const cut = new Map<number, number>();
  for (const talker of talkers) {
    const { label } = talker;
    if (!byLabel.has(label)) lost += judge.missing(label, undefined, talker);
    const { closeCode = 0 } = talker;
    if (!talker.survived) cut.set(closeCode, (cut.get(closeCode) ?? 0) + 1);
  }
  const sent = talkers.reduce((sum, talker) => sum + talker.sent, 0);
  const read = talkers.reduce((sum, talker) => sum + talker.read, 0);
  const { reordered, twice, reopened, complaints } = judge;
  return {
    ...judgeEchoes(talkers, lives, { marks, complain: (text) => judge.complain(text) }),
    ...judgeNews(talkers, lives, (text) => judge.complain(text)),
    sent,
    read,
    handled,
    lost,
    reordered,
    twice,
    redelivered,
    unclosed,
    closedTwice,
    reopened,
    cut,
    ends,
    complaints,
  };
}
