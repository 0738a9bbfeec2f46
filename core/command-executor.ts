import type { ErrorCode } from "./base/mod.ts";
import { CommandStreams } from "./command-streams.ts";
import { CloseCause, type Connection } from "./connection.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import { ReusableMessage } from "./outgoing-message.ts";
import type { Codec, CommandSource, Deflate, Logger, LogLevel } from "./ports/mod.ts";
import { Target, Verb } from "./ports/mod.ts";
import { closeCodeAllowed } from "./protocol/mod.ts";
import type { Registry } from "./registry.ts";

/** What became of a command for one connection, as its `reply` tells it. */
export const Outcome = { sent: "sent", closed: "closed", gone: "gone", slow: "slow" } as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** What the executor asks of the gateway. */
export interface CommandEffects {
  /** Sends one item on to another node. */
  forward(app: string, node: string, item: readonly unknown[]): void;
  /** Tells the outcome of a command that carried `ref`. */
  reply(source: CommandSource, ref: unknown, outcomes: Readonly<Record<string, Outcome>>): void;
  /** Confirms a numbered stream of commands up to `count`; at once where some are missing. */
  acknowledge(sender: string, ack: { stream: string; count: number; gap: boolean }): void;
  /** An origin has handled the items below `count`; `received` where it misses some. */
  confirmed(source: CommandSource, stream: string, count: number, received?: number): void;
  close(connection: Connection, cause: CloseCause, closeCode: number, reason: string): void;
}

export interface CommandExecutorParts {
  readonly codec: Codec;
  readonly registry: Registry;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly effects: CommandEffects;
  readonly deflate: Deflate | undefined;
}

interface Options {
  readonly ref: unknown;
}

const noOptions: Options = { ref: undefined };

type Outcomes = Record<string, Outcome>;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Without a prototype, because its keys come from outside. */
function newOutcomes(options: Options): Outcomes | undefined {
  return options.ref === undefined ? undefined : (Object.create(null) as Outcomes);
}

/**
 * Carries out command batches. Per target of a `send` it makes no object: ids resolve to slots
 * inside the codec, the message is encoded once, and each socket is flushed once a batch.
 */
export class CommandExecutor {
  readonly #parts: CommandExecutorParts;
  readonly #sendQueueBytesMax: number;
  readonly #message: ReusableMessage;
  readonly #streams = new CommandStreams();
  readonly #dirty: Connection[] = [];

  constructor(parts: CommandExecutorParts, sendQueueBytesMax: number) {
    this.#parts = parts;
    this.#sendQueueBytesMax = sendQueueBytesMax;
    this.#message = new ReusableMessage(parts.deflate);
  }

  /** Never throws: whatever is wrong with a batch is counted and logged. */
  execute(source: CommandSource, payload: Uint8Array): void {
    const { codec, metrics } = this.#parts;
    metrics.batchesReceived.add(1);
    const error = codec.decode(payload);
    if (error !== undefined) {
      this.#refuse(source, error, "a batch cannot be read");
      return;
    }
    const stream = codec.stream();
    let skip = 0;
    if (stream !== undefined) {
      const admission = this.#streams.admit(stream, codec.first(), codec.items());
      if (admission.gap > 0) {
        this.#refuse(source, "batch-gap", `${admission.gap} items of ${stream} never came`);
        this.#acknowledge(source, stream, true);
        return;
      }
      skip = admission.skip;
    }
    while (codec.nextItem()) {
      if (skip-- > 0) continue;
      this.#item(source);
    }
    this.#flush();
    if (stream !== undefined) {
      this.#acknowledge(source, stream, false);
    }
  }

  #acknowledge({ sender }: CommandSource, stream: string, gap: boolean): void {
    const count = this.#streams.next(stream);
    this.#parts.effects.acknowledge(sender, { stream, count, gap });
  }

  #item(source: CommandSource): void {
    const { codec, metrics } = this.#parts;
    const error = codec.itemError();
    if (error !== undefined) {
      this.#refuse(source, error, `command ${codec.verbName()} cannot be carried out`);
      return;
    }
    metrics.commands.add(1);
    const options = codec.hasOptions() ? this.#options() : noOptions;
    switch (codec.verb()) {
      case Verb.send:
        this.#send(source, options);
        break;
      case Verb.close:
        this.#close(source, options);
        break;
      case Verb.ack:
        this.#acknowledged(source);
        break;
      default:
        this.#refuse(source, "command-unsupported", `command ${codec.verbName()}`);
    }
  }

  #send(source: CommandSource, options: Options): void {
    const { codec, metrics } = this.#parts;
    const message = this.#message;
    message.set(codec.dataKind(), codec.dataLength(), codec);
    const outcomes = newOutcomes(options);
    const targets = codec.targets();
    for (let index = 0; index < targets; index++) {
      const connection = this.#target(source, index);
      if (connection === undefined) {
        if (outcomes !== undefined) this.#noteGone(outcomes, index);
        continue;
      }
      const outcome = this.#sendTo(connection, message);
      if (outcome === Outcome.sent) {
        metrics.messagesOut.add(1);
        metrics.bytesOut.add(message.byteLength);
      }
      if (outcomes !== undefined) outcomes[codec.targetId(index)] = outcome;
    }
    message.clear();
    this.#answer(source, options, outcomes);
  }

  #sendTo(connection: Connection, message: ReusableMessage): Outcome {
    const { socket } = connection;
    if (connection.closing !== undefined) {
      return connection.closing === CloseCause.slow ? Outcome.slow : Outcome.gone;
    }
    const buffered = socket.bufferedBytes;
    if (buffered > 0 && buffered + message.byteLength > this.#sendQueueBytesMax) {
      // What this very batch has queued may only wait for its flush.
      socket.flush();
      if (socket.bufferedBytes + message.byteLength > this.#sendQueueBytesMax) {
        this.#parts.metrics.error("send-queue-full");
        this.#parts.effects.close(connection, CloseCause.slow, 1013, "slow");
        return Outcome.slow;
      }
    }
    if (!socket.send(message)) return Outcome.gone;
    if (!connection.dirty) {
      connection.dirty = true;
      this.#dirty.push(connection);
    }
    return Outcome.sent;
  }

  #close(source: CommandSource, options: Options): void {
    const { codec } = this.#parts;
    const [, , code, reason] = codec.value();
    const closeCode = typeof code === "number" ? code : 1000;
    const closeReason = typeof reason === "string" ? reason : "";
    // RFC 6455, 5.5: the code and the reason must fit one control frame.
    const fits = closeReason.length <= 123 && codec.encodeValue(closeReason).length <= 123 + 2;
    if (!Number.isInteger(closeCode) || !closeCodeAllowed(closeCode) || !fits) {
      this.#refuse(source, "command-malformed", "close with a wrong code or reason");
      return;
    }
    const outcomes = newOutcomes(options);
    const targets = codec.targets();
    for (let index = 0; index < targets; index++) {
      const connection = this.#target(source, index);
      if (connection === undefined || connection.closing !== undefined) {
        if (outcomes !== undefined) this.#noteGone(outcomes, index);
        continue;
      }
      if (outcomes !== undefined) outcomes[codec.targetId(index)] = Outcome.closed;
      this.#parts.effects.close(connection, CloseCause.origin, closeCode, closeReason);
    }
    this.#answer(source, options, outcomes);
  }

  #acknowledged(source: CommandSource): void {
    const [, stream, count, received] = this.#parts.codec.value();
    if (typeof stream !== "string" || !isCount(count)) {
      this.#refuse(source, "command-malformed", "ack without a stream and a count");
      return;
    }
    const got = isCount(received) ? received : undefined;
    this.#parts.effects.confirmed(source, stream, count, got);
  }

  /** The connection of target `index`, or undefined where there is none on this node. */
  #target(source: CommandSource, index: number): Connection | undefined {
    const { codec, registry, metrics } = this.#parts;
    const slot = codec.target(index);
    if (slot >= 0) return registry.get(slot);
    if (slot === Target.gone) {
      metrics.targetsGone.add(1);
      this.#note(source, "id-gone", `no connection has the id ${codec.targetId(index)}`, "info");
    } else if (slot === Target.malformed) {
      this.#refuse(source, "id-malformed", `not an id: ${codec.targetId(index)}`);
    } else if (source.reach === "local") {
      this.#forward(source, index);
    } else if (source.reach === "node") {
      this.#refuse(source, "id-foreign", `not of this node: ${codec.targetId(index)}`);
    }
    return undefined;
  }

  /** Sends the current item on to the node of target `index`, for that target alone. */
  #forward(source: CommandSource, index: number): void {
    const { codec, effects, metrics } = this.#parts;
    const id = codec.targetId(index);
    const [verb, , ...rest] = codec.value();
    metrics.forwarded.add(1);
    effects.forward(source.app, id.slice(0, id.indexOf(".")), [verb, id, ...rest]);
  }

  /** Ids of other nodes are answered by their nodes. */
  #noteGone(outcomes: Outcomes, index: number): void {
    const { codec } = this.#parts;
    const id = codec.targetId(index);
    // No id, and a key for which readers in JavaScript refuse the whole batch of the reply.
    if (id === "__proto__") return;
    if (codec.target(index) !== Target.foreign) outcomes[id] = Outcome.gone;
  }

  #answer(source: CommandSource, options: Options, outcomes: Outcomes | undefined): void {
    if (outcomes === undefined || Object.keys(outcomes).length === 0) return;
    this.#parts.effects.reply(source, options.ref, outcomes);
  }

  #options(): Options {
    const item = this.#parts.codec.value();
    const last = item[item.length - 1] as { ref?: unknown } | null | undefined;
    return { ref: last?.ref };
  }

  #flush(): void {
    for (const connection of this.#dirty) {
      connection.dirty = false;
      connection.socket.flush();
    }
    this.#dirty.length = 0;
  }

  #refuse(source: CommandSource, code: ErrorCode, message: string): void {
    this.#note(source, code, message, "warn");
  }

  #note(source: CommandSource, code: ErrorCode, message: string, level: LogLevel): void {
    this.#parts.metrics.error(code);
    this.#parts.logger.log(level, "command-refused", message, { code, topic: source.place });
  }
}
