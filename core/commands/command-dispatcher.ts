import { type ErrorCode, limits } from "../base/mod.ts";
import {
  Delivery,
  FanOut,
  Outcome,
  type OutgoingSizes,
  ReusableMessage,
  sizeFault,
} from "../groups/mod.ts";
import { type CommandSource, type GroupMessage, MessageKind, Verb } from "../ports/mod.ts";
import { type Acceptance, ReliableReceiver } from "../streams/mod.ts";
import { AnswerById, FlushTracker } from "./answers.ts";
import type {
  CommandApp,
  CommandCall,
  CommandContext,
  CommandDispatcherParts,
} from "./command-context.ts";
import { type CommandOptions, isExpired, noOptions, readOptions } from "./command-options.ts";
import { CommandTargets } from "./command-targets.ts";
import { ConnectionCommands } from "./connection-commands.ts";
import { GroupCommands } from "./group-commands.ts";
import { HandshakeCommands } from "./handshake-commands.ts";
import { MissingCommands } from "./missing-commands.ts";
import { QueryCommand } from "./query-command.ts";

/** `[`, which begins no MessagePack batch. */
const jsonFirstByte = 0x5b;

/** `send` is the hot path, and what is unknown was refused before. */
type CarriedVerb = Exclude<Verb, typeof Verb.unknown | typeof Verb.send>;

/**
 * Carries out command batches. Per target of a `send` it makes no object: ids resolve to slots
 * inside the codec, the message is encoded once, and each socket is flushed once a batch.
 */
export class CommandDispatcher {
  readonly #context: CommandContext;
  readonly #missing: MissingCommands;
  readonly #handshakes: HandshakeCommands;
  readonly #byVerb: Readonly<Record<CarriedVerb, (call: CommandCall) => void>>;

  constructor(parts: CommandDispatcherParts, sizes: OutgoingSizes) {
    const { clock, metrics, apps } = parts;
    const flushTracker = new FlushTracker(clock, parts.deflate !== undefined);
    const flushed = (): void => flushTracker.flushed();
    const delivery = new Delivery(clock, metrics, sizes.sendQueueBytesMax, flushed);
    const reply = (source: CommandSource, ref: unknown, result: unknown): void => {
      const { app, sender, json = false } = source;
      apps.get(app)?.router.answers.tell(sender, ["reply", ref ?? null, result], json);
    };
    this.#context = {
      parts,
      targets: new CommandTargets(parts),
      delivery,
      fanOut: new FanOut(delivery),
      flushTracker,
      message: new ReusableMessage(parts.deflate),
      reply,
      sizeFault: (bytes) => sizeFault(sizes, bytes),
      answerById: (source, ref) => {
        if (ref === undefined) return undefined;
        return new AnswerById((result) => reply(source, ref, result));
      },
    };
    this.#missing = new MissingCommands(clock, parts.logger);
    const groups = new GroupCommands(this.#context);
    const connections = new ConnectionCommands(this.#context);
    const handshakes = new HandshakeCommands(this.#context);
    this.#handshakes = handshakes;
    const query = new QueryCommand(this.#context);
    this.#byVerb = {
      [Verb.publish]: (call) => groups.publish(call),
      [Verb.join]: (call) => groups.join(call),
      [Verb.leave]: (call) => groups.leave(call),
      [Verb.close]: (call) => connections.close(call),
      [Verb.state]: (call) => connections.state(call),
      [Verb.renew]: (call) => connections.renew(call),
      [Verb.query]: (call) => query.query(call),
      [Verb.accept]: (call) => handshakes.accept(call),
      [Verb.reject]: (call) => handshakes.reject(call),
      [Verb.ack]: ({ app, source }) => this.#acknowledged(app, source),
    };
  }

  get fanOut(): FanOut {
    return this.#context.fanOut;
  }

  stop(): void {
    this.#context.flushTracker.stop();
  }

  /** Never throws: whatever is wrong with a batch is counted and logged. */
  execute(source: CommandSource, payload: Uint8Array): void {
    const { parts } = this.#context;
    const app = parts.apps.get(source.app);
    if (app === undefined) return;
    parts.metrics.batchesReceived.add(1);
    const error = parts.codec.commands.decode(payload);
    const json = payload[0] === jsonFirstByte;
    if (error === undefined) this.#batch(app, json ? { ...source, json } : source);
    else this.#refuse(source, error, "a batch cannot be read");
  }

  /** The bus dropped what came on a topic of commands. */
  refused(code: ErrorCode, topic: string): void {
    const { metrics, logger } = this.#context.parts;
    metrics.error(code);
    logger.log("warn", "command-refused", "what came on this topic is dropped", { code, topic });
  }

  /** One raw message for the members of a group. */
  message({ app: name, group, kind, payload }: GroupMessage): void {
    const { parts, message, fanOut } = this.#context;
    const app = parts.apps.get(name);
    if (app === undefined) return;
    const code =
      this.#context.sizeFault(payload.byteLength) ??
      (kind === MessageKind.binary || parts.codec.frames.validUtf8(payload)
        ? undefined
        : "message-not-utf8");
    if (code !== undefined) {
      parts.metrics.error(code);
      const fields = { code, group, bytes: payload.byteLength };
      parts.logger.log("warn", "command-refused", "a raw message to a group is dropped", fields);
      return;
    }
    parts.metrics.groupMessages.add(1);
    message.setBytes(kind, payload);
    fanOut.publish(app.groups, group, message);
    message.clear();
  }

  #batch(app: CommandApp, source: CommandSource): void {
    const { parts } = this.#context;
    const { codec } = parts;
    const stream = codec.commands.stream();
    let skip = 0;
    let count = 0;
    if (stream !== undefined) {
      const acceptance = this.#accept(app, source, stream);
      if (acceptance === undefined) return;
      const { gap, next } = acceptance;
      if (gap > 0) {
        parts.metrics.error("batch-gap");
        this.#missing.missed(source, stream, gap);
        app.acks.note(source.sender, ["ack", stream, next, next], source.json);
        return;
      }
      this.#missing.came(source, stream);
      skip = acceptance.skip;
      count = next;
    }
    while (codec.commands.nextItem()) {
      if (skip-- > 0) continue;
      this.#item(app, source);
    }
    if (stream !== undefined) app.acks.note(source.sender, ["ack", stream, count], source.json);
  }

  /** How a numbered batch stands in its stream; undefined where it is refused. */
  #accept(app: CommandApp, source: CommandSource, stream: string): Acceptance | undefined {
    const { codec } = this.#context.parts;
    if (source.sender.length > limits.senderCharsMax) {
      const most = `at most ${limits.senderCharsMax} characters`;
      this.#refuse(source, "batch-malformed", `a sender of numbered batches has ${most}`);
      return undefined;
    }
    const known = app.commandStreams.get(source.sender, stream);
    const receiver = known ?? new ReliableReceiver();
    const acceptance = receiver.accept(
      codec.commands.first(),
      codec.commands.items(),
      codec.commands.base(),
    );
    // A stream whose first batch was lost is remembered from that batch on.
    const isKept = known !== undefined || acceptance.gap > 0;
    if (isKept || app.commandStreams.add(source.sender, stream, receiver)) return acceptance;
    this.#refuse(source, "streams-full", "no room to remember the stream of a new sender");
    return undefined;
  }

  #item(app: CommandApp, source: CommandSource): void {
    const { codec, metrics } = this.#context.parts;
    const error = codec.commands.itemError();
    if (error !== undefined) {
      this.#refuse(source, error, `command ${codec.commands.verbName()} cannot be carried out`);
      // Whoever waits for it would wait in vain: a client must not pay for an origin's mistake.
      const verb = codec.commands.verb();
      if (verb === Verb.accept || verb === Verb.reject) this.#handshakes.malformed(app, source);
      return;
    }
    metrics.commands.add(1);
    const options = codec.commands.hasOptions()
      ? readOptions(codec.commands.options())
      : noOptions;
    if (options === undefined) {
      const { ref = null } = codec.commands.options();
      this.#refuse(
        source,
        "command-malformed",
        `the options of ${codec.commands.verbName()} are none`,
      );
      if (ref !== null) this.#replyError(source, ref, "command-malformed");
      return;
    }
    const verb = codec.commands.verb();
    // A broker's access rules speak of topics: a group's topic is for that group alone.
    if (source.scope === "group" && !this.#mayOnGroupTopic(source)) {
      this.#refuse(source, "group-name", `${codec.commands.verbName()} on the topic of a group`);
      if (options.ref !== undefined) this.#replyError(source, options.ref, "group-name");
      return;
    }
    if (verb === Verb.send) this.#send(source, options);
    else if (verb !== Verb.unknown) this.#byVerb[verb]({ app, source, options });
  }

  #replyError(source: CommandSource, ref: unknown, error: ErrorCode): void {
    this.#context.reply(source, ref, { node: this.#context.parts.node, error });
  }

  #mayOnGroupTopic({ group }: CommandSource): boolean {
    const { codec } = this.#context.parts;
    const verb = codec.commands.verb();
    return (verb === Verb.publish || verb === Verb.query) && codec.commands.group() === group;
  }

  #send(source: CommandSource, options: CommandOptions): void {
    const { parts, message, targets, delivery, flushTracker, answerById, sizeFault } =
      this.#context;
    const { codec, metrics, clock } = parts;
    const fault = sizeFault(codec.commands.dataLength());
    if (fault !== undefined) targets.refuseSize(source, fault, codec.commands.dataLength());
    const expired = options.ttl !== undefined && isExpired(options, clock.now());
    if (expired) metrics.error("message-expired");
    else message.set(codec.commands.dataKind(), codec.commands.dataLength(), codec.commands);
    const answer = answerById(source, options.ref);
    const count = codec.commands.targets();
    for (let index = 0; index < count; index++) {
      const connection = targets.find(source, index);
      if (connection === undefined) {
        if (answer !== undefined && targets.isOwn(index)) {
          answer.expect();
          answer.settle(codec.commands.targetId(index), Outcome.gone);
        }
        continue;
      }
      const outcome = fault ?? (expired ? Outcome.expired : delivery.send(connection, message));
      if (answer === undefined) continue;
      answer.expect();
      if (outcome === Outcome.sent) flushTracker.add(answer, connection);
      else answer.settle(connection.id, outcome);
    }
    message.clear();
    answer?.end();
  }

  #acknowledged(app: CommandApp, source: CommandSource): void {
    const [, stream, count, received] = this.#context.parts.codec.commands.value();
    if (typeof stream !== "string" || !isCount(count)) {
      this.#refuse(source, "command-malformed", "ack without a stream and a count");
      return;
    }
    app.router.acknowledge(source.sender, stream, count, isCount(received) ? received : undefined);
  }

  #refuse(source: CommandSource, code: ErrorCode, message: string): void {
    this.#context.targets.refuse(source, code, message);
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
