import { nodeOfConnectionId } from "../../../core/base/mod.ts";
import type { Command } from "../../http-wire/mod.ts";

/** The ids that a command names; undefined if it is for the members of a group. */
export function idsOf(command: Command): readonly string[] | undefined {
  if (command.verb === "publish") return undefined;
  if (command.verb !== "query") return command.ids;
  const { subject, options } = command;
  if (typeof subject !== "string") return subject;
  const isId = options.group !== true && nodeOfConnectionId(subject) !== undefined;
  return isId ? [subject] : undefined;
}
