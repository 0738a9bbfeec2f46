import { type ErrorCode, limits } from "../base/mod.ts";
import type { FanOut, OutgoingSizes } from "../groups/mod.ts";
import { type CommandSource, type GroupMessage, type Span, Verb } from "../ports/mod.ts";
import { type Acceptance, type HandledRange, ReliableReceiver } from "../streams/mod.ts";
import type { CommandApp, CommandCall, CommandDependencies } from "./command-call.ts";
import { type CommandOptions, noOptions, readOptions } from "./command-options.ts";
import { CommandReplies } from "./command-replies.ts";
import { CommandTargets } from "./command-targets.ts";
import { ConnectionCommands } from "./connection-commands.ts";
import { GroupCommands } from "./group-commands.ts";
import { HandshakeCommands } from "./handshake-commands.ts";
import { MessageCommands } from "./message-commands.ts";
import { MissingCommands } from "./missing-commands.ts";
import { QueryCommand } from "./query-command.ts";

/** `[`, which begins no MessagePack batch. */
const jsonFirstByte = 0x5b;

/**
 * Items with an unknown verb are refused before. `send` is the hot path: it is called directly,
 * and makes no object.
 */
type OtherVerb = Exclude<Verb, typeof Verb.unknown | typeof Verb.send>;

export interface DispatcherOptions extends OutgoingSizes {
  readonly node: string;
}

/** Reads command batches, drops repeated items, and carries each further command out. */
export class CommandDispatcher {
  readonly #dependencies: CommandDependencies;
  readonly #replies: CommandReplies;
  readonly #targets: CommandTargets;
  readonly #missing: MissingCommands;
  readonly #messages: MessageCommands;
  readonly #handshakes: HandshakeCommands;
  readonly #byVerb: Readonly<Record<OtherVerb, (call: CommandCall) => void>>;

  constructor(dependencies: CommandDependencies, options: DispatcherOptions) {
    const { apps, clock, commands, logger } = dependencies;
    this.#dependencies = dependencies;
    this.#replies = new CommandReplies(options.node, apps);
    this.#targets = new CommandTargets(dependencies, this.#replies);
    this.#missing = new MissingCommands(clock, logger);
    this.#messages = new MessageCommands(dependencies, options, this.#targets, this.#replies);
    this.#handshakes = new HandshakeCommands(dependencies, this.#targets, this.#replies);
    const groups = new GroupCommands(commands, this.#targets);
    const connections = new ConnectionCommands(dependencies, this.#targets);
    const query = new QueryCommand(options.node, dependencies, this.#targets, this.#replies);
    this.#byVerb = {
      [Verb.publish]: (call) => this.#messages.publish(call),
      [Verb.join]: (call) => groups.join(call),
      [Verb.leave]: (call) => groups.leave(call),
      [Verb.close]: (call) => connections.close(call),
      [Verb.state]: (call) => connections.state(call),
      [Verb.renew]: (call) => connections.renew(call),
      [Verb.query]: (call) => {
        // When the query is answered, no message that was sent before it waits in this node.
        this.#messages.flush();
        query.query(call);
      },
      [Verb.accept]: (call) => this.#handshakes.accept(call),
      [Verb.reject]: (call) => this.#handshakes.reject(call),
      [Verb.ack]: (call) => this.#acknowledged(call),
    };
  }

  get fanOut(): FanOut {
    return this.#messages.fanOut;
  }

  stop(): void {
    this.#messages.stop();
  }

  /** Never throws: whatever is wrong with a batch is counted and logged. */
  execute(source: CommandSource, payload: Uint8Array): void {
    const { apps, commands, metrics } = this.#dependencies;
    const app = apps.get(source.app);
    if (app === undefined) return;
    metrics.batchesReceived.add(1);
    this.#messages.begin();
    app.acks.received(payload.byteLength);
    const error = commands.decode(payload);
    const json = payload[0] === jsonFirstByte;
    if (error === undefined) this.#batch(app, json ? { ...source, json } : source);
    else this.#targets.refuse(source, error, "a batch is malformed");
  }

  /** The bus dropped what came on a topic of commands. */
  refused(code: ErrorCode, topic: string): void {
    const { metrics, logger } = this.#dependencies;
    metrics.error(code);
    logger.log("warn", "command-refused", "a message on this topic is dropped", { code, topic });
  }

  /** A raw message for the members of a group came from the bus. */
  message(message: GroupMessage): void {
    const app = this.#dependencies.apps.get(message.app);
    if (app === undefined) return;
    const { tap } = this.#dependencies;
    if (tap?.isOpen === true) tap.message(message);
    this.#messages.begin();
    this.#messages.raw(app, message);
  }

  #batch(app: CommandApp, source: CommandSource): void {
    const { commands } = this.#dependencies;
    const stream = commands.stream();
    let skip = 0;
    let count = 0;
    if (stream !== undefined) {
      const acceptance = this.#accept(app, source, stream);
      if (acceptance === undefined) return;
      const { gap, next } = acceptance;
      if (gap > 0) {
        this.#dependencies.metrics.error("batch-gap");
        this.#missing.missed(source, stream, gap);
        app.acks.note(source.sender, ["ack", stream, next, next], source.json);
        return;
      }
      this.#missing.came(source, stream);
      skip = acceptance.skip;
      count = next;
    }
    for (let item = 0; commands.nextItem(); item++) {
      if (item < skip) continue;
      this.#targets.item = item;
      this.#item(app, source);
    }
    this.#targets.item = undefined;
    if (stream !== undefined) app.acks.note(source.sender, ["ack", stream, count], source.json);
  }

  /** Which items of a numbered batch are new in its stream; undefined if it is refused. */
  #accept(app: CommandApp, source: CommandSource, stream: string): Acceptance | undefined {
    const { commands } = this.#dependencies;
    if (source.sender.length > limits.senderCharsMax) {
      const allowed = `must have ${limits.senderCharsMax} characters at most`;
      const message = `the name of a sender of numbered batches ${allowed}`;
      this.#targets.refuse(source, "batch-malformed", message);
      return undefined;
    }
    const known = app.commandReceivers.get(source.sender, stream);
    const receiver = known ?? new ReliableReceiver();
    const acceptance = receiver.accept(
      commands.first(),
      commands.items(),
      commands.oldestAvailable(),
    );
    // If the first batch was lost, the stream is remembered when that batch comes.
    const isKept = known !== undefined || acceptance.gap > 0;
    if (isKept || app.commandReceivers.add(source.sender, stream, receiver)) return acceptance;
    const message = "the table of command streams is full: a new sender is refused";
    this.#targets.refuse(source, "streams-full", message);
    return undefined;
  }

  #item(app: CommandApp, from: CommandSource): void {
    const { commands, metrics } = this.#dependencies;
    const error = commands.itemError();
    if (error !== undefined) {
      this.#targets.refuse(from, error, `command ${commands.verbName()} cannot be carried out`);
      // The handshake ends at once: its client must not wait for an answer that never comes.
      const verb = commands.verb();
      if (verb === Verb.accept || verb === Verb.reject) this.#handshakes.malformed(app, from);
      return;
    }
    metrics.commands.add(1);
    const given = commands.hasOptions() ? commands.options() : noOptions.all;
    const options = given === noOptions.all ? noOptions : readOptions(given);
    const source = given.direct === true ? { ...from, direct: true } : from;
    if (options === undefined) {
      const { ref = null } = given;
      const message = `${commands.verbName()}: ttl and at must be numbers of 0 or more`;
      this.#targets.refuse(source, "command-malformed", message);
      if (ref !== null) this.#replies.sendOfNode(source, ref, { error: "command-malformed" });
      return;
    }
    const verb = commands.verb();
    // A broker's access rules are for topics: a group's topic is for that group alone.
    if (source.scope === "group" && !this.#mayOnGroupTopic(source)) {
      const message = `${commands.verbName()} is not allowed on the topic of a group`;
      this.#targets.refuse(source, "group-name", message);
      const { ref } = options;
      if (ref !== undefined) this.#replies.sendOfNode(source, ref, { error: "group-name" });
      return;
    }
    const { tap } = this.#dependencies;
    if (tap?.isOpen === true) tap.command(source, commands);
    // Without options there is no trace either: the hot path ends here.
    const span = options === noOptions ? undefined : this.#spanOf(options, source);
    if (verb === Verb.send) this.#messages.send(source, options);
    else if (verb !== Verb.unknown) this.#byVerb[verb]({ app, source, options });
    if (span !== undefined) this.#messages.endWithFlush(span);
  }

  /** The span of a command that its sender traces, and that concerns this node. */
  #spanOf({ all }: CommandOptions, { app, sender }: CommandSource): Span | undefined {
    const { commands, traces } = this.#dependencies;
    if (traces === undefined || all.trace === undefined || all.trace === null) return undefined;
    if (!this.#targets.hasOwn) return undefined;
    const verb = commands.verb();
    const isMessage = verb === Verb.send || verb === Verb.publish;
    const bytes = isMessage ? commands.dataLength() : 0;
    return traces.command(all.trace, { verb: commands.verbName(), app, sender, bytes });
  }

  #mayOnGroupTopic({ group }: CommandSource): boolean {
    const { commands } = this.#dependencies;
    const verb = commands.verb();
    return (verb === Verb.publish || verb === Verb.query) && commands.group() === group;
  }

  #acknowledged({ app, source }: CommandCall): void {
    const [, stream, count, received, beyond] = this.#dependencies.commands.value();
    if (typeof stream !== "string" || !isCount(count)) {
      this.#targets.refuse(source, "command-malformed", "ack: a stream and a count are required");
      return;
    }
    const missing = isCount(received) ? received : undefined;
    app.router.acknowledge(source.sender, ["ack", stream, count, missing, rangesOf(beyond)]);
  }
}

/** The ranges of handled items. Elements that are no ranges are left out. */
function rangesOf(given: unknown): HandledRange[] {
  if (!Array.isArray(given)) return [];
  return given.slice(0, limits.handledRangesMax).filter((range): range is HandledRange => {
    if (!Array.isArray(range)) return false;
    const [first, end] = range;
    return isCount(first) && isCount(end);
  });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
