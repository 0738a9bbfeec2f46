import type { Handled } from "../cluster/origin-log.ts";

/** One process of an origin: what its handlers were given, in order. */
export interface JudgedLife {
  readonly name: string;
  /** Begins its echoes. */
  readonly tag: string;
  /** Milliseconds since the epoch. */
  readonly bornAt: number;
  /** By `kill -9`: what it had not published yet went with it. */
  readonly killed: boolean;
  read(): readonly Handled[];
  /** When it published each of its news, by their numbers. */
  readonly news: readonly number[];
  /** When the handlers of messages had finished, by connection and `seq`. */
  readonly finished: ReadonlyMap<string, number>;
}

/** What a client says of itself in the end. */
export interface JudgedClient {
  /** Begins each of its messages, before the number. */
  readonly label: string;
  /** Name of its node, where it knows it. */
  readonly node: string;
  readonly sent: number;
  /** Of them, how many stood before a ping that was answered: the node has read these. */
  readonly read: number;
  readonly survived: boolean;
  /** It has said goodbye itself, whatever came of it. */
  readonly leaving: boolean;
  readonly closeCode: number | undefined;
  /** Numbers of the messages that came back, by the tag of the process that sent them. */
  readonly echoes: ReadonlyMap<string, readonly number[]>;
  /** It is a member of every group from then on. */
  readonly openedAt: number;
  /** Numbers of what groups were sent, by the tag of the process that published it. */
  readonly news: ReadonlyMap<string, readonly number[]>;
  /** Messages that it should not have been sent. */
  readonly strange: number;
  /** It stayed until then: it must have received what was handled before. */
  readonly listenedUntil: number;
}

/** Where each process's log stood when a run began. */
export type LogMarks = ReadonlyMap<JudgedLife, number>;

/** A client's message: its label and the number. */
export const messagePattern: RegExp = /^(\S+) (\d+)/;
