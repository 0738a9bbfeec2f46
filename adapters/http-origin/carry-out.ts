import { parseTraceparent, ServiceError } from "../../core/base/mod.ts";
import type { Command, WireCommandOptions } from "../http-wire/mod.ts";
import type { GatewayOrigin } from "../origin/api/mod.ts";
import type { SendOptions, TraceOptions } from "../origin/mod.ts";

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
  /** The trace of the event: that of commands that name none. */
  readonly trace?: string | undefined;
}

/**
 * Gives a command of an answer to the origin library, which sends it in the order of the calls.
 * Throws if it cannot be sent; refusals of the gateway come as the library's `error`.
 */
export function carryOut(context: ReplyContext, command: Command): void {
  const { origin, home } = context;
  const { options } = command;
  switch (command.verb) {
    case "send":
      origin.send(command.ids, command.data, messageOptions(options, context));
      return;
    case "close": {
      const how = { cause: options.cause ?? undefined, ...traceOf(options, context) };
      origin.closeConnections(command.ids, command.closeCode, command.closeReason, how);
      return;
    }
    case "publish": {
      const { except } = options;
      const how = {
        ...messageOptions(options, context),
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

/** The rest of the command's `ttl`, and its trace. */
function messageOptions(options: WireCommandOptions, context: ReplyContext): SendOptions {
  const { ttl, at } = options;
  const trace = traceOf(options, context);
  if (ttl === undefined || ttl === null) return trace;
  const { now } = context;
  const ttlMs = Math.max(0, ttl - (now - (at ?? now)));
  // JSON can carry a number that is read as infinite, which the library refuses.
  return { ttlMs: Math.min(ttlMs, Number.MAX_VALUE), ...trace };
}

/** A trace that is malformed is none. */
function traceOf({ trace }: WireCommandOptions, context: ReplyContext): TraceOptions {
  if (parseTraceparent(trace) !== undefined) return { trace: trace as string };
  return context.trace === undefined ? {} : { trace: context.trace };
}
