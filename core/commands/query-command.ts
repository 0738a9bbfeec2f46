import { limits, nodeOfConnectionId } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import type { CommandCall, CommandContext } from "./command-context.ts";

/** One connection, as a `reply` to `query` lists it. */
function describe({ id, openedAt, user, socket }: Connection): Record<string, unknown> {
  const { bufferedAmount } = socket;
  const entry = { id, at: openedAt, bufferedAmount };
  return user === undefined ? entry : { ...entry, user };
}

/** `query`: who is connected at this node. */
export class QueryCommand {
  readonly #context: CommandContext;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  query(call: CommandCall): void {
    const { parts, targets } = this.#context;
    const { ref, all } = call.options;
    if (ref === undefined) {
      targets.refuse(call.source, "command-malformed", "a query without a ref has no answer");
      return;
    }
    // What this batch has sent so far is no longer waiting here.
    this.#context.delivery.flush();
    const [, subject] = parts.codec.commands.value();
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
    const { targets, parts } = this.#context;
    const found: Connection[] = [];
    const gone: string[] = [];
    for (const id of ids) {
      if (typeof id !== "string") continue;
      const connection = targets.findById(call.source, id);
      if (connection !== undefined) found.push(connection);
      else if (nodeOfConnectionId(id) === parts.node) gone.push(id);
    }
    // Ids of other nodes are theirs to answer for, unless this one was asked alone.
    if (found.length + gone.length === 0 && call.source.scope === "all") return;
    this.#list(call, { count: found.length, gone: gone.slice(0, limits.replyIdsMax) }, found);
  }

  #list(
    call: CommandCall,
    head: Readonly<Record<string, unknown>>,
    members: Iterable<Connection>,
  ): void {
    let page: Record<string, unknown>[] = [];
    let listed = 0;
    let cut = false;
    for (const connection of members) {
      if (listed === limits.queryConnectionsMax) {
        cut = true;
        break;
      }
      if (page.length === limits.queryPageMax) {
        this.#reply(call, { ...head, connections: page, more: true });
        page = [];
      }
      page.push(describe(connection));
      listed++;
    }
    this.#reply(call, { ...head, connections: page, ...(cut ? { cut } : {}) });
  }

  #reply({ source, options }: CommandCall, result: Readonly<Record<string, unknown>>): void {
    const { parts, reply } = this.#context;
    reply(source, options.ref, { node: parts.node, ...result });
  }
}
