import type { CommandSource } from "../ports/mod.ts";
import { AnswerByCount, AnswerById } from "./answers.ts";
import type { CommandDependencies } from "./command-call.ts";

/** Sends the replies that senders of commands ask for with a `ref`. */
export class CommandReplies {
  readonly #node: string;
  readonly #apps: CommandDependencies["apps"];

  constructor({ node, apps }: Pick<CommandDependencies, "node" | "apps">) {
    this.#node = node;
    this.#apps = apps;
  }

  send({ app, sender, json = false }: CommandSource, ref: unknown, result: unknown): void {
    this.#apps.get(app)?.router.answers.tell(sender, ["reply", ref ?? null, result], json);
  }

  /** A reply that says which node it comes from. */
  sendOfNode(
    source: CommandSource,
    ref: unknown,
    result: Readonly<Record<string, unknown>>,
  ): void {
    this.send(source, ref, { node: this.#node, ...result });
  }

  /** Collects outcomes by id for one reply; undefined where no reply is asked for. */
  byId(source: CommandSource, ref: unknown): AnswerById | undefined {
    if (ref === undefined) return undefined;
    return new AnswerById((result) => this.send(source, ref, result));
  }

  /** Counts outcomes for one reply; undefined where no reply is asked for. */
  byCount(source: CommandSource, ref: unknown): AnswerByCount | undefined {
    if (ref === undefined) return undefined;
    return new AnswerByCount(this.#node, (result) => this.send(source, ref, result));
  }
}
