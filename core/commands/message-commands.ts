import { type ErrorCode, isGroupName } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import {
  Delivery,
  FanOut,
  Outcome,
  type OutgoingSizes,
  ReusableMessage,
  sizeFault,
} from "../groups/mod.ts";
import {
  type Clock,
  type CommandSource,
  type GroupMessage,
  MessageKind,
  type Span,
} from "../ports/mod.ts";
import type { CommandApp, CommandCall, CommandDependencies } from "./command-call.ts";
import { type CommandOptions, isExpired } from "./command-options.ts";
import type { CommandReplies } from "./command-replies.ts";
import type { CommandTargets } from "./command-targets.ts";
import { FlushTracker } from "./flush-tracker.ts";
import type { ReplyByCount } from "./pending-reply.ts";

type MessageDependencies = Pick<
  CommandDependencies,
  "commands" | "values" | "frames" | "clock" | "bus" | "metrics" | "logger" | "deflate"
>;

/**
 * `send`, `publish` and raw messages to groups. A `send` makes no objects, neither for itself nor
 * for a target: ids resolve to slots inside the codec, and the message is encoded once.
 */
export class MessageCommands {
  readonly fanOut: FanOut;
  readonly #dependencies: MessageDependencies;
  readonly #clock: Clock;
  readonly #targets: CommandTargets;
  readonly #replies: CommandReplies;
  readonly #sizes: OutgoingSizes;
  readonly #delivery: Delivery;
  readonly #flushTracker: FlushTracker;
  readonly #message: ReusableMessage;
  /** Spans of commands that were carried out in this turn. They end with the flush. */
  readonly #spans: Span[] = [];

  constructor(
    dependencies: MessageDependencies,
    sizes: OutgoingSizes,
    targets: CommandTargets,
    replies: CommandReplies,
  ) {
    const { clock, deflate, metrics } = dependencies;
    this.#dependencies = dependencies;
    this.#clock = clock;
    this.#sizes = sizes;
    this.#targets = targets;
    this.#replies = replies;
    this.#flushTracker = new FlushTracker(clock, deflate !== undefined);
    const flushed = (): void => {
      this.#flushTracker.flushed();
      if (this.#spans.length > 0) for (const span of this.#spans.splice(0)) span.end();
    };
    this.#delivery = new Delivery(clock, metrics, sizes, flushed);
    this.fanOut = new FanOut(this.#delivery);
    this.#message = new ReusableMessage(deflate);
  }

  /** A command batch, or a raw message, has come: the time until its flush is measured. */
  begin(): void {
    this.#delivery.begin();
  }

  /** Ends the span of a command when the messages of this turn are written to their sockets. */
  endWithFlush(span: Span): void {
    this.#spans.push(span);
    this.#delivery.schedule();
  }

  /** Every socket gets what was queued for it in this turn. */
  flush(): void {
    this.#delivery.flush();
  }

  stop(): void {
    this.#flushTracker.stop();
  }

  send(source: CommandSource, options: CommandOptions): void {
    const { commands } = this.#dependencies;
    const targets = this.#targets;
    const bytes = commands.dataLength();
    const fault = sizeFault(this.#sizes, bytes);
    if (fault !== undefined) targets.refuseSize(source, fault, bytes);
    const expired = options.ttl !== undefined && isExpired(options, this.#clock.now());
    if (expired) this.#dependencies.metrics.error("message-expired");
    else this.#message.set(commands.dataKind(), bytes, commands);
    const reply = this.#replies.byId(source, options.ref);
    const count = commands.targets();
    for (let index = 0; index < count; index++) {
      const connection = targets.find(source, index);
      if (connection === undefined) {
        if (reply !== undefined && targets.isOwn(index)) {
          reply.expect();
          reply.settle(commands.targetId(index), Outcome.gone);
        }
        continue;
      }
      const outcome =
        fault ?? (expired ? Outcome.expired : this.#delivery.send(connection, this.#message));
      if (reply === undefined) continue;
      reply.expect();
      if (outcome === Outcome.sent) this.#flushTracker.add(reply, connection);
      else reply.settle(connection.id, outcome);
    }
    this.#message.clear();
    reply?.end();
  }

  publish(call: CommandCall): void {
    const { app, source, options } = call;
    const { bus, commands, metrics, values } = this.#dependencies;
    const name = commands.group();
    const bytes = commands.dataLength();
    const reply = this.#replies.byCount(source, options.ref);
    const fault = isGroupName(name) ? sizeFault(this.#sizes, bytes) : "group-name";
    if (fault !== undefined) {
      if (fault === "group-name")
        this.#targets.refuse(source, fault, "publish: the group name is invalid");
      else this.#targets.refuseSize(source, fault, bytes);
      reply?.refuse(fault);
      return;
    }
    // A publish is for the whole cluster, even if it was addressed to one node.
    if (source.scope === "node" || source.scope === "local") {
      const batch = batchOf(commands.itemBytes());
      // Forwarded as JSON if it came so, because its replies come in the same format.
      bus.forwardToGroup(app.name, name, source.json === true ? values.toJson(batch) : batch);
    }
    if (isExpired(options, this.#clock.now())) {
      this.#expire(app, name, reply);
      return;
    }
    metrics.groupMessages.add(1);
    this.#message.set(commands.dataKind(), bytes, commands);
    const onOutcome =
      reply === undefined
        ? undefined
        : (connection: Connection, outcome: Outcome): void => {
            reply.expect();
            if (outcome === Outcome.sent) this.#flushTracker.add(reply, connection);
            else reply.settle(connection.id, outcome);
          };
    const except = this.#except(call);
    this.fanOut.publish(app.groups, name, this.#message, { except, onOutcome });
    this.#message.clear();
    reply?.end();
  }

  /** Anybody published the payload of one message to a group of the app. */
  raw(app: CommandApp, { group, kind, payload }: GroupMessage): void {
    const { metrics, logger } = this.#dependencies;
    const code = sizeFault(this.#sizes, payload.byteLength) ?? this.#textFault(kind, payload);
    if (code !== undefined) {
      metrics.error(code);
      const fields = { code, group, bytes: payload.byteLength };
      logger.log("warn", "command-refused", "a raw message to a group is dropped", fields);
      return;
    }
    metrics.groupMessages.add(1);
    this.#message.setBytes(kind, payload);
    this.fanOut.publish(app.groups, group, this.#message);
    this.#message.clear();
  }

  #textFault(kind: MessageKind, payload: Uint8Array): ErrorCode | undefined {
    if (kind === MessageKind.binary || this.#dependencies.frames.validUtf8(payload))
      return undefined;
    return "message-not-utf8";
  }

  #expire(app: CommandApp, name: string, reply: ReplyByCount | undefined): void {
    this.#dependencies.metrics.error("message-expired");
    if (reply === undefined) return;
    for (const { id } of app.groups.members(name)) {
      reply.expect();
      reply.settle(id, Outcome.expired);
    }
    reply.end();
  }

  #except({ source, options }: CommandCall): ReadonlySet<Connection> | undefined {
    const { except } = options.all;
    if (except === undefined || except === null) return undefined;
    const connections = new Set<Connection>();
    for (const id of Array.isArray(except) ? except : [except]) {
      const connection = typeof id === "string" ? this.#targets.findById(source, id) : undefined;
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
