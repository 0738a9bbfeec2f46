import { CloseCause, closedByOrigin, limits } from "../base/mod.ts";
import { Outcome } from "../groups/mod.ts";
import { closeCodeAllowed, closeReasonFits } from "../websocket/mod.ts";
import type { CommandCall, CommandDependencies } from "./command-call.ts";
import type { CommandTargets } from "./command-targets.ts";

type ConnectionDependencies = Pick<
  CommandDependencies,
  "commands" | "values" | "events" | "metrics" | "guard"
>;

export class ConnectionCommands {
  readonly #dependencies: ConnectionDependencies;
  readonly #targets: CommandTargets;

  constructor(dependencies: ConnectionDependencies, targets: CommandTargets) {
    this.#dependencies = dependencies;
    this.#targets = targets;
  }

  close(call: CommandCall): void {
    const targets = this.#targets;
    const [, , code, reason] = this.#dependencies.commands.value();
    const closeCode = typeof code === "number" ? code : 1000;
    const closeReason = typeof reason === "string" ? reason : "";
    const allowed = Number.isInteger(closeCode) && closeCodeAllowed(closeCode);
    if (!allowed || !closeReasonFits(closeReason)) {
      const message = "close: the code or the reason is not allowed";
      targets.refuse(call.source, "command-malformed", message);
      targets.forEach(call, (_, settle) => settle("command-malformed"));
      return;
    }
    const given = call.options.all;
    const cause = given.cause === CloseCause.error ? CloseCause.error : CloseCause.origin;
    const by = given.by === "admin" ? given.by : undefined;
    targets.forEach(call, (connection, settle) => {
      settle(Outcome.closed);
      connection.close(closedByOrigin(closeCode, closeReason, { cause, by }));
    });
  }

  /** Sets the value that each further message carries; nil removes it. */
  state(call: CommandCall): void {
    const { commands, events, metrics, values } = this.#dependencies;
    const targets = this.#targets;
    const [, , value] = commands.value();
    const state = value === null ? undefined : values.encodeValue(value);
    const tooBig = state !== undefined && state.length > limits.stateBytesMax;
    if (tooBig) targets.refuse(call.source, "state-too-big", "a state has at most 4,096 bytes");
    targets.forEach(call, ({ slot }, settle) => {
      // False if all states together would exceed `limits.statesBytesMax`.
      const stored = !tooBig && events.setState(slot, state);
      if (!stored && !tooBig) metrics.error("state-too-big");
      settle(stored ? Outcome.stored : "state-too-big");
    });
  }

  /** Sets when the connection's token expires. */
  renew(call: CommandCall): void {
    const { commands, guard } = this.#dependencies;
    const targets = this.#targets;
    const [, , expires] = commands.value();
    const wrong = typeof expires !== "number" || !(expires >= 0);
    if (wrong)
      targets.refuse(call.source, "command-malformed", "renew: the expiry must be a number");
    targets.forEach(call, (connection, settle) => {
      if (!wrong) guard.expireAt(connection, expires);
      settle(wrong ? "command-malformed" : Outcome.renewed);
    });
  }
}
