import { limits, nodeOfConnectionId } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import type { CommandDecoder } from "../ports/mod.ts";
import type { CommandCall, CommandDependencies } from "./command-call.ts";
import type { CommandReplies } from "./command-replies.ts";
import type { CommandTargets } from "./command-targets.ts";

/** One connection, as a `reply` to `query` lists it. */
function describe({ id, openedAt, user, socket }: Connection): Record<string, unknown> {
  const { bufferedAmount } = socket;
  const entry = { id, at: openedAt, bufferedAmount };
  return user === undefined ? entry : { ...entry, user };
}

/** `query`: who is connected at this node. */
export class QueryCommand {
  readonly #node: string;
  readonly #guard: CommandDependencies["guard"];
  readonly #commands: CommandDecoder;
  readonly #targets: CommandTargets;
  readonly #replies: CommandReplies;

  constructor(
    node: string,
    { guard, commands }: Pick<CommandDependencies, "guard" | "commands">,
    targets: CommandTargets,
    replies: CommandReplies,
  ) {
    this.#node = node;
    this.#guard = guard;
    this.#commands = commands;
    this.#targets = targets;
    this.#replies = replies;
  }

  query(call: CommandCall): void {
    const { ref, all } = call.options;
    if (ref === undefined) {
      this.#targets.refuse(call.source, "command-malformed", "query: a ref is required");
      return;
    }
    const [, subject] = this.#commands.value();
    const isId = typeof subject === "string" && nodeOfConnectionId(subject) !== undefined;
    if (typeof subject === "string" && (!isId || all.group === true)) this.#group(call, subject);
    else this.#ids(call, Array.isArray(subject) ? subject : [subject]);
  }

  #group(call: CommandCall, name: string): void {
    const count = call.app.groups.count(name);
    if (call.options.all.count === true) this.#reply(call, { count });
    else this.#list(call, { count }, call.app.groups.members(name));
  }

  #ids(call: CommandCall, ids: readonly unknown[]): void {
    const found: Connection[] = [];
    const gone: string[] = [];
    for (const id of new Set(ids)) {
      if (typeof id !== "string") continue;
      const connection = this.#targets.findById(call.source, id);
      if (connection !== undefined) found.push(connection);
      else if (nodeOfConnectionId(id) === this.#node) gone.push(id);
    }
    // Other nodes answer for their own ids, unless this node alone was asked.
    if (found.length + gone.length === 0 && call.source.scope === "all") return;
    this.#list(call, { count: found.length, gone: gone.slice(0, limits.replyIdsMax) }, found);
  }

  #list(
    call: CommandCall,
    head: Readonly<Record<string, unknown>>,
    members: Iterable<Connection>,
  ): void {
    const withInfo = call.options.all.info === true;
    let page: Record<string, unknown>[] = [];
    /** Characters of the infos in the page: headers may be long. */
    let infos = 0;
    let listed = 0;
    let cut = false;
    for (const connection of members) {
      if (listed === limits.queryConnectionsMax) {
        cut = true;
        break;
      }
      if (page.length === limits.queryPageMax || infos > limits.queryInfosMax) {
        this.#reply(call, { ...head, connections: page, more: true });
        page = [];
        infos = 0;
      }
      const entry = describe(connection);
      if (withInfo) infos += connection.info.length;
      page.push(withInfo ? { ...entry, ...this.#details(call, connection) } : entry);
      listed++;
    }
    this.#reply(call, { ...head, connections: page, ...(cut ? { cut } : {}) });
  }

  /** What a query with `info` tells of a connection besides. */
  #details({ app }: CommandCall, connection: Connection): Record<string, unknown> {
    const activeAt = this.#guard.lastMessageAt(connection);
    return {
      ...(activeAt === undefined ? {} : { activeAt }),
      ...(connection.closing === undefined ? {} : { closing: true }),
      info: app.infoOf(connection),
    };
  }

  #reply({ source, options }: CommandCall, result: Readonly<Record<string, unknown>>): void {
    this.#replies.sendOfNode(source, options.ref, result);
  }
}
