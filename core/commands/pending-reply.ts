import { type ErrorCode, limits } from "../base/mod.ts";
import type { Outcome } from "../groups/mod.ts";

/** Collects the outcomes of one command and, when all are known, sends the reply. */
export interface PendingReply {
  expect(): void;
  settle(id: string, outcome: Outcome): void;
  /** The command is carried out: no further outcome will be announced. */
  end(): void;
}

export type SendReply = (result: Readonly<Record<string, unknown>>) => void;

abstract class CountedReply implements PendingReply {
  #expected = 0;
  #ended = false;

  expect(): void {
    this.#expected++;
  }

  settle(id: string, outcome: Outcome): void {
    this.note(id, outcome);
    this.#expected--;
    this.#sendIfDone();
  }

  end(): void {
    this.#ended = true;
    this.#sendIfDone();
  }

  #sendIfDone(): void {
    if (this.#ended && this.#expected === 0) this.send();
  }

  protected abstract note(id: string, outcome: Outcome): void;
  protected abstract send(): void;
}

/** `{id: outcome}`, at most `limits.replyIdsMax` in a reply; no reply if no id is here. */
export class ReplyById extends CountedReply {
  readonly #reply: SendReply;
  readonly #outcomes: Map<string, Outcome> = new Map();

  constructor(reply: SendReply) {
    super();
    this.#reply = reply;
  }

  protected note(id: string, outcome: Outcome): void {
    // It is no id, and decoders in JavaScript refuse a whole batch that has it as a key.
    if (id !== "__proto__") this.#outcomes.set(id, outcome);
  }

  protected send(): void {
    const entries = [...this.#outcomes];
    for (let from = 0; from < entries.length; from += limits.replyIdsMax) {
      this.#reply(Object.fromEntries(entries.slice(from, from + limits.replyIdsMax)));
    }
  }
}

/** `{node, sent, slow, gone, expired}`: how many members each outcome had. */
export class ReplyByCount extends CountedReply {
  readonly #reply: SendReply;
  readonly #counts: Record<string, unknown>;

  constructor(node: string, reply: SendReply) {
    super();
    this.#reply = reply;
    this.#counts = { node, sent: 0, slow: 0, gone: 0, expired: 0 };
  }

  /** Replies with an error in place of counts. */
  refuse(error: ErrorCode): void {
    this.#reply({ node: this.#counts.node, error });
  }

  protected note(_id: string, outcome: Outcome): void {
    this.#counts[outcome] = (this.#counts[outcome] as number) + 1;
  }

  protected send(): void {
    this.#reply(this.#counts);
  }
}
