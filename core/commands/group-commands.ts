import type { ErrorCode } from "../base/mod.ts";
import { groupFault, Outcome } from "../groups/mod.ts";
import type { CommandDecoder, CommandSource } from "../ports/mod.ts";
import type { CommandCall } from "./command-call.ts";
import type { CommandTargets } from "./command-targets.ts";

export class GroupCommands {
  readonly #commands: CommandDecoder;
  readonly #targets: CommandTargets;

  constructor(commands: CommandDecoder, targets: CommandTargets) {
    this.#commands = commands;
    this.#targets = targets;
  }

  /** The outcome is known when the broker has answered the subscription to the group's topic. */
  join(call: CommandCall): void {
    const { app, source } = call;
    const targets = this.#targets;
    const name = this.#commands.group();
    const fault = this.#fault(source, name);
    targets.forEach(call, (connection, settle) => {
      if (fault !== undefined) {
        settle(fault);
        return;
      }
      const refused = app.groups.join(connection, name, (error) => {
        const gone = connection.closing !== undefined;
        if (error !== undefined && !gone) {
          const message = "the broker refuses the subscription to the group's topic";
          targets.refuse(source, error.code, message);
        }
        const member = app.groups.get(name)?.members.has(connection) === true;
        if (gone) settle(Outcome.gone);
        else settle(error?.code ?? (member ? Outcome.joined : Outcome.left));
      });
      if (refused === undefined) return;
      const message = "max-groups-per-connection or the node's limit of groups is reached";
      targets.refuse(source, refused, message);
      settle(refused);
    });
  }

  leave(call: CommandCall): void {
    const name = this.#commands.group();
    const fault = this.#fault(call.source, name);
    this.#targets.forEach(call, (connection, settle) => {
      if (fault === undefined) call.app.groups.leave(connection, name);
      settle(fault ?? Outcome.left);
    });
  }

  #fault(source: CommandSource, name: string): ErrorCode | undefined {
    const fault = groupFault(name);
    if (fault === undefined) return undefined;
    this.#targets.refuse(source, fault, "the group name is invalid or reserved");
    return fault;
  }
}
