import type { Handled } from "../cluster/origin-log.ts";
import {
  type JudgedClient,
  type JudgedLife,
  type LogMarks,
  messagePattern,
} from "../evidence/judged.ts";

/** What became of the commands: each message that an origin handles it sends back. */
export interface EchoVerdict {
  /** Echoes that clients received. */
  readonly echoed: number;
  /**
   * Of connections that survived and origins that were not killed: echoes that never came. Of
   * others: those that are missing before one that came.
   */
  readonly echoesLost: number;
  /** Echoes that came behind a later one of the same process. */
  readonly echoesReordered: number;
  readonly echoesTwice: number;
  /** Echoes of what was not handled, or of another client's messages. */
  readonly echoesStrange: number;
  /**
   * Echoes that never came of what was handled while the origin took the node for dead: before it
   * was told `node-lost`, or after it was told anew of the connection and before the first that
   * came. Such commands are given up, and that is not promised to be otherwise.
   */
  readonly echoesGivenUp: number;
}

interface Told {
  readonly index: number;
  readonly at: number;
}

/** What one process handled of one client. Each time it was told `node-lost` a part ends. */
type Parts = Told[][];

export interface EchoOptions {
  /** Where each process's log stood when the run began. */
  readonly marks: LogMarks;
  readonly complain: (text: string) => void;
}

/** A node that lives announces itself within that time, or is given up once more. */
const givenUpMsMax = 2_500;

/**
 * Whether a process takes a node for dead: from its `node-lost` until the node's presence is
 * back, which no log tells. It is back soon after the node is alive again.
 */
class LostNodes {
  /** When each was alive again; undefined while it is not. */
  readonly #aliveAt = new Map<string, number | undefined>();

  add({ id, type, rest, at }: Handled): void {
    const node = nodeOf(id);
    if (type === "close" && rest === "node-lost") this.#aliveAt.set(node, undefined);
    else if (this.#aliveAt.has(node)) this.#aliveAt.set(node, this.#aliveAt.get(node) ?? at);
  }

  has({ id, at }: Handled): boolean {
    if (!this.#aliveAt.has(nodeOf(id))) return false;
    const aliveAt = this.#aliveAt.get(nodeOf(id));
    return aliveAt === undefined || at <= aliveAt + givenUpMsMax;
  }
}

const nodeOf = (id: string): string => id.split(".", 1)[0]!;

/** What a process handled, by client. */
function handledBy(life: JudgedLife, from: number): Map<string, Parts> {
  const byId = new Map<string, Parts>();
  const byLabel = new Map<string, Parts>();
  const lost = new LostNodes();
  const events = life.read();
  for (let at = from; at < events.length; at++) {
    const event = events[at]!;
    const { id, type, rest } = event;
    // A connection that is new while its node is taken for dead begins as one that came back.
    const parts = byId.get(id) ?? (lost.has(event) ? [[], []] : [[]]);
    byId.set(id, parts);
    lost.add(event);
    if (type === "close" && rest === "node-lost") parts.push([]);
    if (type !== "message") continue;
    const [, label = "", number] = messagePattern.exec(rest) ?? [];
    byLabel.set(label, parts);
    parts.at(-1)!.push({ index: Number(number), at: event.at });
  }
  return byLabel;
}

/**
 * Whether an echo is promised: all are, where no node was ever taken for dead. Else not the last
 * of a part that ended so, nor the first of the next one, until the node's presence is back.
 */
function isKept({ index, at }: Told, parts: Parts, seen: ReadonlySet<number>): boolean {
  const place = parts.findIndex((part) => part.some((told) => told.index === index));
  const part = parts[place]!;
  const isSeen = (told: Told): boolean => seen.has(told.index);
  const isFirst = index < (part.find(isSeen)?.index ?? Number.POSITIVE_INFINITY);
  const isLast = index > (part.findLast(isSeen)?.index ?? -1);
  if (place < parts.length - 1 && isLast) return false;
  return place === 0 || !isFirst || at > part[0]!.at + givenUpMsMax;
}

class EchoJudge {
  echoed = 0;
  lost = 0;
  reordered = 0;
  twice = 0;
  strange = 0;
  givenUp = 0;
  readonly #complain: (text: string) => void;

  constructor(complain: (text: string) => void) {
    this.#complain = complain;
  }

  /** Of one client by one process: each once, in the order in which they were handled. */
  judge(client: JudgedClient, life: JudgedLife, parts: Parts): void {
    const echoes = client.echoes.get(life.tag) ?? [];
    const handled = new Set(parts.flat().map(({ index }) => index));
    const seen = new Set<number>();
    const what = (index: number): string => `echo ${index} of ${life.tag} to ${client.label}`;
    let last = -1;
    for (const index of echoes) {
      this.echoed++;
      if (!handled.has(index)) {
        this.strange++;
        this.#complain(`${what(index)} was never handled`);
      } else if (seen.has(index)) {
        this.twice++;
        this.#complain(`${what(index)} came twice`);
      } else if (index < last) {
        this.reordered++;
        this.#complain(`${what(index)} came after ${last}`);
      }
      seen.add(index);
      last = Math.max(last, index);
    }
    const owed = client.survived && !life.killed ? client.listenedUntil : 0;
    const missing = parts.flat().filter(({ index, at }) => {
      return !seen.has(index) && (at < owed || index < last);
    });
    const kept = missing.filter((told) => isKept(told, parts, seen));
    this.givenUp += missing.length - kept.length;
    this.lost += kept.length;
    const [first] = kept;
    if (first === undefined) return;
    this.#complain(`${kept.length} echoes never came, the first is ${what(first.index)}`);
  }
}

/** Judges what came back to the clients by what the origins' logs say they handled. */
export function judgeEchoes(
  clients: readonly JudgedClient[],
  lives: readonly JudgedLife[],
  { marks, complain }: EchoOptions,
): EchoVerdict {
  const judge = new EchoJudge(complain);
  const handled = new Map(lives.map((life) => [life, handledBy(life, marks.get(life) ?? 0)]));
  for (const client of clients) {
    judge.strange += client.strange;
    if (client.strange > 0)
      complain(`${client.label} was sent ${client.strange} strange messages`);
    for (const life of lives) {
      judge.judge(client, life, handled.get(life)!.get(client.label) ?? []);
    }
  }
  const { echoed, lost, reordered, twice, strange, givenUp } = judge;
  return {
    echoed,
    echoesLost: lost,
    echoesReordered: reordered,
    echoesTwice: twice,
    echoesStrange: strange,
    echoesGivenUp: givenUp,
  };
}
