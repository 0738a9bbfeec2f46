import { limits } from "../base/mod.ts";
import { closedByOrigin } from "../connection/mod.ts";
import { Outcome } from "../groups/mod.ts";
import { closeCodeAllowed, closeReasonFits } from "../websocket/mod.ts";
import { type CommandCall, type CommandContext, forEachTarget } from "./command-context.ts";

/** `close`, `state` and `renew`. */
export class ConnectionCommands {
  readonly #context: CommandContext;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  close(call: CommandCall): void {
    const { parts, targets } = this.#context;
    const [, , code, reason] = parts.codec.commands.value();
    const closeCode = typeof code === "number" ? code : 1000;
    const closeReason = typeof reason === "string" ? reason : "";
    const allowed = Number.isInteger(closeCode) && closeCodeAllowed(closeCode);
    if (!allowed || !closeReasonFits(closeReason)) {
      targets.refuse(call.source, "command-malformed", "close with a wrong code or reason");
      forEachTarget(this.#context, call, (_, settle) => settle("command-malformed"));
      return;
    }
    forEachTarget(this.#context, call, (connection, settle) => {
      settle(Outcome.closed);
      connection.close(closedByOrigin(closeCode, closeReason));
    });
  }

  /** What comes with each message from now on; nil takes it away. */
  state(call: CommandCall): void {
    const { parts, targets } = this.#context;
    const [, , value] = parts.codec.commands.value();
    const state = value === null ? undefined : parts.codec.values.encodeValue(value);
    const tooBig = state !== undefined && state.length > limits.stateBytesMax;
    if (tooBig) targets.refuse(call.source, "state-too-big", "a state has 4,096 bytes at most");
    forEachTarget(this.#context, call, ({ slot }, settle) => {
      // False where all states together would take more memory than there is for them.
      const stored = !tooBig && parts.codec.events.setState(slot, state);
      if (!stored && !tooBig) parts.metrics.error("state-too-big");
      settle(stored ? Outcome.stored : "state-too-big");
    });
  }

  /** Moves the end that a token set. */
  renew(call: CommandCall): void {
    const { parts, targets } = this.#context;
    const [, , expires] = parts.codec.commands.value();
    const wrong = typeof expires !== "number" || !(expires >= 0);
    if (wrong) targets.refuse(call.source, "command-malformed", "renew without a time");
    forEachTarget(this.#context, call, (connection, settle) => {
      if (!wrong) parts.expiries.set(connection, expires);
      settle(wrong ? "command-malformed" : Outcome.renewed);
    });
  }
}
