import { isGroupName } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import { groupFault, Outcome } from "../groups/mod.ts";
import { AnswerByCount } from "./answers.ts";
import { type CommandCall, type CommandContext, forEachTarget } from "./command-context.ts";
import { isExpired } from "./command-options.ts";

/** `join`, `leave` and `publish`. */
export class GroupCommands {
  readonly #context: CommandContext;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** The outcome is known when the broker has granted the group's subscription. */
  join({ app, source, options }: CommandCall): void {
    const { targets } = this.#context;
    const name = this.#context.parts.codec.commands.group();
    const fault = groupFault(name);
    if (fault !== undefined) targets.refuse(source, fault, "no group can have that name");
    forEachTarget(this.#context, { app, source, options }, (connection, settle) => {
      if (fault !== undefined) {
        settle(fault);
        return;
      }
      const refused = app.groups.join(connection, name, (error) => {
        const gone = connection.closing !== undefined;
        if (error !== undefined && !gone) {
          targets.refuse(source, error.code, "the broker does not grant the group's topic");
        }
        const member = app.groups.get(name)?.members.has(connection) === true;
        if (gone) settle(Outcome.gone);
        else settle(error?.code ?? (member ? Outcome.joined : Outcome.left));
      });
      if (refused === undefined) return;
      targets.refuse(
        source,
        refused,
        "max-groups-per-connection, or the node's limit of groups, is reached",
      );
      settle(refused);
    });
  }

  leave({ app, source, options }: CommandCall): void {
    const name = this.#context.parts.codec.commands.group();
    const fault = groupFault(name);
    if (fault !== undefined) {
      this.#context.targets.refuse(source, fault, "no group can have that name");
    }
    forEachTarget(this.#context, { app, source, options }, (connection, settle) => {
      if (fault === undefined) app.groups.leave(connection, name);
      settle(fault ?? Outcome.left);
    });
  }

  publish(call: CommandCall): void {
    const { parts, message, fanOut, flushTracker, reply, sizeFault, targets } = this.#context;
    const { app, source, options } = call;
    const { bus, codec, metrics, node } = parts;
    const name = codec.commands.group();
    const answer =
      options.ref === undefined
        ? undefined
        : new AnswerByCount(node, (result) => reply(source, options.ref, result));
    const fault = isGroupName(name) ? sizeFault(codec.commands.dataLength()) : "group-name";
    if (fault !== undefined) {
      if (fault === "group-name") targets.refuse(source, fault, "not a group to publish to");
      else targets.refuseSize(source, fault, codec.commands.dataLength());
      answer?.refuse(fault);
      return;
    }
    // Who addressed one node means the whole cluster all the same.
    if (source.scope === "node" || source.scope === "local") {
      const batch = batchOf(codec.commands.itemBytes());
      // As JSON its replies come so too.
      bus.forwardToGroup(
        app.name,
        name,
        source.json === true ? codec.values.toJson(batch) : batch,
      );
    }
    if (isExpired(options, parts.clock.now())) {
      this.#expire(call, name, answer);
      return;
    }
    metrics.groupMessages.add(1);
    message.set(codec.commands.dataKind(), codec.commands.dataLength(), codec.commands);
    const told =
      answer === undefined
        ? undefined
        : (connection: Connection, outcome: Outcome): void => {
            answer.expect();
            if (outcome === Outcome.sent) flushTracker.add(answer, connection);
            else answer.settle(connection.id, outcome);
          };
    fanOut.publish(app.groups, name, message, { except: this.#except(call), told });
    message.clear();
    answer?.end();
  }

  #expire({ app }: CommandCall, name: string, answer: AnswerByCount | undefined): void {
    this.#context.parts.metrics.error("message-expired");
    if (answer === undefined) return;
    for (const { id } of app.groups.members(name)) {
      answer.expect();
      answer.settle(id, Outcome.expired);
    }
    answer.end();
  }

  #except({ source, options }: CommandCall): ReadonlySet<Connection> | undefined {
    const { except } = options.all;
    if (except === undefined || except === null) return undefined;
    const connections = new Set<Connection>();
    for (const id of Array.isArray(except) ? except : [except]) {
      const connection =
        typeof id === "string" ? this.#context.targets.findById(source, id) : undefined;
      if (connection !== undefined) connections.add(connection);
    }
    return connections;
  }
}

/** A bare batch of one item, which is MessagePack already. */
function batchOf(item: Uint8Array): Uint8Array {
  const batch = new Uint8Array(1 + item.length);
  batch[0] = 0x91;
  batch.set(item, 1);
  return batch;
}
