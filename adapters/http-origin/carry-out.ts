import { ServiceError } from "../../core/base/mod.ts";
import type { Command, CommandOptions } from "../http-wire/mod.ts";
import type { GatewayOrigin } from "../origin/api/mod.ts";

/** Throws `command-malformed` if an answer has a command that makes no sense in one. */
export function checkReply(commands: readonly Command[]): void {
  if (commands.some(({ verb }) => verb === "query")) {
    const message = "query is not allowed in an answer: its reply could not be delivered";
    throw new ServiceError("command-malformed", message);
  }
}

/** What carries out the commands of one answer. */
export interface ReplyContext {
  readonly origin: GatewayOrigin;
  /** The connection whose event was answered; undefined if its node is dead. */
  readonly home: string | undefined;
  readonly now: number;
}

/**
 * Gives a command of an answer to the origin library, which sends it in the order of the calls.
 * Throws if it cannot be sent; refusals of the gateway come as the library's `error`.
 */
export function carryOut({ origin, home, now }: ReplyContext, command: Command): void {
  const { options } = command;
  switch (command.verb) {
    case "send":
      origin.send(command.ids, command.data, expiry(options, now));
      return;
    case "close": {
      const cause = options.cause ?? undefined;
      origin.closeConnections(command.ids, command.closeCode, command.closeReason, { cause });
      return;
    }
    case "publish": {
      const { except } = options;
      const how = {
        ...expiry(options, now),
        ...(except === undefined || except === null ? {} : { except }),
      };
      // Through the node of the connection: so it is in order with the commands before and after.
      if (home === undefined) origin.group(command.group).publish(command.data, how);
      else origin.publishThrough(home, command.group, command.data, how);
      return;
    }
    case "join":
      ignore(origin.group(command.group).join(command.ids));
      return;
    case "leave":
      ignore(origin.group(command.group).leave(command.ids));
      return;
    case "state":
      for (const id of command.ids)
        ignore(origin.connection(id).setState(command.value ?? undefined));
      return;
    case "renew":
      for (const id of command.ids) {
        ignore(origin.connection(id).renew(command.expires === 0 ? null : command.expires));
      }
      return;
    case "query":
      return;
  }
}

/** The library reports a refusal as `error`. */
function ignore(outcome: Promise<unknown>): void {
  outcome.catch(() => {});
}

/** The rest of the command's `ttl`. */
function expiry({ ttl, at }: CommandOptions, now: number): { readonly ttlMs?: number } {
  if (ttl === undefined || ttl === null) return {};
  return { ttlMs: Math.max(0, ttl - (now - (at ?? now))) };
}
