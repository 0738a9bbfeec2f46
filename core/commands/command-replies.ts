import type { CommandSource } from "../ports/mod.ts";
import type { CommandDependencies } from "./command-call.ts";
import { ReplyByCount, ReplyById } from "./pending-reply.ts";

/** Sends the replies that senders of commands ask for with a `ref`. */
export class CommandReplies {
  readonly #node: string;
  readonly #apps: CommandDependencies["apps"];

  constructor(node: string, apps: CommandDependencies["apps"]) {
    this.#node = node;
    this.#apps = apps;
  }

  send(source: CommandSource, ref: unknown, result: unknown): void {
    const { answer, app, sender, json = false, direct = false } = source;
    if (answer !== undefined) {
      answer(result);
      return;
    }
    const router = this.#apps.get(app)?.router;
    const item = ["reply", ref ?? null, result];
    if (direct) router?.directReplies.send(sender, item, json);
    else router?.replies.send(sender, item, json);
  }

  /** A reply that says which node it comes from. */
  sendOfNode(
    source: CommandSource,
    ref: unknown,
    result: Readonly<Record<string, unknown>>,
  ): void {
    this.send(source, ref, { node: this.#node, ...result });
  }

  /** Collects outcomes by id for one reply; undefined if no reply is asked for. */
  byId(source: CommandSource, ref: unknown): ReplyById | undefined {
    if (ref === undefined) return undefined;
    return new ReplyById((result) => this.send(source, ref, result));
  }

  /** Counts outcomes for one reply; undefined if no reply is asked for. */
  byCount(source: CommandSource, ref: unknown): ReplyByCount | undefined {
    if (ref === undefined) return undefined;
    return new ReplyByCount(this.#node, (result) => this.send(source, ref, result));
  }
}
