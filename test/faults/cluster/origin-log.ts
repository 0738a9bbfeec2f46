import { builtProgram, bunProgram, Program } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";
import { now } from "./now.ts";

/** One event that was given to a handler of an origin. */
export interface Handled {
  /** Milliseconds since the epoch, with fractions. */
  readonly at: number;
  readonly type: "open" | "assigned" | "message" | "close";
  readonly id: string;
  /** `seq` of a message, code of a close. */
  readonly number: number;
  /** Data of a message, cause of a close. */
  readonly rest: string;
  /** Of a close that a node told: its number among the events of the connection. */
  readonly seq?: number;
}

const linePattern = /^(-?[\d.]+) (open|assigned|message|close) (\S+) (\d+) ?(.*)$/;

/** Of a close, behind its code. */
const endPattern = /^(\S+) (\d+)$/;

/** An event from a line of an origin; undefined where it tells of something else. */
export function readHandled(line: string): Handled | undefined {
  const match = linePattern.exec(line);
  if (match === null) return undefined;
  const [, at, type, id = "", number, said = ""] = match;
  const words = { at: Number(at), type: type as Handled["type"], id, number: Number(number) };
  if (type !== "close") return { ...words, rest: said };
  const [, cause, seq] = endPattern.exec(said) ?? [];
  if (cause === undefined) return { ...words, rest: said.replace(/ -$/, "") };
  return { ...words, rest: cause, seq: Number(seq) };
}

const donePattern = /^([\d.]+) done (\S+ \d+)$/;

const newsPattern = /^([\d.]+) news - (\d+)$/;

const changePattern = /^[\d.]+ (held|free) /;

const otherPattern = /^(\{|[\d.]+ (started|error) )/;

export interface LifeOptions {
  readonly life: number;
  readonly handlerMs: number;
  /** Nodes ask it about each handshake. */
  readonly authorises: boolean;
}

/** One process of an origin, from its start to its end, and what its handlers were given. */
export class OriginLife {
  readonly name: string;
  /** Begins each of its echoes. */
  readonly tag: string;
  readonly bornAt: number = now();
  readonly program: Program;
  readonly handled: Handled[] = [];
  readonly finished: Map<string, number> = new Map();
  readonly news: number[] = [];
  /** What it wrote beside events, errors that it was told of, and the library's own log. */
  readonly errors: string[] = [];
  /** By `kill -9`: what it had not published by then is gone. */
  killed = false;
  #read = 0;
  #changes = 0;

  constructor(name: string, broker: string, options: LifeOptions) {
    this.name = name;
    this.tag = `${name}.${options.life}`;
    const args = [broker, name, String(options.handlerMs), this.tag];
    if (options.authorises) args.push("authorises");
    const script = builtProgram("origin", "test/faults/cluster/origin-process.ts");
    this.program = new Program(bunProgram, [script, ...args]);
  }

  /** Resolves when it has announced itself. */
  async started(): Promise<void> {
    await this.program.line((line) => line.includes(" started ") || undefined, "its start");
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    this.killed = true;
    this.program.kill("SIGKILL");
    await this.program.exited;
  }

  /** Its handlers finish nothing more, or go on where they do not; resolves when they do. */
  async hold(): Promise<void> {
    this.read();
    const before = this.#changes;
    this.program.kill("SIGUSR2");
    const what = `${this.name} to hold its handlers up, or to go on`;
    await waitFor(() => this.read() && this.#changes > before, { what });
  }

  /** Takes in what it has written since the last time. */
  read(): readonly Handled[] {
    const { lines } = this.program;
    for (; this.#read < lines.length; this.#read++) {
      const line = lines[this.#read]!;
      const handled = readHandled(line);
      if (handled === undefined) {
        this.#other(line);
        continue;
      }
      this.handled.push(handled);
    }
    return this.handled;
  }

  /** A line that is no event of a connection. */
  #other(line: string): void {
    const [, finishedAt, message] = donePattern.exec(line) ?? [];
    const [, publishedAt, index] = newsPattern.exec(line) ?? [];
    if (message !== undefined) this.finished.set(message, Number(finishedAt));
    else if (index !== undefined) this.news[Number(index)] = Number(publishedAt);
    else if (changePattern.test(line)) this.#changes++;
    else if (!otherPattern.test(line)) this.errors.push(line);
  }
}
