import { Outcome } from "../groups/mod.ts";
import { type AuthorizeReply, readAccept, readReject } from "../handshake/mod.ts";
import { type CommandSource, Target } from "../ports/mod.ts";
import type { CommandApp, CommandCall, CommandContext } from "./command-context.ts";

/** `accept` and `reject`: an origin's answers to `connect`. */
export class HandshakeCommands {
  readonly #context: CommandContext;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  accept(call: CommandCall): void {
    const { codec } = this.#context.parts;
    const [, , value] = codec.commands.value();
    // Its own map is the place of a `ref`; one of options behind it counts too.
    const ref = (value as { ref?: unknown } | null | undefined)?.ref ?? call.options.ref;
    this.#decide(call, ref, Outcome.accepted, (offered) =>
      readAccept(value, offered, codec.values),
    );
  }

  reject(call: CommandCall): void {
    const [, , status, body] = this.#context.parts.codec.commands.value();
    const { ref, all } = call.options;
    this.#decide(call, ref, Outcome.rejected, () => readReject(status, body, all));
  }

  /** An `accept` or `reject` whose shape is wrong: where its id can be read, it is a decision. */
  malformed(app: CommandApp, source: CommandSource): void {
    const { parts, reply } = this.#context;
    const [, id] = parts.codec.commands.value();
    if (typeof id !== "string" || parts.handshakes.offered(app, id) === undefined) return;
    reply(source, null, { [id]: "handshake-grant" });
    parts.handshakes.settle(id, "handshake-grant");
  }

  #decide(
    { app, source }: CommandCall,
    ref: unknown,
    outcome: Outcome,
    decide: (offered: readonly string[]) => AuthorizeReply,
  ): void {
    const { parts, targets, reply } = this.#context;
    const { codec, handshakes } = parts;
    const id = codec.commands.targetId(0);
    const target = codec.commands.target(0);
    if (target === Target.foreign) {
      targets.foreign(source, 0);
      return;
    }
    if (target === Target.malformed) {
      targets.refuse(source, "id-malformed", `not an id: ${id}`);
      reply(source, ref, { [id]: "id-malformed" });
      return;
    }
    const offered = handshakes.offered(app, id);
    const decision = offered === undefined ? "handshake-gone" : decide(offered);
    if (typeof decision === "string") {
      targets.refuse(source, decision, `no answer to a handshake: ${id}`);
      reply(source, ref, { [id]: decision });
    } else if (ref !== undefined) {
      reply(source, ref, { [id]: outcome });
    }
    // One of another app waits on: to this origin it is none.
    if (offered !== undefined) handshakes.settle(id, decision);
  }
}
