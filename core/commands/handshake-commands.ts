import { Outcome } from "../groups/mod.ts";
import { type AuthorizeReply, readAccept, readReject } from "../handshake/mod.ts";
import { type CommandSource, NoSlot } from "../ports/mod.ts";
import type { CommandApp, CommandCall, CommandDependencies } from "./command-call.ts";
import type { CommandReplies } from "./command-replies.ts";
import type { CommandTargets } from "./command-targets.ts";

/** `accept` and `reject`: an origin's answers to `connect`. */
export class HandshakeCommands {
  readonly #dependencies: Pick<CommandDependencies, "commands" | "values" | "handshakes">;
  readonly #targets: CommandTargets;
  readonly #replies: CommandReplies;

  constructor(
    dependencies: Pick<CommandDependencies, "commands" | "values" | "handshakes">,
    targets: CommandTargets,
    replies: CommandReplies,
  ) {
    this.#dependencies = dependencies;
    this.#targets = targets;
    this.#replies = replies;
  }

  accept(call: CommandCall): void {
    const { commands, values } = this.#dependencies;
    const [, , value] = commands.value();
    // `ref` belongs into the grant. One in an options map after the grant counts as well.
    const ref = (value as { ref?: unknown } | null | undefined)?.ref ?? call.options.ref;
    this.#decide(call, ref, Outcome.accepted, (offered) => readAccept(value, offered, values));
  }

  reject(call: CommandCall): void {
    const [, , status, body] = this.#dependencies.commands.value();
    const { ref, all } = call.options;
    this.#decide(call, ref, Outcome.rejected, () => readReject(status, body, all));
  }

  /** A malformed `accept` or `reject`. If its id can be read, that client gets 500. */
  malformed(app: CommandApp, source: CommandSource): void {
    const { commands, handshakes } = this.#dependencies;
    const [, id] = commands.value();
    if (typeof id !== "string" || handshakes.offered(app, id) === undefined) return;
    this.#replies.send(source, null, { [id]: "handshake-grant" });
    handshakes.settle(id, "handshake-grant");
  }

  #decide(
    { app, source }: CommandCall,
    ref: unknown,
    outcome: Outcome,
    decide: (offered: readonly string[]) => AuthorizeReply,
  ): void {
    const { commands, handshakes } = this.#dependencies;
    const targets = this.#targets;
    const id = commands.targetId(0);
    const target = commands.target(0);
    if (target === NoSlot.foreign) {
      targets.foreign(source, 0);
      return;
    }
    if (target === NoSlot.malformed) {
      targets.refuse(source, "id-malformed", `not a connection id: ${id}`);
      this.#replies.send(source, ref, { [id]: "id-malformed" });
      return;
    }
    const offered = handshakes.offered(app, id);
    const answer = offered === undefined ? "handshake-gone" : decide(offered);
    if (typeof answer === "string") {
      targets.refuse(source, answer, `the answer to the handshake of ${id} is not valid`);
      this.#replies.send(source, ref, { [id]: answer });
    } else if (ref !== undefined) {
      this.#replies.send(source, ref, { [id]: outcome });
    }
    // A handshake of another app waits on: `offered` does not find it, as it is not this app's.
    if (offered !== undefined) handshakes.settle(id, answer);
  }
}
