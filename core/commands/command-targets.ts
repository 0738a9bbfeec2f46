import type { ErrorCode } from "../base/mod.ts";
import type { Connection, Registry } from "../connection/mod.ts";
import {
  type Codec,
  type CommandBus,
  type CommandSource,
  type Logger,
  type LogLevel,
  Target,
} from "../ports/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";

export interface CommandTargetsParts {
  readonly codec: Codec;
  readonly registry: Registry;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly bus: CommandBus;
}

/** Finds the connections that the current command names, and notes those that it can't. */
export class CommandTargets {
  readonly #parts: CommandTargetsParts;

  constructor(parts: CommandTargetsParts) {
    this.#parts = parts;
  }

  /** The connection of target `index`, or undefined where the command's app has none here. */
  find(source: CommandSource, index: number): Connection | undefined {
    const { codec, metrics } = this.#parts;
    const slot = codec.commands.target(index);
    const connection = slot < 0 ? undefined : this.#of(source, slot);
    if (connection !== undefined) return connection;
    if (slot >= 0 || slot === Target.gone) {
      metrics.targetsGone.add(1);
      this.note(
        source,
        "id-gone",
        `no connection has the id ${codec.commands.targetId(index)}`,
        "info",
      );
    } else if (slot === Target.malformed) {
      this.refuse(source, "id-malformed", `not an id: ${codec.commands.targetId(index)}`);
    } else {
      this.foreign(source, index);
    }
    return undefined;
  }

  /** Whether this node is to answer for target `index`: it is no other node's. */
  isOwn(index: number): boolean {
    return this.#parts.codec.commands.target(index) !== Target.foreign;
  }

  /** The connection of any id, where it is here and of the command's app. */
  findById(source: CommandSource, id: string): Connection | undefined {
    const slot = this.#parts.codec.commands.resolve(id);
    return slot < 0 ? undefined : this.#of(source, slot);
  }

  /** Target `index` is another node's: sends the item on to it, for that target alone. */
  foreign(source: CommandSource, index: number): void {
    const { bus, codec, metrics } = this.#parts;
    const id = codec.commands.targetId(index);
    if (source.scope === "local") {
      const [verb, , ...rest] = codec.commands.value();
      metrics.forwarded.add(1);
      const batch = codec.values.encodeValue([[verb, id, ...rest]]);
      bus.forward(source.app, id.slice(0, id.indexOf(".")), batch);
    } else if (source.scope === "node") {
      this.refuse(source, "id-foreign", `not of this node: ${id}`);
    }
  }

  refuse(source: CommandSource, code: ErrorCode, message: string): void {
    this.note(source, code, message, "warn");
  }

  /** A message to clients is larger than a setting allows. */
  refuseSize(source: CommandSource, code: ErrorCode, bytes: number): void {
    const setting = code === "queue-too-small" ? "--send-queue-size" : "--max-publish-size";
    this.refuse(source, code, `a message of ${bytes} bytes is above ${setting}`);
  }

  note(source: CommandSource, code: ErrorCode, message: string, level: LogLevel): void {
    this.#parts.metrics.error(code);
    this.#parts.logger.log(level, "command-refused", message, { code, topic: source.topic });
  }

  /** Ids of another app's connections are as good as none. */
  #of({ app }: CommandSource, slot: number): Connection | undefined {
    const connection = this.#parts.registry.get(slot);
    return connection?.app.name === app ? connection : undefined;
  }
}
