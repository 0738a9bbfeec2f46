import { type ErrorCode, nodeOf } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import { Outcome } from "../groups/mod.ts";
import { type CommandDecoder, type CommandSource, type LogLevel, NoSlot } from "../ports/mod.ts";
import type { CommandCall, CommandDependencies } from "./command-call.ts";
import type { CommandReplies } from "./command-replies.ts";

type TargetsDependencies = Pick<
  CommandDependencies,
  "commands" | "values" | "registry" | "metrics" | "logger" | "bus"
>;

/** Carries a command out for one connection, and says what became of it, now or later. */
export type CarryOut = (connection: Connection, settle: (outcome: Outcome) => void) => void;

/** Finds the connections that the current command names, and logs the ids of the others. */
export class CommandTargets {
  readonly #dependencies: TargetsDependencies;
  readonly #commands: CommandDecoder;
  readonly #replies: CommandReplies;
  /** Index in its batch of the command that is carried out now, for the log. */
  item: number | undefined;

  constructor(dependencies: TargetsDependencies, replies: CommandReplies) {
    this.#dependencies = dependencies;
    this.#commands = dependencies.commands;
    this.#replies = replies;
  }

  /** Calls `carryOut` for each target that is here. Replies `gone` for other ids of this node. */
  forEach({ source, options }: CommandCall, carryOut: CarryOut): void {
    const reply = this.#replies.byId(source, options.ref);
    const count = this.#commands.targets();
    for (let index = 0; index < count; index++) {
      const connection = this.find(source, index);
      const here = connection !== undefined && connection.closing === undefined;
      if (!here && !this.isOwn(index)) continue;
      const id = this.#commands.targetId(index);
      reply?.expect();
      if (here) carryOut(connection, (outcome) => reply?.settle(id, outcome));
      else reply?.settle(id, Outcome.gone);
    }
    reply?.end();
  }

  /** The connection of target `index`, or undefined if the command's app has none here. */
  find(source: CommandSource, index: number): Connection | undefined {
    const slot = this.#commands.target(index);
    const connection = slot < 0 ? undefined : this.#of(source, slot);
    if (connection !== undefined) return connection;
    if (slot >= 0 || slot === NoSlot.gone) {
      this.#dependencies.metrics.targetsGone.add(1);
      const message = `no connection has the id ${this.#commands.targetId(index)}`;
      this.note(source, "id-gone", message, "info");
    } else if (slot === NoSlot.malformed) {
      const message = `not a connection id: ${this.#commands.targetId(index)}`;
      this.refuse(source, "id-malformed", message);
    } else {
      this.foreign(source, index);
    }
    return undefined;
  }

  /** Whether target `index` is this node's to answer: one of its ids, or no id at all. */
  isOwn(index: number): boolean {
    return this.#commands.target(index) !== NoSlot.foreign;
  }

  /** Whether one of the command's targets is this node's to answer, or it has no targets. */
  get hasOwn(): boolean {
    const count = this.#commands.targets();
    for (let index = 0; index < count; index++) if (this.isOwn(index)) return true;
    return count === 0;
  }

  /** The connection of any id, if it is here and of the command's app. */
  findById(source: CommandSource, id: string): Connection | undefined {
    const slot = this.#commands.resolve(id);
    return slot < 0 ? undefined : this.#of(source, slot);
  }

  /** Target `index` is another node's: forwards the item to it, for that target alone. */
  foreign(source: CommandSource, index: number): void {
    const { bus, metrics, values } = this.#dependencies;
    const id = this.#commands.targetId(index);
    if (source.scope === "local") {
      const [verb, , ...rest] = this.#commands.value();
      metrics.forwarded.add(1);
      const batch = values.encodeValue([[verb, id, ...rest]]);
      bus.forward(source.app, nodeOf(id), batch);
    } else if (source.scope === "node") {
      this.refuse(source, "id-foreign", `an id of another node: ${id}`);
    }
  }

  refuse(source: CommandSource, code: ErrorCode, message: string): void {
    this.note(source, code, message, "warn");
  }

  /** A message to clients is larger than a setting allows. */
  refuseSize(source: CommandSource, code: ErrorCode, bytes: number): void {
    const setting = code === "queue-too-small" ? "--send-queue-size" : "--max-publish-size";
    this.refuse(source, code, `a message of ${bytes} bytes exceeds ${setting}`);
  }

  note(source: CommandSource, code: ErrorCode, message: string, level: LogLevel): void {
    this.#dependencies.metrics.error(code);
    source.answer?.({ error: code });
    this.#dependencies.logger.log(level, "command-refused", message, {
      code,
      topic: source.topic,
      ...(this.item === undefined ? {} : { item: this.item }),
    });
  }

  /** Connections of another app are not found. */
  #of({ app }: CommandSource, slot: number): Connection | undefined {
    const connection = this.#dependencies.registry.get(slot);
    return connection?.app.name === app ? connection : undefined;
  }
}
