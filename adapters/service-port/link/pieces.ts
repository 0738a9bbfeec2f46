import type { Command } from "../../http-wire/mod.ts";
import { type CommandResult, idsOf, serviceLimits } from "../base/mod.ts";
import { encodeItem } from "./command-items.ts";

/**
 * Splits a command into pieces with so few ids that a node carries out each in a few milliseconds.
 * A long payload is not repeated for a few ids.
 */
export function* piecesOf(command: Command): Generator<Command, void, undefined> {
  const { pieceIds, idBytes } = serviceLimits;
  const all = idsOf(command);
  if (all === undefined || all.length === 0) {
    yield command;
    return;
  }
  // An id that a query names twice is one connection.
  const ids = command.verb === "query" ? [...new Set(all)] : all;
  if (ids.length <= pieceIds) {
    yield withIds(command, ids);
    return;
  }
  const bytes = encodeItem(command, [], {}).length;
  const size = Math.max(pieceIds, Math.ceil(bytes / idBytes));
  for (let at = 0; at < ids.length; at += size) {
    yield withIds(command, ids.slice(at, at + size));
  }
}

function withIds(command: Command, ids: readonly string[]): Command {
  if (command.verb === "publish") return command;
  return command.verb === "query" ? { ...command, subject: ids } : { ...command, ids };
}

/** Combines the results of a command's pieces. */
export function resultOf(command: Command, pieces: readonly CommandResult[]): CommandResult {
  const [first = {}, ...more] = pieces;
  if (more.length === 0) return first;
  if (command.verb !== "query") return Object.assign({}, ...pieces) as CommandResult;
  const lists = pieces as readonly QueryResult[];
  return {
    connections: lists.flatMap(({ connections }) => connections),
    count: lists.reduce((sum, { count }) => sum + count, 0),
    gone: lists.flatMap(({ gone }) => gone),
    missing: [...new Set(lists.flatMap(({ missing }) => missing))],
  };
}

interface QueryResult extends CommandResult {
  readonly connections: readonly unknown[];
  readonly count: number;
  readonly gone: readonly string[];
  readonly missing: readonly string[];
}
